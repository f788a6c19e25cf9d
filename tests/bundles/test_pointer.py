from __future__ import annotations

from pathlib import Path

import pytest

from vigil.bundles import pointer
from vigil.errors import BundleError


def test_it_reads_back_what_was_written(tmp_path: Path) -> None:
    """Release and previous survive, and nothing is left beside the file."""
    folder = tmp_path / "production"
    pointer.write(folder, "abc123", None)
    pointer.write(folder, "def456", "abc123")
    assert pointer.read(folder) == pointer.Pointer("def456", "abc123")
    assert [path.name for path in folder.iterdir()] == [pointer.NAME]


def test_no_pointer_is_none(tmp_path: Path) -> None:
    """Neither an empty folder nor an absent one is an error."""
    assert pointer.read(tmp_path) is None
    assert pointer.read(tmp_path / "absent") is None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"release": "a"}', '{"release": 5, "previous": null}',
     '{"release": "../x", "previous": null}', '{"release": "", "previous": null}',
     '{"release": "a", "previous": "a/b"}', "\xff\xfe"],
)  # fmt: skip
def test_a_damaged_pointer_is_an_error_with_a_hint(tmp_path: Path, content: str) -> None:
    """Whatever is wrong with the file, a person reads what and what to do."""
    (tmp_path / pointer.NAME).write_bytes(content.encode("latin-1"))
    with pytest.raises(BundleError) as caught:
        pointer.read(tmp_path)
    assert caught.value.hint
