"""The first look: what it sees, and that it stays small and harmless."""

import io
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest
from pypdf import PdfReader

from vigil import exploring
from vigil.records import Column, Contract

HOSTILE = "<script>alert('x')</script>"


def contract(*features: Column, task="binary") -> Contract:
    """Return a contract with these features."""
    target = Column("left", "number" if task == "regression" else "category", role="target")
    classes = () if task == "regression" else ("no", "yes")
    return Contract(1, task, (*features, target), classes, "yes" if task == "binary" else "")


FEATURES = (
    Column("plain", "number"),
    Column("known_after", "number"),
    Column("gap", "number"),
    Column(HOSTILE, "category"),
    Column("note", "text"),
)


def rows(count: int, seed: int = 1) -> pa.Table:
    """Draw rows with a leak, a gap, far values and repeated rows."""
    draw = np.random.default_rng(seed)
    left = draw.random(count) < 0.3
    plain = draw.normal(size=count).round(2)
    plain[:3] = 500.0
    gap = [None if lost else 1.0 * n for n, lost in enumerate(draw.random(count) < 0.2)]
    return pa.table(
        {
            "plain": plain,
            "known_after": np.where(left, 10.0, 0.0) + draw.normal(0, 0.5, count),
            "gap": pa.array(gap, pa.float64()),
            HOSTILE: draw.choice(["<b>one</b>", "two"], count),
            "note": [f"words {n}" for n in range(count)],
            "left": np.where(left, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def looked():
    """Return a first look at odd rows, the last ten of them repeated with another label."""
    table = rows(800)
    twin = table.slice(790)
    turned = pa.array(["no" if label == "yes" else "yes" for label in twin["left"].to_pylist()])
    twin = twin.set_column(twin.schema.get_field_index("left"), "left", turned)
    return exploring.study(pa.concat_tables([table, twin]), contract(*FEATURES))


def test_what_is_odd_is_seen(looked) -> None:
    """Leak, duplicates with another label, far values, gaps: each is found, and the plain column is not."""
    assert [name for name, _ in looked["leaks"]] == ["known_after"]
    assert looked["duplicates"] == {"rows": 10, "contradictory": 10}
    columns = {column["name"]: column for column in looked["columns"]}
    assert columns["plain"]["outliers"]["above"] == 3
    assert columns["plain"]["explains"] < 0.1
    assert looked["missing"][0]["columns"] == ["gap"]
    assert columns["gap"]["missing"] == looked["missing"][0]["rows"]


def test_the_target_by_group(looked) -> None:
    """Groups have their share of the positive class; together they are all labelled rows."""
    groups = next(c for c in looked["columns"] if c["name"] == "known_after")["by_group"]
    assert sum(group["rows"] for group in groups) == 810
    rates = [group["rate"] for group in groups]
    assert rates[0] < 0.1 < 0.9 < rates[-1]


def test_distributions_hold_every_row(looked) -> None:
    """Bars add up to the cells that are there."""
    for column in looked["columns"]:
        if column["bars"]:
            assert sum(count for _, count in column["bars"]) == column["count"]


def test_many_levels_are_counted() -> None:
    """The bars of a column with hundreds of levels are its most frequent ones, and its groups the same."""
    names = [*(["often"] * 300), *(["second"] * 200), *(f"rare {n}" for n in range(700))]
    table = pa.table({"street": names, "left": ["no", "yes"] * 600})
    (street, _) = exploring.study(table, contract(Column("street", "category")))["columns"]
    assert street["bars"][:2] == [["often", 300], ["second", 200]]
    assert street["bars"][-1] == ["(others)", 1200 - sum(count for _, count in street["bars"][:-1])]
    assert [(one["group"], one["rows"]) for one in street["by_group"][:2]] == [
        ("often", 300),
        ("second", 200),
    ]


def test_ranks_are_correlated() -> None:
    """A monotone curve has the correlation of a line, and a constant column none."""
    x = np.random.default_rng(2).normal(size=300)
    table = pa.table({"x": x, "y": np.exp(x), "k": np.ones(300), "left": ["no", "yes"] * 150})
    made = contract(*(Column(name, "number") for name in "xyk"))
    matrix = exploring.study(table, made)["correlations"]["matrix"]
    assert matrix[0][1] == 1.0
    assert matrix[0][2] is None


def test_the_page_is_one_harmless_file(looked) -> None:
    """Names and levels from the data are text in it, nothing is loaded, every tag is closed in order."""
    written = exploring.page(HOSTILE, looked)
    assert "<script" not in written
    assert "src=" not in written
    assert "href=" not in written
    parser = _Balanced()
    parser.feed(written)
    assert parser.open == []


def test_the_pdf_says_the_same(looked) -> None:
    """The PDF names what is odd, and every column."""
    text = " ".join(
        page.extract_text() for page in PdfReader(io.BytesIO(exploring.paper("demo", looked))).pages
    )
    words = " ".join(text.split())
    assert "known_after alone explains" in words
    assert "10 rows repeat the features" in words
    assert "note" in words


def test_size_does_not_follow_the_rows() -> None:
    """Twenty times the rows give a page of about the same size."""
    small, large = (
        len(exploring.page("p", exploring.study(rows(n), contract(*FEATURES)))) for n in (500, 10_000)
    )
    assert large < 1.3 * small


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_rows(count) -> None:
    """No rows, or one or two, give both documents."""
    looked = exploring.study(rows(3).slice(0, count), contract(*FEATURES))
    assert exploring.page("p", looked)
    assert exploring.paper("p", looked)


def test_values_as_target() -> None:
    """Regression shows means by group, and suspects a column that gives the value away."""
    x = np.random.default_rng(3).normal(size=900)
    table = pa.table({"x": x, "left": 3 * x})
    looked = exploring.study(table, contract(Column("x", "number"), task="regression"))
    assert looked["leaks"][0][0] == "x"
    assert looked["shown_rate"] == "mean of left"
    assert exploring.page("p", looked)


class _Balanced(HTMLParser):
    """Keeps the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, _attrs) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, _tag, _attrs) -> None:
        pass

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag
