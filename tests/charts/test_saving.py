import subprocess
import sys

from matplotlib.figure import Figure

from tests.documents.cases import answers
from vigil import charts
from vigil.charts import paper, saving


def _drawn(name: str = "roc") -> Figure:
    """Return one chart of the quiet project."""
    found = charts.draw(name, answers("steady"))
    assert found is not None
    return paper.figure(found)


def test_each_format_is_what_it_says() -> None:
    """The bytes begin as a PDF and a PNG begin."""
    assert saving.to_pdf([_drawn()]).startswith(b"%PDF-")
    assert saving.to_png(_drawn()).startswith(b"\x89PNG")


def test_the_same_chart_gives_the_same_bytes() -> None:
    """Two drawings of the same answers are equal byte for byte in every format."""
    assert saving.to_pdf([_drawn(), _drawn("scores")]) == saving.to_pdf([_drawn(), _drawn("scores")])
    assert saving.to_png(_drawn()) == saving.to_png(_drawn())


def test_no_date_is_written() -> None:
    """A PDF of charts holds no creation date."""
    assert b"CreationDate" not in saving.to_pdf([_drawn()])


def test_nothing_draws_on_a_screen() -> None:
    """Drawing and saving never load pyplot, which keeps figures alive and looks for a display."""
    program = (
        "import sys; from tests.documents.cases import answers; from vigil import charts;"
        "from vigil.charts.saving import to_pdf, to_png;"
        "from vigil.charts import paper;"
        "found = [paper.figure(f) for n in charts.names() if (f := charts.draw(n, answers('degraded')))];"
        "to_pdf(found); to_png(found[0]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
