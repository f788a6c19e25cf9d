import matplotlib as mpl
import pytest

from tests.documents.cases import answers
from vigil import charts
from vigil.charts import paper


def test_the_machines_own_settings_do_not_matter() -> None:
    """Drawing changes no global setting, and another global setting changes no drawing."""
    with mpl.rc_context({"font.size": 33, "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        found = charts.draw("roc", answers("steady"))
        assert found is not None
        figure = paper.figure(found)
        assert dict(mpl.rcParams) == before
    assert figure.axes[0].get_facecolor() != (1.0, 0.0, 0.0, 1.0)
    assert figure.axes[0].texts[0].get_fontsize() == pytest.approx(11 * 6.69 / 720 * 72)
