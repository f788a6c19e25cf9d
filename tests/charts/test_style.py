from itertools import pairwise

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.documents.cases import answers
from vigil import charts
from vigil.charts import style


@given(st.lists(st.floats(min_value=-1e3, max_value=1e3), min_size=1, max_size=5))
@settings(max_examples=60)
def test_spread_labels_keep_their_distance(heights: list[float]) -> None:
    """After spreading no two labels are nearer than the gap, nearly, and none has passed another."""
    placed = style.spread(heights, 10.0)
    order = sorted(range(len(heights)), key=heights.__getitem__)
    distances = [placed[b] - placed[a] for a, b in pairwise(order)]
    assert all(distance >= 9.5 for distance in distances)


def test_labels_with_room_stay() -> None:
    """Labels that do not collide are not moved."""
    assert style.spread([0.0, 50.0, 20.0], 10.0) == [0.0, 50.0, 20.0]


def test_the_machines_own_settings_do_not_matter() -> None:
    """Drawing changes no global setting, and another global setting changes no drawing."""
    with mpl.rc_context({"font.size": 33, "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        figure = charts.draw("roc", answers("steady"))
        assert dict(mpl.rcParams) == before
    assert figure is not None
    assert figure.axes[0].get_facecolor() != (1.0, 0.0, 0.0, 1.0)
    assert figure.axes[0].xaxis.label.get_fontsize() == pytest.approx(7.5)
