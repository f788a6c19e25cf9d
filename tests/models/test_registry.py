from __future__ import annotations

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
