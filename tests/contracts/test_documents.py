"""One suite over every kind of document."""

import copy
from pathlib import PurePath

import pytest

from tests.documents.cases import answers
from vigil import documents

NAMES = documents.names()
SIGNATURES = {".pdf": b"%PDF-", ".png": b"\x89PNG", ".html": b"<!doctype html>"}


def test_the_documents_of_a_run_are_there() -> None:
    """A run has a report for paper and for screens, and a picture of its mistakes."""
    assert {"report.pdf", "report.html", "confusionmatrix.png"} <= set(NAMES)


def test_an_unknown_document_is_refused() -> None:
    """A name that no document has is a KeyError."""
    with pytest.raises(KeyError):
        documents.build("report.doc", {})


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_a_plain_file_name(name: str) -> None:
    """A document's name has no folder in it, and its ending tells what it is."""
    assert PurePath(name).name == name
    assert PurePath(name).suffix in SIGNATURES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ["degraded", "bare", "hostile"])
def test_every_situation_gives_a_document(name: str, case: str) -> None:
    """Each situation gives bytes of the promised kind, and leaves the answers alone."""
    returns = answers(case)
    before = copy.deepcopy(returns)
    assert documents.build(name, returns).startswith(SIGNATURES[PurePath(name).suffix])
    assert returns == before


@pytest.mark.parametrize("name", NAMES)
def test_no_answers_at_all_still_give_a_document(name: str) -> None:
    """An empty object is no reason to stop."""
    assert documents.build(name, {}).startswith(SIGNATURES[PurePath(name).suffix])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_answers_give_the_same_bytes(name: str) -> None:
    """Built twice, a document is equal byte for byte."""
    assert documents.build(name, answers("first")) == documents.build(name, answers("first"))
