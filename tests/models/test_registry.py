from __future__ import annotations

import re
import subprocess
import sys

import pytest

from vigil.errors import VigilError
from vigil.models import registry


def test_types_are_found_by_their_files() -> None:
    """Each file in the folder is a type."""
    assert registry.names() == ("boosting", "forest", "logistic")


def test_auto_asks_for_all() -> None:
    """One name gives one type, auto gives every one."""
    assert registry.chosen("auto") == registry.names()
    assert registry.chosen("forest") == ("forest",)


def test_a_wrong_name_gets_a_hint() -> None:
    """A near miss is answered with the name that was meant."""
    with pytest.raises(VigilError, match="Did you mean 'logistic'"):
        registry.chosen("logistik")
    with pytest.raises(VigilError, match="Choose from: auto, boosting"):
        registry.get("zzz")


def test_importing_the_room_is_light() -> None:
    """The room's front door loads neither scikit-learn nor pandas."""
    code = "import sys, vigil.models; print([m for m in ('sklearn', 'pandas', 'skops') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_config_sets_what_a_type_takes() -> None:
    """Settings by type, the usual ones left out."""
    given = {"logistic": {"penalty": 0.1, "knots": 8}, "boosting": {"levels_in_groups": 1}}
    assert registry.configured(given) == {"logistic": {"penalty": 0.1}, "boosting": {"levels_in_groups": 1}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"logstic": {}}, "Did you mean 'logistic'"),
        ({"auto": {"trees": 100}}, "'auto' stands for all model types.* Name one of them: boosting"),
        ({"forest": {"trees": 100}}, "model forest: cannot be set: trees.* It takes: leaves"),
        ({"boosting": {"trees": 1e9}}, "cannot be set: trees.*trees .40 to 400."),
        ({"boosting": {"trees": "100"}}, "cannot be set: trees"),
        ({"boosting": {"levels_in_groups": True}}, "cannot be set: levels_in_groups"),
    ],
)
def test_what_a_type_does_not_take_is_refused(given: dict[str, dict[str, float]], words: str) -> None:
    """The message says what there is to set, and within which limits."""
    with pytest.raises(VigilError) as caught:
        registry.configured(given)
    assert re.search(words, str(caught.value).replace("\n", " "))


def test_asking_for_a_types_settings_is_light() -> None:
    """They are checked wherever a project is opened, also by the service: no training library comes in."""
    code = (
        "import sys; from vigil.models import registry, names; [registry.get(n).SPACE for n in names()];"
        "print([m for m in ('sklearn', 'pandas', 'skops') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
