from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from vigil import bundles
from vigil.bundles import writing
from vigil.bundles.naming import digest, identity
from vigil.bundles.writing import versions
from vigil.errors import BundleError

MANIFEST = {"model": "logistic", "task": "binary", "compiled": False}


def trained() -> LogisticRegression:
    """Return a small model."""
    x = np.arange(20.0)[:, None]
    return LogisticRegression().fit(x, (x[:, 0] > 8).astype(int))


def write(folder: Path, **more: Any) -> str:
    """Write the small model's bundle."""
    settings: dict[str, Any] = {"pipeline": trained(), "manifest": MANIFEST, "files": {"card.md": b"# card"}}
    return bundles.write(folder, **settings | more)


def forge(folder: Path, files: dict[str, bytes]) -> str:
    """Lay out a bundle by hand, all its checksums right."""
    digests = {file: digest(content) for file, content in files.items()}
    stated = json.dumps(MANIFEST | {"versions": versions(), "files": digests}).encode()
    name = identity(digests | {"manifest.json": digest(stated)})
    (folder / name).mkdir()
    for file, content in (files | {"manifest.json": stated}).items():
        (folder / name / file).write_bytes(content)
    return name


def test_what_is_written_opens_again(tmp_path: Path) -> None:
    """The pipeline answers as before, and the manifest says what was given."""
    name = write(tmp_path)
    again = bundles.open_pipeline(tmp_path, name)
    np.testing.assert_array_equal(again.coef_, trained().coef_)
    manifest = bundles.load_manifest(tmp_path, name)
    assert manifest["model"] == "logistic"
    assert set(manifest["files"]) == {"model.skops", "card.md"}
    assert manifest["versions"]["scikit-learn"]


def test_the_name_follows_from_the_content(tmp_path: Path) -> None:
    """Same content, same id, in any folder; another file or manifest, another id."""
    name = write(tmp_path / "a")
    assert name == write(tmp_path / "b")
    assert len(name) == 12
    others = {
        write(tmp_path, files={"card.md": b"# other"}),
        write(tmp_path, files={"cart.md": b"# card"}),
        write(tmp_path, manifest=MANIFEST | {"task": "x"}),
    }
    assert len(others | {name}) == 4


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    """A bundle that is there is kept as it is, and nothing lies about beside it."""
    name = write(tmp_path)
    before = (tmp_path / name / "card.md").stat()
    assert write(tmp_path) == name
    after = (tmp_path / name / "card.md").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("file", ["model.skops", "card.md", "manifest.json"])
def test_one_changed_byte_is_found_and_mended(tmp_path: Path, file: str) -> None:
    """Verifying names the file; writing again replaces the damaged bundle."""
    name = write(tmp_path)
    path = tmp_path / name / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for reader in (bundles.verify, bundles.open_pipeline):
        with pytest.raises(BundleError, match=file):
            reader(tmp_path, name)
    assert write(tmp_path) == name
    assert bundles.verify(tmp_path, name)["model"] == "logistic"
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("file", ["model.skops", "card.md", "manifest.json"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    """Half a bundle is no bundle."""
    name = write(tmp_path)
    (tmp_path / name / file).unlink()
    with pytest.raises(BundleError, match=file):
        bundles.verify(tmp_path, name)


def test_an_added_file_is_named(tmp_path: Path) -> None:
    """What the manifest does not list does not belong."""
    name = write(tmp_path)
    (tmp_path / name / "extra.py").write_text("")
    with pytest.raises(BundleError, match=r"extra\.py"):
        bundles.verify(tmp_path, name)


@pytest.mark.parametrize("name", ["../../etc", "", "ABCDEF123456", "0123456789ab/..", "0123456789a"])
def test_only_ids_are_looked_up(tmp_path: Path, name: str) -> None:
    """A name that is no id never becomes a path."""
    with pytest.raises(BundleError, match="not a release id"):
        bundles.load_manifest(tmp_path, name)


def test_a_manifest_cannot_point_elsewhere(tmp_path: Path) -> None:
    """A listed file must lie in the bundle's own folder."""
    (tmp_path / "secret").write_bytes(b"secret")
    name = forge(tmp_path, {"../secret": b"secret"})
    with pytest.raises(BundleError, match="not a file name"):
        bundles.verify(tmp_path, name)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 3, "versions": {}, "model": ""}'])
def test_a_manifest_that_is_none_is_said_so(tmp_path: Path, content: str) -> None:
    """Broken JSON and JSON of another kind end in words."""
    name = write(tmp_path)
    (tmp_path / name / "manifest.json").write_text(content)
    with pytest.raises(BundleError, match="not a manifest"):
        bundles.load_manifest(tmp_path, name)


def test_another_scikit_learn_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which version trained it and which is here."""
    stated = writing.versions() | {"scikit-learn": "0.24.2"}
    monkeypatch.setattr(writing, "versions", lambda: stated)
    name = write(tmp_path)
    with pytest.raises(BundleError, match=r"trained with scikit-learn 0\.24\.2"):
        bundles.open_pipeline(tmp_path, name)


class Homemade(LogisticRegression):
    """A type that nobody vetted."""


@pytest.mark.parametrize(
    "pipeline",
    [
        FunctionTransformer(lambda x: x),
        FunctionTransformer(print),
        FunctionTransformer(eval),
        FunctionTransformer(partial(eval, "1")),
        FunctionTransformer(partial(np.save, "file")),
        Homemade(),
    ],
    ids=["lambda", "builtin", "eval", "partial", "partial of a library", "own class"],
)
def test_what_could_run_code_is_not_stored(tmp_path: Path, pipeline: Any) -> None:
    """Refused at save time, and nothing is left behind."""
    with pytest.raises(BundleError, match=r"not trusted|cannot be stored"):
        write(tmp_path, pipeline=pipeline)
    assert list(tmp_path.iterdir()) == []


def test_a_forged_model_is_not_opened(tmp_path: Path) -> None:
    """A skops file with a stranger in it is refused even with all checksums right."""
    name = forge(tmp_path, {"model.skops": skops.io.dumps(FunctionTransformer(eval))})
    with pytest.raises(BundleError, match="not trusted"):
        bundles.open_pipeline(tmp_path, name)


def test_what_a_killed_write_left_is_swept_away(tmp_path: Path) -> None:
    """The next write of the same bundle leaves the bundle and nothing else."""
    name = write(tmp_path / "elsewhere")
    (tmp_path / f".{name}.abc").mkdir()
    (tmp_path / f".{name}.abc" / "model.skops").write_bytes(b"half")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {name, "elsewhere"}


def test_many_writers_agree(tmp_path: Path) -> None:
    """Writers of the same bundle at the same time all succeed, and one bundle stands."""
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda _: write(tmp_path), range(8)))
    assert len(names) == 1
    assert bundles.verify(tmp_path, names.pop())


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A file name that cannot be written ends in words, with no half bundle."""
    with pytest.raises(BundleError, match="cannot be written"):
        write(tmp_path, files={"x" * 300: b""})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    """The models folder must be one."""
    (tmp_path / "models").write_text("")
    with pytest.raises(BundleError, match="cannot be written"):
        write(tmp_path / "models")


def test_reading_a_manifest_needs_no_heavy_library(tmp_path: Path) -> None:
    """Verifying loads neither scikit-learn nor skops nor numpy."""
    name = write(tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\nfrom vigil import bundles\n"
        f"bundles.verify(Path({str(tmp_path)!r}), {name!r})\n"
        "print([m for m in ('sklearn', 'skops', 'pandas', 'scipy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
