"""A batch is looked at for faults that have a name, beside the sound batches before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vigil import faults, profiles
from vigil.bundles import pointer
from vigil.faults import Case, Finding
from vigil.faults.naming import holds
from vigil.profiles import Profile
from vigil.records import LABELLED, LABELLED_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from vigil.ledger.ledger import Ledger
    from vigil.ledger.shelf import Row
    from vigil.project import Project
    from vigil.records import Batch, Contract

#: How far back a batch is compared, in batches and in rows.
PAST_BATCHES, PAST_ROWS = 8, 20_000
#: A file brings the labels of an earlier one when this share of its rows stood there without them.
AGAIN = 0.5
#: The newest faults that an advice is chosen from, and how many it names.
LOOKED_AT, SHOWN = 50, 3


def inspect(project: Project, batch: Batch, *, run: int) -> list[Row]:
    """Write down the faults of a batch, and return them, the surest first.

    Looking again, after a kill, finds the same and writes nothing twice. A fault that a person has
    dismissed on the same columns before is how the data is now, and is not named again.
    """
    ledger = project.ledger
    if not ledger.faults.of_batch(batch.id):
        settled = {_same(row) for row in ledger.faults.through(batch.order) if row["state"] == "dismissed"}
        for finding in faults.look(case(project, batch)):
            if (finding.fault, finding.columns) not in settled:
                ledger.faults.add(finding.id(batch.order), _row(project, batch, finding), run=run)
    return ledger.faults.of_batch(batch.id)


def case(project: Project, batch: Batch) -> Case:
    """Gather what the faults may look at: the last sound batches, up to a bounded number of rows."""
    ledger, contract = project.ledger, project.contract()
    earlier = _witnesses(ledger, batch)
    chosen: list[Batch] = []
    for one in reversed(earlier[-PAST_BATCHES:]):
        if not chosen or sum(b.rows for b in chosen) + one.rows <= PAST_ROWS:
            chosen.insert(0, one)
    live = pointer.read(project.production)
    *past, rows = project.table.batches([one.order for one in (*chosen, batch)])
    again = _labelled_again([*past, rows], contract)
    brings_labels = batch.is_labelled_late or len(past) in again.values()
    gone = {chosen[place].id for place in again}
    earlier = [one for one in earlier if one.id not in gone]
    past = [part for part, one in zip(past, chosen, strict=True) if one.id not in gone]
    chosen = [one for one in chosen if one.id not in gone]
    *before, profile = _profiles(project, [*chosen, batch])
    return Case(
        contract=contract,
        rows=rows,
        profile=profile,
        past=[one.slice(0, PAST_ROWS) for one in past],
        before=before,
        reference=profiles.load(project.models / live.release) if live else None,
        dropped=batch.duplicates,
        late=brings_labels,
        files=[(one.rows, one.duplicates) for one in earlier[-2 * PAST_BATCHES :]],
    )


def _labelled_again(parts: Sequence[pa.Table], contract: Contract) -> dict[int, int]:
    """Return the places of batches without labels whose rows are there again with them, and where these are.

    ``parts`` are the rows of batches, the one that is looked at last. It need bring the labels of a few rows
    of an earlier one; between these half of the rows must have come again.
    """
    import numpy as np

    from vigil.table import hashing

    names = [column.name for column in (*contract.by_role("key"), *contract.features)]
    has = [_has_labels(part, contract) for part in parts]
    if not names or all(has[:-1]):
        return {}
    words = [hashing.row_hashes(part.combine_chunks(), names)[:, 0] for part in parts]
    found = {}
    for later in (place for place, labelled in enumerate(has) if labelled):
        for place in (place for place in range(later) if not has[place]):
            repeats = np.isin(words[later], words[place]).sum()
            least = len(words[later if later == len(parts) - 1 else place])
            if repeats >= max(AGAIN * least, 1):
                found[place] = later
    return found


def _has_labels(rows: pa.Table, contract: Contract) -> bool:
    """Say whether nearly all of some rows have a label."""
    return contract.labelled(rows) >= LABELLED_SHARE * rows.num_rows


def _witnesses(ledger: Ledger, batch: Batch) -> list[Batch]:
    """Return the sound batches before one, no row of them twice, nor any row of its own.

    A file that came without labels is there again when its labels are in. Then the labelled rows stand for
    it, unless labels came for less than half of them.
    """
    earlier = [one for one in ledger.sound(through=batch.order - 1) if one.rows]
    labelled = {one.name.removesuffix(LABELLED): one for one in (*earlier, batch) if one.is_labelled_late}
    again = set()
    for one in earlier:
        twin = labelled.get(one.waits_as)
        if twin is not None:
            again.add(one.id if twin is batch or 2 * twin.rows >= one.rows else twin.id)
    return [one for one in earlier if one.id not in again]


def said(rows: list[Row]) -> str:
    """Say in one sentence why a batch is held; nothing when it is not."""
    standing = [row for row in rows if row["holds"] and row["state"] == "open"]
    if not standing:
        return ""
    more = f" And {len(standing) - 1} more." if len(standing) > 1 else ""
    return f"The feed is broken: {standing[0]['what']}{more}"


def tell(project: Project, rows: list[Row]) -> str:
    """Say each fault of a batch on the console, and return why it is held."""
    for row in rows:
        word = "fault" if row["holds"] else "perhaps"
        project.console.say(f"  {word:<9} {row['id']}: {row['what']}")
        if row["state"] == "open":
            project.console.say(f"            {row['act']}")
        project.console.say(f"            {typed(row)}")
    return said(rows)


def with_faults(project: Project, other: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put the advice on faults before other advice, and what must be done before what is suspected.

    Commands in it name the project's config, where it is not the usual one.
    """
    found = sorted([*advice(project), *other], key=lambda item: item["severity"] != "act")
    return [{**item, "do": project.runnable(item["do"])} for item in found]


def advice(project: Project) -> list[dict[str, str]]:
    """Advise on faults that keep batches out of training, the newest batch first, and on suspicions in it."""
    newest = project.ledger.batches.last_order()
    found = [row for row in project.ledger.faults.through(newest, limit=LOOKED_AT) if row["state"] == "open"]
    names = {batch.id: batch.name for batch in project.ledger.batches.all()} if found else {}
    made = []
    for row in found[:SHOWN]:
        name = names.get(row["batch"], row["batch"])
        if row["holds"]:
            what = f"The feed is broken: {name} is kept out of training. {row['what']}"
            made.append({"severity": "act", "what": what, "do": f"{row['act']} {typed(row)}"})
        elif row["order"] == newest:
            what = f"{name}: {row['what']} This is not sure."
            made.append({"severity": "warn", "what": what, "do": f"{row['act']} {typed(row)}"})
    return made


def command(row: Row) -> str:
    """Return what a person types about a fault."""
    if row["state"] != "open":
        return f"python diagnostics.py --undo {row['id']}"
    if row["repair"] is not None:
        return f"python diagnostics.py --fix {row['id']}"
    return f"python diagnostics.py --dismiss {row['id']}"


def typed(row: Row) -> str:
    """Say what a person types about a fault, and what that does."""
    if row["state"] != "open":
        return f"It is {row['state']}. To take this back: {command(row)}"
    if row["repair"] is not None:
        said = f"To see what that would change: {command(row)}"
    else:
        said = f"If the data is meant so: {command(row)}"
    return said if row["holds"] else f"{said}; if it is broken: python diagnostics.py --confirm {row['id']}"


def _row(project: Project, batch: Batch, finding: Finding) -> dict[str, Any]:
    """Return a finding as the ledger keeps it."""
    return {
        "batch": batch.id,
        "order": batch.order,
        "since": _since(project, batch, finding),
        "fault": finding.fault,
        "columns": list(finding.columns),
        "confidence": round(finding.confidence, 4),
        "holds": holds(finding),
        "rows": finding.rows,
        "what": finding.what,
        "act": finding.act,
        "evidence": finding.evidence,
        "repair": finding.repair,
    }


def _since(project: Project, batch: Batch, finding: Finding) -> int:
    """Return the order of the first batch of an unbroken line with the same fault."""
    before = {
        row["order"]: row
        for row in project.ledger.faults.through(batch.order - 1)
        if _same(row) == (finding.fault, finding.columns)
    }
    row = before.get(batch.order - 1)
    return int(row["since"]) if row is not None and row["state"] != "dismissed" else batch.order


def _same(row: Row) -> tuple[str, tuple[str, ...]]:
    """Return what makes two faults the same one: name and columns."""
    return row["fault"], tuple(row["columns"])


def _profiles(project: Project, batches: Sequence[Batch]) -> list[Profile]:
    """Return the profiles of some batches; one that is stored as it was before is not decoded again."""
    known: dict[str, tuple[str, Profile]] = project.opened.get("profiles", {})
    found = {}
    for batch, text in project.ledger.batches.profiles_as_text([one.id for one in batches]).items():
        same = batch in known and known[batch][0] == text
        found[batch] = known[batch] if same else (text, Profile.from_json(json.loads(text)))
    project.opened["profiles"] = found
    return [found[one.id][1] for one in batches]
