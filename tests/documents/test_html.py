import re
import time
from html.parser import HTMLParser

import pytest

from tests.documents.cases import CASES, answers
from vigil import documents

_CACHE: dict[str, str] = {}
_VOID = {"meta", "br", "hr", "img", "link", "use", "path", "rect"}


def page(case: str) -> str:
    """Return one case's page, made once for all tests of this file."""
    if case not in _CACHE:
        _CACHE[case] = documents.build("report.html", answers(case)).decode()
    return _CACHE[case]


class _Reader(HTMLParser):
    """Reads a page: its words, its ids, what its tags refer to, which tags are open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [given[name] or "" for name in ("href", "src", "xlink:href", "action") if name in given]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("case", sorted(CASES))
def test_it_is_whole_and_asks_for_nothing(case: str) -> None:
    """Every tag is closed, no id stands twice, links lead to places on the page, and nothing is fetched."""
    reader = _Reader(page(case))
    assert not reader.open
    assert len(reader.ids) == len(set(reader.ids))
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)
    assert not {"script", "iframe", "link", "object", "img"} & set(reader.tags)
    assert not re.search(r"url\((?!#)|@import", page(case))


@pytest.mark.parametrize("case", sorted(CASES))
def test_nothing_unknown_is_printed(case: str) -> None:
    """No situation prints a None or a nan where a person reads."""
    text = re.sub(r"<pre>.*?</pre>|<style>.*?</style>", "", page(case), flags=re.DOTALL)
    assert "None" not in text
    assert not re.search(r"\bnan\b", text)


def test_it_says_what_the_pdf_says() -> None:
    """Chapters, verdict, faults and slices stand on the page as they do on paper."""
    text = " ".join(_Reader(page("broken_feed")).words)
    for expected in ("Since the last report", "--fix 40-sentinel-3f1c", "Fairness by gender", "four-fifths"):
        assert expected in text


def test_hostile_names_are_text() -> None:
    """Markup in names is no tag."""
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page("hostile")
    assert "<script" not in page("hostile")


def test_charts_are_drawings_with_words() -> None:
    """Each drawing has its sentence for readers that see none, and its letters are text."""
    drawings = re.findall(r"<svg[^>]*>", page("steady"))
    assert len(drawings) >= 6
    assert all('role="img"' in one and "aria-label=" in one for one in drawings)
    assert "alarm below 0.701" in page("steady")


@pytest.mark.parametrize("case", ["long", "busy", "wide"])
def test_large_histories_stay_small_and_quick(case: str) -> None:
    """Ten thousand batches, three hundred files or two hundred columns: at most 1 MB and 5 s."""
    began = time.process_time()
    assert len(page(case)) < 1_000_000
    assert time.process_time() - began < 5
