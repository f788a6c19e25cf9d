import io
import subprocess
import sys
import time

import pytest
from pypdf import PdfReader

from tests.documents.cases import CASES, answers
from vigil import documents

_CACHE: dict[str, bytes] = {}
_SECONDS: dict[str, float] = {}


def report(case: str) -> PdfReader:
    """Return one case's report, made once for all tests of this file."""
    if case not in _CACHE:
        returns, began = answers(case), time.process_time()
        _CACHE[case] = documents.build("report.pdf", returns)
        _SECONDS[case] = time.process_time() - began
    return PdfReader(io.BytesIO(_CACHE[case]))


def words(case: str) -> str:
    """Return the report's text, blanks and line ends alike."""
    return " ".join(" ".join(page.extract_text() for page in report(case).pages).split())


@pytest.mark.parametrize(
    ("case", "headline"),
    [
        ("steady", "No sign that the model has become worse"),
        ("degraded", "The model has become worse"),
        ("promoted", "The model was replaced by a better one"), ("no_skill", "No model is deployed"),
        ("insufficient", "There is not enough data for a verdict"), ("bare", "No model is deployed"),
    ],
)  # fmt: skip
def test_the_verdict_is_in_the_first_ten_lines(case: str, headline: str) -> None:
    """Title, run, date, verdict and what happened stand in the first ten lines of the first page."""
    lines = [line for line in report(case).pages[0].extract_text().splitlines() if line.strip()][:10]
    top = "\n".join(lines)
    assert "attrition" in lines[0]
    assert "Run " in lines[1]
    assert headline in top
    assert "What happened" in top


def test_chapters_come_in_order() -> None:
    """The outline lists the chapters in the order in which a reader needs them."""
    titles = [entry.title for entry in report("degraded").outline if not isinstance(entry, list)]
    assert titles == [
        "Score over time", "Where the model errs", "Decisions", "Evidence", "What arrived", "Data quality",
        "Releases", "The last runs", "Timings", "Packages", "Appendix: the numbers behind the charts",
        "Appendix: what the service answered",
    ]  # fmt: skip


@pytest.mark.parametrize("case", ["steady", "hostile", "empty"])
def test_every_page_counts_itself(case: str) -> None:
    """The foot of each page names it and the number of all pages."""
    pages = report(case).pages
    for number, page in enumerate(pages, start=1):
        text = " ".join(page.extract_text().split())
        assert f"Page {number} of" in text
        assert str(len(pages)) in text.split(f"Page {number} of")[1][:12]


def test_the_first_page_is_for_everybody() -> None:
    """The first page alone has the verdict, what to do and how soon, and what is new."""
    text = " ".join(report("refused").pages[0].extract_text().split())
    for expected in ("What to do next", "Since the last report", "Run 3, 2026-11-23 14:00", "To do", "Now"):
        assert expected in text
    text = " ".join(report("broken_feed").pages[0].extract_text().split())
    assert "Faults in the feed none sentinel in batch_0040.csv" in text
    assert "Drifting columns none salary" in text


def test_a_broken_feed_has_its_command() -> None:
    """A fault stands with its confidence, what happened, and what a person types."""
    text = words("broken_feed")
    for expected in (
        "Faults in the feed",
        "98.0 %",
        "read -999",
        "--fix 40-sentinel-3f1c",
        "stuck (repaired)",
    ):
        assert expected in text


def test_why_where_and_whom() -> None:
    """Why the score moved, the slices that are worse, and how sensitive groups fare are all told."""
    text = words("broken_feed")
    for expected in (
        "covariate shift", "salary: up to 0", "Fairness by gender", "Disparate impact: 0.770", "four-fifths",
        "drift that lasts, since batch_0038.csv",
    ):  # fmt: skip
        assert expected in text


def test_what_is_held_back_is_told() -> None:
    """A pause and a probation are told, the pause on the first page."""
    assert "Training is paused since 23 November 2026" in report("promoted").pages[0].extract_text()
    assert "On 2 batches of 5" in words("promoted")


def test_labels_that_come_late() -> None:
    """An estimate stands in for the score, and the rows that wait are told."""
    text = words("waiting")
    for expected in ("≈ 0.731", "0.710 to 0.752", "Rows that wait for labels", "31.0 % within 7 days"):
        assert expected in text


def test_refusals_and_faults_are_told() -> None:
    """A refused file is named with its reason, and the first faults with line, value and rule."""
    text = words("refused")
    for expected in (
        "june.csv",
        "refused",
        "97\xa0% of the rows break",
        "Slaes",
        "is not a known level",
        "871",
    ):
        assert expected.replace("\xa0", " ") in text.replace("\xa0", " ")


def test_decisions_show_their_numbers() -> None:
    """The gate's numbers stand under its reason."""
    text = words("degraded")
    for expected in ("the champion stays", "0.663", "−0.011", "61"):
        assert expected in text


def test_a_regression_has_residuals() -> None:
    """A regression's report shows residuals and errors, and no ROC curve."""
    text = words("regression")
    assert "residual" in text
    assert "Root mean square" in text
    assert "ROC" not in text


def test_wide_tables_are_bounded() -> None:
    """Of two hundred columns forty are shown, and the report says how many are not."""
    text = words("wide")
    assert "measure_039" in text
    assert "… 160 more columns" in text


def test_hostile_names_are_text() -> None:
    """Markup in names is printed as it is, and no name breaks the layout."""
    text = words("hostile")
    assert "<script>alert(1)</script>" in text.replace(" ", "")
    assert "<b>may & june</b>.csv" in text
    assert "⟨U+1F680⟩ rocket" in text


def test_no_active_content() -> None:
    """The file holds no script, no action on opening, no link."""
    report("hostile")
    for token in (b"/JavaScript", b"/JS", b"/OpenAction", b"/URI", b"/Launch"):
        assert token not in _CACHE["hostile"]


def test_charts_are_drawings_with_text() -> None:
    """Charts are no pictures: the pages hold no image, and the charts' text can be searched."""
    assert not any(page.images for page in report("steady").pages)
    assert "alarm below 0.701" in words("steady")
    assert "AUC 0.843" in words("steady")


@pytest.mark.parametrize("case", ["long", "busy", "wide"])
def test_large_histories_stay_small_and_quick(case: str) -> None:
    """Ten thousand batches, three hundred files or two hundred columns: at most 1 MB, 5 s and 12 pages."""
    assert len(report(case).pages) <= 12
    assert len(_CACHE[case]) < 1_000_000
    assert _SECONDS[case] < 5


@pytest.mark.parametrize("case", sorted(CASES))
def test_nothing_unknown_is_printed(case: str) -> None:
    """No situation prints a None or a nan."""
    text = words(case)
    assert "None" not in text
    assert " nan" not in text


def test_another_process_makes_the_same_bytes() -> None:
    """A new process with another hash seed makes the same file."""
    program = (
        "import sys; from tests.documents.cases import answers; from vigil import documents;"
        "sys.stdout.buffer.write(documents.build('report.pdf', answers('degraded')))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program],
        check=True, capture_output=True, timeout=60, env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )  # fmt: skip
    report("degraded")
    assert made.stdout == _CACHE["degraded"]
