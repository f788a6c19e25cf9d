"""A small project whose two ticks meet everything, and its state as one value to compare."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import sqlalchemy as sa

HEADER = "customer,visits,spend,age,left\n"
#: Columns that say when and in which run; a run that was cut off and one that was not differ in them.
_WHEN = {"run", "at", "created", "live_since", "opened_at", "closed_at"}
_TABLES = ("batches", "files", "releases", "scores", "decisions", "incidents", "alerts", "outbox")
#: Decisions by a person are named after their run.
_RUN = re.compile(r"run-\d+")
_ERASED = '"kind": "erase"'
_LIVE = ("out", "models", "production")


def make(folder: Path, **more: Any) -> Path:
    """Write the config (with `more` settings) and the arriving files of a project; return the config's path.

    ``first/`` trains a release. ``arriving/`` holds a steady file with some broken rows, one that is
    refused, one that repeats another, one in which the target has turned round, and one after it.
    """
    first, arriving = folder / "first", folder / "arriving"
    for made in (first, arriving):
        made.mkdir(parents=True)
    dice = random.Random(7)
    (first / "1.csv").write_text(HEADER + _rows(dice, 700, 0))
    steady = HEADER + _rows(dice, 250, 1000) + _broken(12, 1300)
    (arriving / "2.csv").write_text(steady)
    (arriving / "3.csv").write_text(HEADER + _rows(dice, 60, 2000) + _broken(60, 2100))
    (arriving / "4.csv").write_text(steady)
    (arriving / "5.csv").write_text(HEADER + _rows(dice, 1000, 3000, turned=True))
    (arriving / "6.csv").write_text(HEADER + _rows(dice, 200, 5000, turned=True))
    return configure(folder / "project", arriving, **more)


def configure(project: Path, arriving: Path, **settings: Any) -> Path:
    """Write a config that takes files from `arriving`; return its path."""
    project.mkdir(parents=True, exist_ok=True)
    config = {
        "name": "crash",
        "input_folder_path": str(arriving),
        "output_folder_path": "out",
        "output_model_path": "models",
        "prod_deployment_path": "production",
        "target": "left",
        "positive": "1",
        "key": "customer",
        "settle_seconds": 0,
        "model": "logistic",
    }
    path = project / "config.json"
    path.write_text(json.dumps(config | settings))
    return path


def copy_database(url: str, name: str) -> str:
    """Make a database on PostgreSQL anew as a copy of another one; return its URL."""
    start = sa.make_url(url)
    engine = sa.create_engine(start.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {start.database}")
    engine.dispose()
    return start.set(database=name).render_as_string(hide_password=False)


def _rows(dice: random.Random, count: int, first: int, *, turned: bool = False) -> str:
    """Return rows in which few visits mean that a customer leaves, or many when it has turned.

    As many leave as before: labels that were merely swapped would be a fault of the feed.
    """
    lines = []
    for number in range(first, first + count):
        visits = dice.randrange(40)
        leaves = (visits >= 26 if turned else visits < 14) != (dice.random() < 0.05)
        lines.append(f"c{number},{visits},{dice.uniform(5, 90):.2f},{dice.randrange(18, 80)},")
        lines[-1] += f"{int(leaves)}\n"
    return "".join(lines)


def _broken(count: int, first: int) -> str:
    """Return rows that no contract accepts."""
    return "".join(f"c{number},many,1.00,30,0\n" for number in range(first, first + count))


def state(project: Path) -> dict[str, Any]:
    """Return what a tick leaves behind, runs and times aside: the same for the same files."""
    from vigil.ledger import glance

    return {
        "table": _table(project / "out"),
        "ledger": _ledger(project),
        "files": {
            str(path.relative_to(project)): _content(path)
            for path in sorted(project.rglob("*"))
            if path.is_file() and _counts(path.relative_to(project))
        },
        "report": _report(project / "reports" / "000001"),
        "idle": glance.nothing_to_do(project / "config.json"),
    }


def differences(found: Any, expected: Any, place: str = "") -> list[str]:
    """Say where two states differ, a line for each place."""
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = sorted({*found, *expected})
        return [
            line for key in keys for line in differences(found.get(key), expected.get(key), f"{place}/{key}")
        ]
    if isinstance(found, list) and isinstance(expected, list):
        more = [f"{place}: unexpected {row}" for row in found if row not in expected]
        less = [f"{place}: missing {row}" for row in expected if row not in found]
        twice = len(found) - len(more) - len(expected) + len(less)
        return more + less + ([f"{place}: {twice} rows too many or too few"] if twice else [])
    return [] if found == expected else [f"{place}: {str(found)[:300]} instead of {str(expected)[:300]}"]


def keep_anew(project: Path) -> None:
    """Empty the prefix that a project is kept under, and send what its folders hold, before its first run."""
    from vigil.project import Project
    from vigil.storage import homes

    opened = Project(project / "config.json")
    home = homes.opened(opened.config.storage or "", opened.config.storage_endpoint)
    home.delete(home.list())
    moved = any((one.folder / homes.NOTE).exists() for one in opened.kept)
    for one in opened.kept:
        (one.folder / homes.NOTE).unlink(missing_ok=True)
    if moved:
        with opened.locked():
            pass


def elsewhere(project: Path) -> dict[str, Any]:
    """Return where object storage and folders differ, and what a machine without folders fetches."""
    from vigil.project import Project
    from vigil.storage import homes

    opened = Project(project / "config.json")
    home = homes.opened(opened.config.storage or "", opened.config.storage_endpoint)
    there = {name: entry.size for name, entry in home.list().items()}
    here = {}
    for one in opened.kept:
        for path in (path for path in one.folder.rglob("*") if path.is_file()):
            inner = path.relative_to(one.folder)
            if not homes.stays(inner.parts, one.local):
                here[f"{one.name}/{inner.as_posix()}"] = path.stat().st_size
        shutil.rmtree(one.folder)
    with opened.locked():
        pass
    fetched = state(project)
    return {
        "unlike": sorted({name for name, _ in there.items() ^ here.items()} - {"project.json"}),
        "rows": fetched["table"]["rows"],
        "files": fetched["files"],
    }


def litter(project: Path) -> list[str]:
    """Return what was written aside and is still there: nothing reads it, but it takes room."""
    names = (path.relative_to(project) for folder in _LIVE for path in (project / folder).rglob(".*"))
    return sorted(str(name) for name in names if not name.name.startswith(".home."))


def _counts(path: Path) -> bool:
    """Say whether a file is the end state's: neither the table's nor an index's own, nor written aside."""
    hidden = any(part.startswith(".") for part in path.parts)
    return path.parts[0] in _LIVE and not hidden and path.parts[:2] not in {("out", "table"), ("out", "seen")}


def _report(folder: Path) -> dict[str, bool]:
    """Return the documents of the first run, each with whether it is whole."""
    ends = {".pdf": b"%%EOF\n", ".png": b"IEND\xaeB`\x82", ".json": b"}"}
    documents = sorted(folder.glob("[!.]*"))
    return {path.name: path.read_bytes().endswith(ends.get(path.suffix, b"")) for path in documents}


def _content(path: Path) -> str:
    content = path.read_bytes()
    return content.decode() if len(content) < 400 else hashlib.sha256(content).hexdigest()


def _table(output: Path) -> dict[str, Any]:
    """Return the rows in the table's order, and whether the duplicates index holds just them."""
    from vigil.table.seen import Seen
    from vigil.table.store import Table

    table = Table(output / "table")
    if not table.exists():
        return {"rows": [], "index": True}
    rows = table.rows().to_pylist()
    return {
        "rows": [{name: str(value) for name, value in row.items()} for row in rows],
        "index": Seen(output / "seen").covers(table),
    }


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what an erasure, given again after a kill, found left to erase."""
    if row.get("kind") != "erase":
        return row
    evidence = {key: row["evidence"][key] for key in ("key_sha256", "releases")}
    return row | {"evidence": evidence, "reason": ""}


def _ledger(project: Path) -> dict[str, list[str]]:
    """Return every row of what was taken in and decided, as sorted text."""
    from vigil.ledger import connection, schema

    url = json.loads((project / "config.json").read_text()).get("ledger", "sqlite:///ledger.db")
    engine = connection.open_engine(url, root=project)
    found = {}
    with engine.connect() as ledger:
        for name in _TABLES:
            rows = ledger.execute(sa.select(schema.metadata.tables[name])).mappings()
            kept = [{key: value for key, value in row.items() if key not in _WHEN} for row in rows]
            texts = [_RUN.sub("run-", json.dumps(_told(row), sort_keys=True)) for row in kept]
            # An erasure that was given again after a kill has a decision for each time.
            found[name] = sorted({text for text in texts if _ERASED in text})
            found[name] += sorted(text for text in texts if _ERASED not in text)
        told = "SELECT count(*) FROM runs WHERE news AND status = 'done'"
        found["runs to report"] = [str(ledger.execute(sa.text(told)).scalar())]
    engine.dispose()
    return found
