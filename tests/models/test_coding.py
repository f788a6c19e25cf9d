from __future__ import annotations

import numpy as np

from vigil.models.coding import code_order, encode
from vigil.records import Column, Contract

COLUMNS = (Column("y", "category", role="target"),)


def test_the_positive_class_is_code_one() -> None:
    """Whichever side of the alphabet it is on."""
    for positive, order in (("no", ("yes", "no")), ("yes", ("no", "yes"))):
        contract = Contract(1, "binary", COLUMNS, ("no", "yes"), positive)
        assert code_order(contract) == order


def test_many_classes_keep_the_contract_order() -> None:
    """Codes follow the sorted classes."""
    contract = Contract(1, "multiclass", COLUMNS, ("a", "b", "c"))
    assert code_order(contract) == ("a", "b", "c")


def test_labels_without_a_code_are_minus_one() -> None:
    """Missing and unknown labels can be told from class 0."""
    labels = np.array(["yes", None, "no", "maybe"], dtype=object)
    assert encode(labels, ("no", "yes")).tolist() == [1, -1, 0, -1]
