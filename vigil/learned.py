"""What the live release has learned that it should not have, or not learned yet; and the way out by name.

A batch may turn out to be broken after a release was trained on it: a person confirms a suspicion, takes a
dismissal back, or repairs the rows. And data that is so from a batch on, by a person's word, leaves a release
behind that learned what was before.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vigil import bundles, faults
from vigil.bundles import pointer
from vigil.errors import BundleError
from vigil.ledger.schema import decisions
from vigil.models.voting import KIND

if TYPE_CHECKING:
    from vigil.alerts.finding import Finding
    from vigil.ledger.shelf import Row
    from vigil.project import Project

#: Labelled training rows from which a window of its own is trained on.
WINDOW_ROWS = 200
#: Batches that an advice names.
SHOWN = 3
RETRAIN = "python fullprocess.py --force-retrain"


def advice(project: Project) -> list[dict[str, str]]:
    """Advise on a release that has learned broken batches, and on one that has not learned what is so now."""
    live = pointer.read(project.production)
    if live is None:
        return []
    found = spoilt(project, live.release)
    made = [{"severity": "act", "what": said(project, found), "do": way_out(project, found)}] if found else []
    return made + left_behind(project, live.release)


def findings(project: Project) -> list[Finding]:
    """Return the same about broken batches as an alert."""
    from vigil.alerts import wording

    live = pointer.read(project.production)
    found = spoilt(project, live.release) if live else []
    if not found:
        return []
    about = said(project, found), way_out(project, found), found[0]["at"], [row["id"] for row in found]
    return [wording.learned(*about)]


def spoilt(project: Project, release: str) -> list[Row]:
    """Return the faults whose batches a release has learned as they came, the newest batch first.

    These are faults that hold a batch by now, and repaired ones. Of a release that cannot be read nothing is
    known.
    """
    found = project.ledger.faults.spoilt()
    try:
        return _learned(project, release, found) if found else []
    except BundleError:
        return []


def said(project: Project, found: Sequence[Row]) -> str:
    """Say what the live release has learned."""
    batches = list(dict.fromkeys(row["order"] for row in found))
    names = ", ".join(_name(project, order) for order in batches[:SHOWN])
    more = f" and {len(batches) - SHOWN} more" if len(batches) > SHOWN else ""
    first = found[0]
    when = " before it was repaired" if first["state"] == "fixed" else ", whose feed is broken"
    return f"The live release was trained on {names}{more}{when}. {first['what']}"


def way_out(project: Project, found: Sequence[Row]) -> str:
    """Name the release to roll back to and the command, or say that there is none; and how to train anew."""
    rows = "on the repaired rows" if all(row["state"] == "fixed" for row in found) else "without it"
    back = way_back(project)
    if back is None:
        command = _on_sound_rows(project)
        return f"No earlier release is free of it: there is none to roll back to. Retrain {rows}: {command}"
    return (
        f"Roll back to release {back}, the last that learned none of it: "
        f"python deployment.py --rollback {back}; then retrain {rows}: {RETRAIN}"
    )


def way_back(project: Project) -> str | None:
    """Return the release that was live last, is whole on the disk, and has learned no broken batch.

    Releases that were rolled back are held, and are none.
    """
    found = project.ledger.faults.spoilt()
    for row in project.ledger.releases.deployed():
        if row["state"] == "retired" and _is_sound(project, row["id"], found):
            return str(row["id"])
    return None


def left_behind(project: Project, release: str) -> list[dict[str, str]]:
    """Advise to retrain from the batch on from which, by a person's word, the data is another.

    Not where the release learned no row from before it, or challengers were trained from there since.
    """
    about = project.ledger.releases.get(release) or {"facts": {}}
    for row in project.ledger.faults.dismissed():
        since = row["since"]
        if not faults.get(row["fault"]).RETRAIN:
            continue
        if about["facts"].get("since", 1) >= since or _was_tried(project, row):
            return []
        name = _name(project, since)
        what = f"From {name} on the data is so, by a person's word: {row['what']}"
        what += " The live release learned what was before."
        return [{"severity": "warn", "what": what, "do": retrain_from(project, since)}]
    return []


def retrain_from(project: Project, since: int) -> str:
    """Say how to retrain from a batch on, and how many labelled rows that still waits for."""
    name = _name(project, since)
    command = f"{RETRAIN} --since {shlex.quote(name)}"
    short = round(WINDOW_ROWS / (1 - project.config.holdout)) - _labelled(project, since)
    if short > 0:
        return f"When {short:,} more labelled rows have come, retrain from batch {name}: {command}"
    return f"Retrain from batch {name}: {command}"


def again(project: Project, incident: Row) -> str:
    """Say what to do about an open incident: what is trained from where, or was and why it did not help."""
    close = "if the fall is accepted, python deployment.py --acknowledge closes it"
    since = incident["since"]
    if not incident["attempts"]:
        return f"{retrain_from(project, since)}; {close}"
    last = project.ledger.decisions.newest_plan(incident["release"])
    why = f"python fullprocess.py --explain {last['run']} shows why; " if last else ""
    return f"Rows from batch {_name(project, since)} on bring new challengers; {why}{close}"


def _on_sound_rows(project: Project) -> str:
    """Return the command to retrain, on all batches where the live release's time has hardly a sound row."""
    live = pointer.read(project.production)
    facts = (project.ledger.releases.get(live.release) if live else None) or {"facts": {}}
    if _labelled(project, facts["facts"].get("since", 1)) >= WINDOW_ROWS:
        return RETRAIN
    sound = project.ledger.sound()
    return f"{RETRAIN} --since {shlex.quote(sound[0].name)}" if sound else RETRAIN


def _labelled(project: Project, since: int) -> int:
    """Return the labelled rows of sound batches from an order on."""
    return sum(batch.labelled for batch in project.ledger.sound(after=since - 1))


def _learned(project: Project, release: str, found: Sequence[Row]) -> list[Row]:
    """Return which faults' batches a release, or a member of a vote, has learned as they came."""
    manifest = bundles.load_manifest(project.models, release)
    if "snapshot" not in manifest:
        raise BundleError("does not say what it was trained on.", where=str(project.models / release))
    if manifest["model"] == KIND:
        members = [_learned(project, member, found) for member in manifest["params"]["members"]]
        return [row for row in found if any(row in one for one in members)]
    trained = {file["sha256"][: len(found[0]["batch"])] for file in manifest["snapshot"]["files"]}
    created = (project.ledger.releases.get(release) or {"created": ""})["created"]
    return [row for row in found if row["batch"] in trained and not _was_repaired(project, row, created)]


def _is_sound(project: Project, release: str, found: Sequence[Row]) -> bool:
    """Say whether a release is whole, and has learned none of some faults' batches as they came."""
    try:
        bundles.verify(project.models, release)
        return not _learned(project, release, found)
    except BundleError:
        return False


def _was_repaired(project: Project, fault: Row, before: str) -> bool:
    """Say whether a fault's rows stood repaired at a moment."""
    acts = [row for row in _settled(project, fault, "fix", "undo") if row["at"] < before]
    return bool(acts) and acts[-1]["kind"] == "fix"


def _was_tried(project: Project, fault: Row) -> bool:
    """Say whether challengers were trained from the batch on since its fault was dismissed."""
    told = _settled(project, fault, "dismiss")
    plans = project.ledger.decisions.plans(after=fault["since"] - 1, through=2**31 - 1)
    trained = [row for row in plans if row["outcome"] in ("retrain", "refresh", "replace")]
    moment = told[-1]["at"] if told else ""
    return any(row["at"] >= moment and row["evidence"]["since"] >= fault["since"] for row in trained)


def _settled(project: Project, fault: Row, *kinds: str) -> list[Row]:
    """Return the decisions of some kinds about a fault, oldest first."""
    about = [decisions.c.batch == fault["batch"], decisions.c.kind.in_(kinds)]
    found = project.ledger.decisions.find(*about, order=[decisions.c.at, decisions.c.run])
    return [row for row in found if row["evidence"]["fault"] == fault["id"]]


def _name(project: Project, order: int) -> str:
    """Return the name of a batch by its order."""
    found = project.ledger.batches.all(after=order - 1, through=order)
    return found[0].name if found else f"batch {order}"
