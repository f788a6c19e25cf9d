from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vigil.errors import BundleError
from vigil.serving import Compiled
from vigil.serving.additive import Additive, Knots, Table
from vigil.serving.readers import Levels

HEAVY = ("sklearn", "pandas", "pyarrow", "scipy", "matplotlib", "skops")


def model() -> Compiled:
    """Return a small additive model of two classes."""
    curve = Knots("x", np.array([0.0, 1.0]), np.array([[-2.0], [2.0]]))
    table = Table(Levels.of("c", ("a",)), np.array([[0.5], [0.0], [0.0]]))
    return Compiled(
        shape=Additive.of(np.array([0.0]), [curve, table]),
        task="binary",
        classes=("no", "yes"),
        outputs=(0, 1),
        link="logit",
        calibration={"method": "platt", "a": 1.5, "b": -0.25},
        threshold=0.4,
    )


def store(folder: Path) -> None:
    """Write the model's files."""
    for name, content in model().files().items():
        (folder / name).write_bytes(content)


def test_loads_what_was_stored(tmp_path: Path) -> None:
    """Answers, levels and labels survive the round trip."""
    store(tmp_path)
    again = Compiled.load(tmp_path)
    columns = {"x": np.array([0.1, 0.9, np.nan]), "c": np.array(["a", "b", None], dtype=object)}
    np.testing.assert_array_equal(again.predict(columns).probability, model().predict(columns).probability)
    assert again.predict(columns).outcome.tolist() == [0, 1, 1]
    assert again.levels == {"c": ("a",)}
    assert again.classes == ("no", "yes")


def test_the_same_model_gives_the_same_bytes() -> None:
    """Nothing of when or where it was written is in the files."""
    assert model().files() == model().files()


def test_answering_loads_no_heavy_library(tmp_path: Path) -> None:
    """A process that loads and predicts has numpy only."""
    store(tmp_path)
    code = (
        "import sys, numpy as np\nfrom pathlib import Path\nfrom vigil.serving import Compiled\n"
        f"model = Compiled.load(Path({str(tmp_path)!r}))\n"
        "model.predict({'x': np.array([0.5]), 'c': np.array(['a'], dtype=object)})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["compiled.json", "compiled.npz"])
@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04 cut short", b"\x80\x04\x95"])
def test_damage_is_said_in_words(tmp_path: Path, name: str, content: bytes) -> None:
    """A damaged file is a BundleError that names the folder."""
    store(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BundleError, match=tmp_path.name):
        Compiled.load(tmp_path)


def test_absence_is_said_in_words(tmp_path: Path) -> None:
    """A missing file is a BundleError."""
    with pytest.raises(BundleError, match="cannot be read"):
        Compiled.load(tmp_path)


def test_no_rows_are_no_fault() -> None:
    """Nothing asked, nothing answered."""
    none = {"x": np.array([]), "c": np.array([], dtype=object)}
    assert model().predict(none).outcome.shape == (0,)
