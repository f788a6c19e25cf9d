"""The distribution of a model's answers, as a profile like that of any other rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.profiles.measure import profile
from vigil.profiles.record import Profile
from vigil.records import Column

#: Names that no column of a user has.
ANSWER, PROBABILITY = "_vigil_answer", "_vigil_probability"


def of_answers(
    outcome: npt.NDArray[np.generic],
    probability: npt.NDArray[np.float64] | None,
    classes: Sequence[str],
) -> Profile:
    """Summarise n answers: codes into ``classes`` as a category, or values as numbers.

    The probability of a binary task, shape (n,), is a second column; those of many classes are left out.
    """
    import pyarrow as pa

    answers: Any = pa.array(outcome)
    if classes:
        answers = pa.array(classes, pa.string()).take(answers)
    table = pa.table({ANSWER: answers})
    columns = [Column(ANSWER, "category" if classes else "number")]
    if probability is not None and probability.ndim == 1:
        table = table.append_column(PROBABILITY, pa.array(probability, pa.float64()))
        columns.append(Column(PROBABILITY, "number"))
    return profile(table, columns)
