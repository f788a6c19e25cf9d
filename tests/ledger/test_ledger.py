"""What happened and why: each part of the ledger, on a real database."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.errors import LedgerError
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import timestamp
from vigil.records import Batch, Decision, Score

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCH = Batch("b1", 1, "w-1.csv", "arriving/w-1.csv", "d" * 64, 100, 90, 3, 2, 1)
SCORE = Score(
    release="r1",
    batch="b1",
    order=1,
    metric="f1",
    value=0.8,
    low=0.7,
    high=0.9,
    confidence=0.95,
    rows=100,
    labelled=90,
    reference=0.8,
    level=0.7,
    e_value=1.5,
    alarm_at=200.0,
    detectable=None,
    verdict="steady",
    reason="fine",
    details={"confusion": [[1, 2], [3, 4]]},
)


@pytest.fixture
def open_ledger(database, tmp_path):
    """Open ledgers of several projects on one database, of each kind in turn."""
    made = []

    def opened(project="p", clock=lambda: NOW):
        made.append(Ledger(database, root=tmp_path, project=project, clock=clock))
        return made[-1]

    yield opened
    for ledger in made:
        ledger.close()


@pytest.fixture
def ledger(open_ledger):
    """The ledger of one project."""
    return open_ledger()


def settled(ledger, *batches):
    """Write batches down as ingested."""
    for batch in batches:
        ledger.batches.add_pending(batch, run=1, profile={"of": batch.id})
        ledger.batches.settle([batch.id])


def scored(ledger, score, *, counted=True, run=1):
    """Write a score down."""
    return ledger.scores.add(score, tally={"hits": 1}, evidence={"process": 1} if counted else None, run=run)


MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (as asked for)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, MOMENTS)
def test_times_sort_as_text(first, second):
    """The ledger's texts are in the order of the moments, whatever their microseconds."""
    assert (timestamp(first) < timestamp(second)) == (first < second)


def test_times_are_utc():
    """A moment of another zone is written in UTC."""
    assert timestamp(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-03-01T12:00:00.000000Z"


def test_a_batch_counts_when_it_is_settled(ledger):
    """A pending batch is seen by recovery alone; settled, it comes back as it was written."""
    ledger.batches.add_pending(BATCH, run=1, profile={"rows": 100})
    assert (ledger.batches.all(), ledger.batches.pending()) == ([], [BATCH])
    assert ledger.batches.get("b1") is None
    assert ledger.batches.last_order() == 0
    ledger.batches.settle(["b1"])
    assert (ledger.batches.all(), ledger.batches.pending()) == ([BATCH], [])
    assert ledger.batches.get("b1") == ledger.batches.by_digest("d" * 64) == BATCH
    assert ledger.batches.last_order() == 1
    ledger.batches.drop("b1")
    assert ledger.batches.all() == [BATCH]


def test_batches_are_asked_for_by_order(ledger):
    """After and through bound what is returned, in order."""
    made = [replace(BATCH, id=f"b{n}", order=n, digest=str(n)) for n in (3, 1, 2)]
    settled(ledger, *made)
    assert [batch.order for batch in ledger.batches.all()] == [1, 2, 3]
    assert [batch.order for batch in ledger.batches.all(after=1, through=2)] == [2]
    assert ledger.batches.profiles(through=2) == [{"of": "b1"}, {"of": "b2"}]
    assert ledger.batches.profiles(only="b3") == [{"of": "b3"}]


def test_two_batches_cannot_have_one_order(ledger):
    """The database itself stands behind the order."""
    settled(ledger, BATCH)
    with pytest.raises(LedgerError):
        ledger.batches.add_pending(replace(BATCH, id="b2"), run=1, profile={})


def test_a_file_is_known_by_its_path(ledger):
    """The newest look at a path replaces the one before; a pending file is settled or dropped."""
    common = {"digest": "", "batch": "b1", "contract_version": 1, "run": 1, "details": {}, "reason": ""}
    ledger.files.record("a.csv", (1, 2, 3), status="refused", **common)
    ledger.files.record("a.csv", (4, 5, 6), status="pending", **common)
    row = ledger.files.known()["a.csv"]
    assert (row["size"], row["mtime_ns"], row["inode"], row["status"]) == (4, 5, 6, "pending")
    ledger.files.settle(["b1"])
    ledger.files.drop("b1")
    assert ledger.files.known()["a.csv"]["status"] == "ingested"
    ledger.files.record("a.csv", (4, 5, 6), status="pending", **common)
    ledger.files.drop("b1")
    assert ledger.files.known() == {}


def test_times_of_files_are_kept_to_the_nanosecond(ledger):
    """Sizes, times and inodes of 64 bits come back as they were."""
    stamp = (2**40, 1_772_366_400_123_456_789, 2**62)
    ledger.files.record(
        "a", stamp, digest="", status="ignored", batch=None, reason="", contract_version=0, run=1, details={}
    )
    row = ledger.files.known()["a"]
    assert (row["size"], row["mtime_ns"], row["inode"]) == stamp


def test_a_score_is_written_once(ledger):
    """A second score of the same release and batch changes nothing, its evidence included."""
    assert scored(ledger, SCORE)
    assert not scored(ledger, replace(SCORE, value=0.1), counted=False)
    assert ledger.scores.get("r1", "b1") == SCORE
    assert ledger.scores.latest()["evidence"] == {"process": 1}


def test_the_newest_evidence_is_found(ledger):
    """Scores that did not count are passed over, and so are batches outside the bounds."""
    for order, counted in ((1, True), (2, True), (3, False), (4, True)):
        scored(ledger, replace(SCORE, batch=f"b{order}", order=order), counted=counted)
    assert ledger.scores.last_counted("r1", after=0, before=4)["order"] == 2
    assert ledger.scores.last_counted("r1", after=2, before=4) is None
    assert ledger.scores.last_counted("r2", after=0, before=9) is None
    assert [row["order"] for row in ledger.scores.of_release("r1", after=1, through=3)] == [2, 3]


def test_scores_are_seen_as_they_stood(ledger):
    """Of all runs, or of one; without their heavy parts."""
    for order in (1, 2, 3):
        scored(ledger, replace(SCORE, batch=f"b{order}", order=order), run=order)
    assert [row["order"] for row in ledger.scores.history(run=2)] == [2]
    assert ledger.scores.latest(run=2)["order"] == 2
    assert not {"details", "tally", "evidence"} & set(ledger.scores.history()[0])


def test_a_decision_is_taken_once(ledger):
    """The first one stands; done is marked, and open ones are found in order."""
    plan = Decision("b1-plan", "plan", "b1", "r1", "nothing", "fine", {"e_value": 1.0})
    assert ledger.decisions.add(plan, order=1, run=1) == plan
    assert ledger.decisions.add(replace(plan, outcome="retrain"), order=1, run=2) == plan
    assert (ledger.decisions.open(), ledger.decisions.decided_through()) == ([plan], 0)
    ledger.decisions.carried_out(plan.id)
    assert (ledger.decisions.open(), ledger.decisions.decided_through()) == ([], 1)
    assert [row["id"] for row in ledger.decisions.of_run(1)] == ["b1-plan"]
    assert ledger.decisions.get("other") is None


def test_only_plans_tell_how_far_it_is_decided(ledger):
    """A gate or a rollback of a later batch does not count as its plan."""
    ledger.decisions.add(Decision("g", "gate", "b2", "r1", "keep", "", {}, done=True), order=2, run=1)
    ledger.decisions.add(Decision("r", "rollback", "", "r1", "rollback", "", {}, done=True), order=3, run=1)
    assert ledger.decisions.decided_through() == 0


def test_an_incident_opens_once_and_closes_once(ledger):
    """An alarm that goes on belongs to the open incident; closing tells how many were open."""
    opened = ledger.incidents.open("r1", BATCH, since=1)
    ledger.incidents.attempted(opened["id"], attempts=1, rows=90)
    again = ledger.incidents.open("r1", BATCH, since=9)
    assert (again["since"], again["attempts"], again["attempted_rows"]) == (1, 1, 90)
    assert ledger.incidents.open_for("r2") is None
    assert ledger.incidents.close("r1", by="gate") == 1
    assert ledger.incidents.close("r1", by="other") == 0
    assert (ledger.incidents.latest()["state"], ledger.incidents.latest()["closed_by"]) == ("closed", "gate")


def test_one_release_is_live(ledger):
    """Making one live retires the one before and leaves held ones held; adding again changes nothing."""
    for name in ("r1", "r2", "r3"):
        ledger.releases.add(name, model="logistic", batch="b1", through=1, facts={"n": name})
    ledger.releases.update("r3", state="held")
    ledger.releases.make_live("r1")
    ledger.releases.make_live("r2")
    ledger.releases.add("r2", model="other", batch="b9", through=9)
    states = {row["id"]: (row["state"], row["model"]) for row in ledger.releases.all()}
    assert states == {"r1": ("retired", "logistic"), "r2": ("live", "logistic"), "r3": ("held", "logistic")}
    assert {row["id"] for row in ledger.releases.deployed()} == {"r1", "r2"}
    assert ledger.releases.get("r1")["level"] is None


def test_runs_are_counted_and_closed(ledger):
    """Numbers go up from 1; a run that was cut off is marked, and reports are due once."""
    assert [ledger.runs.start("cron"), ledger.runs.start("cron")] == [1, 2]
    ledger.runs.finish(
        1, status="done", news=True, summary="one", steps=[{"step": "ingestion", "seconds": 0.5}]
    )
    assert ledger.runs.abandon() == 1
    assert ledger.runs.get(2)["status"] == "failed"
    assert ledger.runs.unreported() == [1]
    ledger.runs.reported(1)
    assert ledger.runs.unreported() == []
    assert [row["run"] for row in ledger.runs.latest(limit=1)] == [2]


def test_how_the_last_run_ended_passes_over_refusals(ledger):
    """What was asked for and refused says nothing of the runs before it."""
    assert ledger.runs.ended() == ""
    for status in ("done", "failed", "refused", "refused"):
        ledger.runs.finish(ledger.runs.start("command"), status=status, news=False, summary="", steps=[])
    assert ledger.runs.ended() == "failed"


def test_facts_are_replaced(ledger):
    """A fact has one value, as text."""
    ledger.facts.set(idle="no", count=1)
    ledger.facts.set(idle="yes")
    assert (ledger.facts.get("idle"), ledger.facts.get("count"), ledger.facts.get("none")) == (
        "yes",
        "1",
        None,
    )


def test_projects_do_not_see_each_other(open_ledger):
    """The same ids under two names are two rows, and changing one leaves the other."""
    one, two = open_ledger("one"), open_ledger("two")
    for ledger in (one, two):
        settled(ledger, BATCH)
        scored(ledger, SCORE)
        ledger.facts.set(idle="yes")
        ledger.releases.add("r1", model="m", batch="b1", through=1)
        assert ledger.runs.start("cron") == 1
        ledger.incidents.open("r1", BATCH, since=1)
    one.facts.set(idle="no")
    one.releases.make_live("r1")
    one.incidents.close("r1", by="x")
    one.runs.abandon()
    assert (two.facts.get("idle"), two.releases.get("r1")["state"]) == ("yes", "candidate")
    assert (two.incidents.latest()["state"], two.runs.get(1)["status"]) == ("open", "running")
    assert open_ledger("three").batches.all() == []


def test_a_row_without_a_project_cannot_be(ledger):
    """Every table has the project in its primary key."""
    with ledger.engine.connect() as connection:
        look = sa.inspect(connection)
        for name in set(look.get_table_names()) - {"alembic_version"}:
            assert look.get_pk_constraint(name)["constrained_columns"][0] == "project"


def test_what_a_run_remembers_is_what_the_ledger_has(ledger):
    """Asked again, a shelf does not read, until it is written to; what a caller changes stays with him."""
    asked = []
    sa.event.listen(ledger.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    ledger.releases.add("r1", model="m", batch="b1", through=1, facts={"n": 1})
    with ledger.remembering():
        ledger.releases.get("r1")["state"] = "changed"
        first = len(asked)
        assert ledger.releases.get("r1")["state"] == "candidate"
        assert len(asked) == first
        ledger.releases.update("r1", state="held")
        assert ledger.releases.get("r1")["state"] == "held"
        settled(ledger, BATCH)
        assert ledger.batches.all() == [BATCH]
        ledger.batches.lose(["b1"])
        assert ledger.batches.all() == []
    read = len(asked)
    ledger.releases.get("r1")
    ledger.releases.get("r1")
    assert len(asked) == read + 2


def test_a_range_of_batches_is_taken_from_all_that_are_remembered(ledger):
    """Once all batches are known, some of them are not read again; either way they are the same ones."""
    made = [replace(BATCH, id=f"b{order}", order=order) for order in range(1, 6)]
    settled(ledger, *made)
    ranges = [{"after": 2}, {"through": 3}, {"after": 1, "through": 4}, {"after": 3, "through": 2}]
    fresh = [ledger.batches.all(**one) for one in ranges]
    asked = []
    sa.event.listen(ledger.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    with ledger.remembering():
        assert ledger.batches.all() == made
        assert [ledger.batches.all(**one) for one in ranges] == fresh
        assert len(asked) == 1
        ledger.batches.lose(["b4"])
        assert [one.order for one in ledger.batches.all(after=2)] == [3, 5]


def test_profiles_are_had_as_text_from_either_database(ledger):
    """What is compared without being decoded is the JSON that was written."""
    settled(ledger, BATCH, replace(BATCH, id="b2", order=2))
    found = ledger.batches.profiles_as_text(["b2", "b1"])
    assert {batch: json.loads(text) for batch, text in found.items()} == {
        "b1": {"of": "b1"},
        "b2": {"of": "b2"},
    }
