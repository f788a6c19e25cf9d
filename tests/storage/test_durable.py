"""Writes that are whole or absent."""

import os
import stat
from pathlib import Path

import pytest

from vigil.storage.durable import sweep, write_atomic


def test_a_file_is_replaced_and_nothing_is_left_over(tmp_path: Path) -> None:
    """The new content stands alone in the folder, which is made when it is missing."""
    path = tmp_path / "deep" / "x.json"
    write_atomic(path, b"old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["x.json"]


def test_a_failed_write_keeps_the_old_content(tmp_path: Path) -> None:
    """When the bytes cannot be written, the file is as it was and nothing is left over."""
    path = tmp_path / "x.json"
    write_atomic(path, b"old")
    with pytest.raises(TypeError):
        write_atomic(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_readers_never_see_half(tmp_path: Path) -> None:
    """A reader that has the old file open reads all of the old content."""
    path = tmp_path / "x.json"
    write_atomic(path, b"old")
    with path.open("rb") as reader:
        write_atomic(path, b"something longer")
        assert reader.read() == b"old"
        assert stat.S_ISREG(os.fstat(reader.fileno()).st_mode)


def test_what_was_written_aside_is_swept(tmp_path: Path) -> None:
    """What killed writers leave goes, folders too; a person's own files stay, hidden ones included."""
    aside = [".x.json.123", f".part-{'a' * 36}.zstd.parquet", f"{3:020}.json#1"]
    kept = [".gitkeep", ".env", "x.json", f"part-{'a' * 36}.zstd.parquet", f"{3:020}.json", ".a.b"]
    for name in aside + kept:
        (tmp_path / name).write_text("x")
    (tmp_path / ".0123456789ab.k3jd_9sa").mkdir()
    (tmp_path / ".0123456789ab.k3jd_9sa" / "model.skops").write_text("x")
    (tmp_path / ".git").mkdir()
    gone = sweep([tmp_path, tmp_path / "none"])
    assert sorted(path.name for path in gone) == sorted([*aside, ".0123456789ab.k3jd_9sa"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, ".git"])
