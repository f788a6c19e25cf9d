"""A batch's rows are repaired, and put back: reversibly, once, and with a decision that says so.

The rows as they were are kept in the folder ``fixes`` before anything is changed. What a kill cuts off is
carried out by the next tick, from these rows, so that nothing is repaired twice. The scores since then are
taken back and made again, from the evidence before the batch: no evidence counts twice.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil import faults, profiles
from vigil.batches import cuts
from vigil.bundles import pointer
from vigil.errors import VigilError
from vigil.faults import wording
from vigil.ledger import glance
from vigil.records import Decision
from vigil.run import begun
from vigil.storage import durable

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.ledger.shelf import Row
    from vigil.project import Project
    from vigil.records import Batch

KINDS = ("fix", "undo")
SETTLED = (*KINDS, "dismiss", "confirm")
#: Changed rows that a rehearsal shows.
SHOWN = 5


def add_options(cli: argparse.ArgumentParser) -> None:
    """Add the options by which a person settles a fault."""
    one = cli.add_mutually_exclusive_group()
    one.add_argument("--fix", metavar="ID", help="show what the repair of a fault would change")
    one.add_argument("--undo", metavar="ID", help="take a repair or a dismissal back")
    one.add_argument("--dismiss", metavar="ID", help="this is how the data is now: let the batch train")
    one.add_argument("--confirm", metavar="ID", help="a suspicion is right: keep the batch out of training")
    cli.add_argument("--apply", action="store_true", help="with --fix: repair the rows")


def asked(options: argparse.Namespace) -> bool:
    """Say whether a person wants a fault settled."""
    return any(getattr(options, kind, None) for kind in SETTLED)


def settle(project: Project, options: argparse.Namespace, diagnose: Callable[[Project], object]) -> None:
    """Repair a fault, take that back, take the data as it is, or confirm a suspicion.

    A repair is a rehearsal at first. ``diagnose`` writes the advice anew afterwards.
    """
    say = project.console.say
    kind, fault = next((k, given) for k in SETTLED if (given := getattr(options, k, None)))
    if kind == "fix" and not options.apply:
        for line in rehearse(project, fault):
            say(line)
        say(f"Nothing was changed. To do it: python diagnostics.py --fix {fault} --apply")
        return
    with project.locked(), begun(project, "diagnostics") as current:
        decision = _begun_before(project, fault, kind) or decide(project, fault, kind, run=current.number)
        current.news = True
        with current.step("diagnostics"):
            again = carry_out(project, decision)
            current.summary = decision.reason
            anew = to_decide_anew(project, decision)
            if not again and anew is None:
                finish(project, decision)
            diagnose(project)
    say(decision.reason)
    if again:
        count = f"{len(again)} batches are" if len(again) > 1 else "The batch is"
        say(f"{count} scored again by the next tick: python fullprocess.py")
    elif anew is not None:
        say("The next tick decides about the batch again, and may train on it: python fullprocess.py")
    if kind == "confirm":
        say(f"The batch is kept out of training. To take this back: python diagnostics.py --dismiss {fault}")
    elif kind != "undo":
        say(f"To take this back: python diagnostics.py --undo {fault}")


def _begun_before(project: Project, fault: str, kind: str) -> Decision | None:
    """Return a decision that was written before a kill and not carried out to its end."""
    begun_before = [one for one in unfinished(project) if (one.kind, one.evidence["fault"]) == (kind, fault)]
    return begun_before[-1] if begun_before else None


def rehearse(project: Project, fault: str) -> list[str]:
    """Return what a repair would change, in words, with some rows before and after; change nothing."""
    row = _open(project, fault)
    before = project.table.batch(row["order"])
    after = faults.get(row["fault"]).mend(before, row["repair"])
    names = _unlike(before, after)
    changed = _differing(before, after, names)
    lines = [
        f"{len(changed):,} of {before.num_rows:,} rows would change in {', '.join(names) or 'no column'}:"
    ]
    for place in changed[:SHOWN]:
        cells = [f"{n} {_cell(before, n, place)} → {_cell(after, n, place)}" for n in names]
        lines.append(f"  row {place + 1}: {'; '.join(cells)}")
    if len(changed) > SHOWN:
        lines.append(f"  … and {len(changed) - SHOWN:,} more rows")
    return lines


def decide(project: Project, fault: str, kind: str, *, run: int) -> Decision:
    """Write down what is to become of a fault, by a person's word; return the decision.

    Raises VigilError when there is no such fault, or it is not in a state for that.
    """
    row = _undoable(project, fault) if kind == "undo" else _open(project, fault, repair=kind == "fix")
    if kind == "confirm" and row["holds"]:
        raise VigilError(f"{fault} is sure enough: its batch is kept out of training already.")
    live = pointer.read(project.production)
    release = live.release if live else ""
    scores = project.ledger.scores.of_release(release, after=row["order"] - 1, through=2**31 - 1)
    words = {"fix": "is repaired", "undo": "is put back as it came", "dismiss": "is how the data is now"}
    words["confirm"] = "is confirmed"
    evidence = {"fault": fault, "repair": row["repair"], "rescore": [score["order"] for score in scores]}
    reason = f"{fault} {words[kind]}, by a person's word. {row['what']}"
    made = Decision(f"run-{run}-{kind}", kind, row["batch"], release, kind, reason, evidence)
    return project.ledger.decisions.add(made, order=row["order"], run=run)


def carry_out(project: Project, decision: Decision) -> list[Batch]:
    """Do what a decision says to the rows; return the batches that are to be scored again, in order.

    Done twice it is done once. The caller scores them and then calls `finish`.
    """
    from pyarrow import parquet

    ledger, fault = project.ledger, decision.evidence["fault"]
    row = ledger.faults.get(fault)
    assert row is not None  # noqa: S101 — the decision was written about it
    ledger.facts.set(**{glance.IDLE: "no"})
    if decision.kind == "dismiss":
        ledger.faults.settle(fault, "dismissed")
        return []
    if decision.kind == "confirm":
        ledger.faults.confirm(fault)
        return []
    kept = _kept(project, fault)
    _keep(kept, project, row["order"])
    original = parquet.read_table(kept)
    rows = faults.get(row["fault"]).mend(original, row["repair"]) if decision.kind == "fix" else original
    _put(project, row, rows, decision)
    ledger.faults.settle(fault, "fixed" if decision.kind == "fix" else "open")
    again = set(decision.evidence["rescore"])
    if decision.release and again:
        ledger.scores.forget(decision.release, since=min(again))
        ledger.diagnoses.forget(decision.release, since=min(again))
    return [batch for batch in ledger.batches.all() if batch.order in again]


def to_decide_anew(project: Project, decision: Decision) -> Batch | None:
    """Return the batch that a plan is made for again, once no fault holds it any more.

    Only the newest one: a later batch's plan has looked at all that it could train on.
    """
    batch = project.ledger.batches.get(decision.batch)
    if decision.kind == "undo" or batch is None or batch.order in project.ledger.faults.held():
        return None
    ledger = project.ledger
    is_newest = ledger.batches.last_order() == batch.order == ledger.decisions.decided_through()
    return batch if is_newest else None


def close_explained(project: Project, decision: Decision) -> None:
    """Close the incident that a repair has explained."""
    ledger = project.ledger
    score = ledger.scores.latest(release=decision.release) if decision.release else None
    if decision.kind == "fix" and score is not None and score["verdict"] != "degraded":
        ledger.incidents.close(decision.release, by=decision.id)


def finish(project: Project, decision: Decision) -> None:
    """Close what the repair has explained, and mark the decision as carried out."""
    close_explained(project, decision)
    ledger = project.ledger
    if decision.kind == "undo":
        durable.remove(_kept(project, decision.evidence["fault"]))
    ledger.decisions.carried_out(decision.id)


def unfinished(project: Project) -> list[Decision]:
    """Return what was decided about faults and is not carried out: batches to score or plan for again."""
    return [one for one in project.ledger.decisions.open() if one.kind in SETTLED]


def _open(project: Project, fault: str, *, repair: bool = True) -> Row:
    """Return an open fault. Raises VigilError when it is none, or has no safe repair where one is wanted."""
    row = _known(project, fault)
    if row["state"] != "open":
        hint = f"To take it back: python diagnostics.py --undo {fault}"
        raise VigilError(f"{fault} is {row['state']} already.", hint=hint)
    if repair and row["repair"] is None:
        hint = f"{row['act']} When the data is meant so: python diagnostics.py --dismiss {fault}"
        raise VigilError(f"{fault} has no safe repair.", hint=hint)
    return row


def _undoable(project: Project, fault: str) -> Row:
    """Return a fixed or dismissed fault that may be taken back. Raises VigilError when it may not."""
    row = _known(project, fault)
    if row["state"] == "open":
        raise VigilError(f"{fault} is open: there is nothing to take back.")
    if row["state"] == "fixed" and not _kept(project, fault).exists():
        raise VigilError(f"the rows from before the repair of {fault} are gone.", where="fixes")
    newest = [d for d in project.ledger.decisions.of_batch(row["batch"]) if d.kind == "fix"][-1:]
    if row["state"] == "fixed" and newest and newest[0].evidence["fault"] != fault:
        other = newest[0].evidence["fault"]
        other_row = project.ledger.faults.get(other) or {}
        if other_row.get("state") == "fixed":
            raise VigilError(
                f"{other} was repaired after {fault}.", hint=f"First: python diagnostics.py --undo {other}"
            )
    return row


def _known(project: Project, fault: str) -> Row:
    """Return a fault by its id. Raises VigilError when there is none."""
    row = project.ledger.faults.get(fault)
    if row is None:
        standing = [one["id"] for one in project.ledger.faults.standing()]
        hint = f"Open are: {', '.join(standing)}." if standing else "None is open."
        hint += f" That is of {project.config_path}; another project is named by --config."
        raise VigilError(f"there is no fault {fault}.", hint=hint)
    return row


def _kept(project: Project, fault: str) -> Path:
    """Return where a batch's rows are from before the repair of a fault."""
    return project.output / "fixes" / f"{fault}.parquet"


def _keep(path: Path, project: Project, order: int) -> None:
    """Keep the rows as they are, unless they are kept already."""
    import pyarrow as pa
    from pyarrow import parquet

    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    sink = io.BytesIO()
    parquet.write_table(project.table.batch(order).combine_chunks(), pa.PythonFile(sink), compression="zstd")
    durable.write_atomic(path, sink.getvalue())


def _put(project: Project, row: Row, rows: pa.Table, decision: Decision) -> None:
    """Put rows in the place of a batch's, in the table and in its profile.

    The indexes of unique columns go before the values that they are made from: whatever a kill leaves, none
    has values that are no longer in the table.
    """
    from vigil.batches import history

    contract = project.contract()
    before = project.table.batch(row["order"])
    changed = _unlike(before, rows.cast(before.schema))
    if changed:
        history.forget_columns(project.seen.root, changed)
        project.table.mend(row["order"], rows, decision.id)
    profile = profiles.profile(rows, contract.kept, cuts.known(project.ledger)).to_json()
    project.ledger.batches.mended(row["batch"], labelled=contract.labelled(rows), profile=profile)


def _unlike(before: pa.Table, after: pa.Table) -> list[str]:
    """Return the columns in which some rows differ."""
    return [name for name in before.column_names if not before.column(name).equals(after.column(name))]


def _differing(before: pa.Table, after: pa.Table, names: list[str]) -> list[int]:
    """Return the numbers of rows that differ in some columns."""
    found: set[int] = set()
    for name in names:
        pairs = zip(before.column(name).to_pylist(), after.column(name).to_pylist(), strict=True)
        found |= {place for place, (old, new) in enumerate(pairs) if old != new}
    return sorted(found)


def _cell(rows: pa.Table, name: str, place: int) -> Any:
    """Write a cell as people read it."""
    value = rows.column(name)[place].as_py()
    return "missing" if value is None else wording.figure(value) if isinstance(value, float) else value
