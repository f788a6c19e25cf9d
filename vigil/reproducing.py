"""A release rebuilt from its snapshot in a clean folder, and compared with what is deployed, byte by byte.

The manifest of a release names what it was made of: its files by digest, the version of the contract,
the holdout, the seed. The rows of those files are copied out of the project's table into a project of
their own, which knows nothing else, and the same training is run there. A vote of past releases was not
trained: it is put together again of its members, each of which can be rebuilt by itself.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from vigil import bundles, contract
from vigil.candidates import Recipe
from vigil.command import print_json
from vigil.config import FOLDERS
from vigil.contract.files import VERSIONS
from vigil.errors import VigilError
from vigil.models import voting
from vigil.project import Project
from vigil.records import ORDER_COLUMN, Batch


class Train(Protocol):
    """Trains one recipe on a project's rows up to a batch, and returns the bundles' ids."""

    def __call__(self, project: Project, through: Batch, *, recipe: Recipe) -> Sequence[str]:
        """Train."""


_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A release and what came of rebuilding it; ``differences`` is empty when every byte is the same."""

    release: str
    rebuilt: str
    files: int
    size_bytes: int
    differences: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether the rebuilt bundle has the same files with the same bytes."""
        return not self.differences

    @property
    def words(self) -> str:
        """What a person reads of it."""
        if self.identical:
            return f"release {self.release}: identical. {self.files} files, {self.size_bytes:,} bytes."
        listed = "".join(f"\n  {difference}" for difference in self.differences)
        return f"release {self.release}: rebuilt as {self.rebuilt}; different are:{listed}"


def command(project: Project, options: argparse.Namespace, train: Train) -> int:
    """Rebuild the release that ``options.reproduce`` names and say what came of it; 1 when it differs."""
    found = reproduce(project, options.reproduce, train)
    if options.json:
        print_json(asdict(found) | {"identical": found.identical})
    project.console.say(found.words)
    return 0 if found.identical else 1


def reproduce(project: Project, release: str, train: Train) -> Reproduction:
    """Rebuild a release from its snapshot in a clean folder, and compare; a vote, from its members.

    The project itself is only read. Raises BundleError when there is no such release, VigilError when
    its snapshot is not in the table any more or cannot be trained on, or when a member is not there.
    """
    manifest = bundles.load_manifest(project.models, release)
    if manifest["model"] == voting.KIND:
        return _vote(project, release, manifest)
    if "snapshot" not in manifest:
        raise VigilError("does not say what it was trained on.", where=f"release {release}")
    with tempfile.TemporaryDirectory(prefix="vigil-reproduce-") as folder:
        clean = _clean_project(project, manifest, Path(folder))
        try:
            through = _restore_rows(project, clean, manifest["snapshot"]["files"])
            made = train(clean, through, recipe=_recipe(manifest))
        finally:
            clean.close()
        if len(made) != 1:
            hint = "What training said stands above."
            raise VigilError("could not be trained again.", where=f"release {release}", hint=hint)
        return compared(project.models / release, clean.models / made[0])


def _recipe(manifest: dict[str, Any]) -> Recipe:
    """Return how a release was made: what a search found is in its manifest, and not looked for again."""
    half_life = manifest["snapshot"].get("half_life")
    return Recipe(manifest["model"], half_life=half_life, settings=manifest.get("settings", {}))


def _vote(project: Project, release: str, manifest: dict[str, Any]) -> Reproduction:
    """Put a vote together again, of its members' compiled forms and its own weights."""
    weights: dict[str, float] = manifest["params"]["members"]
    members = sorted(weights, key=lambda member: (_through(project, release, member), member))
    with tempfile.TemporaryDirectory(prefix="vigil-reproduce-") as folder:
        clean = Path(folder)
        for member in members:
            shutil.copytree(project.models / member, clean / member)
        made, _ = voting.pack(
            clean,
            members,
            [weights[member] for member in members],
            calibration=manifest["calibration"],
            threshold=manifest["threshold"],
        )
        return compared(project.models / release, clean / made)


def _through(project: Project, release: str, member: str) -> int:
    """Return the newest batch that a member was trained on. Raises VigilError when it is not there."""
    row = project.ledger.releases.get(member)
    if row is None or not (project.models / member).is_dir():
        hint = "Restore its folder from a backup."
        raise VigilError(f"its member {member} is not there.", where=f"release {release}", hint=hint)
    through: int = row["through"]
    return through


def compared(release: Path, rebuilt: Path) -> Reproduction:
    """Compare two bundles file by file, and JSON files field by field."""
    found = tuple(_differences(release, rebuilt))
    names = sorted(path.name for path in rebuilt.iterdir())
    size = sum((rebuilt / name).stat().st_size for name in names)
    return Reproduction(release.name, rebuilt.name, len(names), size, found)


def _clean_project(project: Project, manifest: dict[str, Any], folder: Path) -> Project:
    """Open a project in an empty folder with the settings and the contract that the release was made with."""
    snapshot = manifest["snapshot"]
    settings = project.config.model_dump(mode="json") | {
        **FOLDERS,
        "test_data_path": str(project.test_data) if project.test_data else None,
        "ledger": "sqlite:///ledger.db",
        "storage": None,
        "model": manifest["model"],
        "metric": manifest["metric"],
        "seed": manifest["seed"],
        "holdout": snapshot["holdout"],
    }
    path = folder / "config.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    clean = Project(path, clock=project.clock, console=project.console)
    _restore_contract(project, clean, snapshot["contract"])
    return clean


def _restore_contract(project: Project, clean: Project, version: int) -> None:
    """Put one version of the contract in force. Raises VigilError when it is not kept."""
    kept = project.output / VERSIONS / f"v{version:04d}.json"
    if not kept.is_file():
        raise VigilError(f"version {version} of the contract is not kept.", where=str(kept))
    copy = clean.output / VERSIONS / kept.name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(kept.read_bytes())
    contract.refresh(clean.output)


def _restore_rows(project: Project, clean: Project, files: Sequence[dict[str, str]]) -> Batch:
    """Copy the rows of the snapshot's files, in its order; return the last batch."""
    last = None
    for order, file in enumerate(files, start=1):
        batch = project.ledger.batches.by_digest(file["sha256"])
        if batch is None or not project.table.has(file["sha256"]):
            hint = "Put the file back into the input folder, and run: python fullprocess.py"
            raise VigilError(f"the rows of {file['name']} are not in the table.", where="snapshot", hint=hint)
        last = replace(batch, order=order)
        clean.table.append(_renumbered(project.table.batch(batch.order), order), [batch.digest])
        kept = project.ledger.batches.profiles(only=batch.id)[0]
        clean.ledger.batches.add_pending(last, run=0, profile=kept)
        clean.ledger.batches.settle([last.id])
    if last is None:
        raise VigilError("names no file.", where="snapshot")
    return last


def _renumbered(rows: pa.Table, order: int) -> pa.Table:
    """Return a batch's rows in another place in the order."""
    orders = pa.repeat(pa.scalar(order, pa.int64()), rows.num_rows)
    return rows.set_column(rows.schema.get_field_index(ORDER_COLUMN), ORDER_COLUMN, orders)


def _differences(release: Path, rebuilt: Path) -> Iterator[str]:
    """Say what differs between two folders of files."""
    olds, news = ({path.name for path in folder.iterdir()} for folder in (release, rebuilt))
    yield from (f"{name}: only in the release" for name in sorted(olds - news))
    yield from (f"{name}: only in the rebuilt one" for name in sorted(news - olds))
    for name in sorted(olds & news):
        old, new = (release / name).read_bytes(), (rebuilt / name).read_bytes()
        if old != new:
            yield from _file_differences(name, old, new)


def _file_differences(name: str, old: bytes, new: bytes) -> Iterator[str]:
    """Say what differs between two files that are not the same: the fields of JSON, else the place."""
    try:
        before, after = json.loads(old), json.loads(new)
    except ValueError:
        pairs = enumerate(zip(old, new, strict=False))
        place = next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))
        yield f"{name}: from byte {place:,} on; {len(old):,} bytes in the release, {len(new):,} rebuilt"
        return
    found = list(_field_differences("", before, after)) or ["the same fields, written differently"]
    yield from (f"{name}: {words}" for words in found)


def _field_differences(path: str, old: Any, new: Any) -> Iterator[str]:
    """Walk two JSON values, and say where they part."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inner = f"{path}.{key}" if path else key
            yield from _field_differences(inner, old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from _field_differences(f"{path}[{place}]", a, b)
    elif old is _ABSENT or new is _ABSENT or old != new:
        yield f"{path}: {_shown(old)} in the release, {_shown(new)} rebuilt"


def _shown(value: Any) -> str:
    """Write a JSON value, briefly."""
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
