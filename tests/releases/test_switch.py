import pytest

from vigil.bundles import pointer
from vigil.errors import VigilError
from vigil.ledger.ledger import Ledger
from vigil.records import Batch, Decision
from vigil.releases import switch


@pytest.fixture
def ledger(tmp_path, new_site):
    """A ledger with one batch, decided about, and three candidates."""
    made = Ledger("sqlite:///l.db", root=tmp_path, project="p", clock=new_site().clock)
    made.batches.add_pending(batch(1), run=1, profile={})
    made.batches.settle(["b1"])
    plan = Decision("b1-plan", "plan", "b1", "", "nothing", "", {}, done=True)
    made.decisions.add(plan, order=1, run=1)
    for name in ("r1", "r2", "r3"):
        made.releases.add(name, model="m", batch="b1", through=1, facts={"task": "binary"})
    yield made
    made.close()


@pytest.fixture
def production(tmp_path):
    """The folder of the pointer."""
    return tmp_path / "production"


def batch(order):
    """Return a batch."""
    return Batch(f"b{order}", order, f"w-{order}.csv", "", f"{order}" * 64, 10, 10, 0, 0, 1)


def states(ledger):
    """Return every release's state."""
    return {row["id"]: row["state"] for row in ledger.releases.all()}


def test_a_promotion_moves_pointer_ledger_and_list(ledger, production):
    """One act: the pointer names the release and the one before, the ledger follows, people get the list."""
    switch.promote(ledger, production, "r1", by="g1", after=1)
    switch.promote(ledger, production, "r2", by="g2", after=1)
    assert pointer.read(production) == pointer.Pointer("r2", "r1")
    assert states(ledger) == {"r1": "retired", "r2": "live", "r3": "candidate"}
    assert (production / "ingestedfiles.txt").read_text() == "w-1.csv\n"


def test_the_evidence_begins_after_the_batch_that_it_was_decided_on(ledger, production):
    """Batches that came in together with that one, and later in order, still count."""
    for order in (2, 3):
        ledger.batches.add_pending(batch(order), run=1, profile={})
        ledger.batches.settle([f"b{order}"])
    switch.promote(ledger, production, "r1", by="g1", after=2)
    assert ledger.releases.get("r1")["facts"]["evidence_after"] == 2


def test_a_promotion_done_twice_is_done_once(ledger, production):
    """A run that was cut off promotes again: the release before stays the one to go back to."""
    switch.promote(ledger, production, "r1", by="g1", after=1)
    for _ in range(2):
        switch.promote(ledger, production, "r2", by="g2", after=1)
    assert pointer.read(production) == pointer.Pointer("r2", "r1")


def test_a_promotion_cut_off_after_the_pointer_is_finished(ledger, production):
    """The pointer moved, the ledger did not: the next run brings them in line and closes the incident."""
    switch.promote(ledger, production, "r1", by="g1", after=1)
    ledger.incidents.open("r1", batch(1), since=1)
    pointer.write(production, "r2", "r1")
    switch.promote(ledger, production, "r2", by="g2", after=1)
    assert states(ledger)["r2"] == "live"
    assert ledger.incidents.open_for("r1") is None
    assert ledger.incidents.latest()["closed_by"] == "g2"


def test_a_rollback_is_written_down(ledger, production):
    """Who was live, what came back and why is a decision of its own; the evidence begins anew."""
    switch.promote(ledger, production, "r1", by="g1", after=1)
    switch.promote(ledger, production, "r2", by="g2", after=1)
    ledger.incidents.open("r2", batch(1), since=1)
    decision = switch.restore(ledger, production, run=4)
    assert (decision.kind, decision.release, decision.evidence) == ("rollback", "r1", {"from": "r2"})
    assert ledger.decisions.get("run-4-rollback").done
    assert states(ledger) == {"r1": "live", "r2": "held", "r3": "candidate"}
    assert ledger.incidents.open_for("r2") is None
    assert ledger.releases.get("r1")["facts"] == {"task": "binary", "evidence_after": 1}


def test_there_is_one_way_back(ledger, production):
    """Nothing live, the first release, or just rolled back: there is no earlier release."""
    for prepare in (
        lambda: None,
        lambda: switch.promote(ledger, production, "r1", by="g", after=1),
        lambda: (
            switch.promote(ledger, production, "r2", by="g", after=1),
            switch.restore(ledger, production, run=1),
        ),
    ):
        prepare()
        with pytest.raises(VigilError, match="no earlier release"):
            switch.restore(ledger, production, run=2)


def test_after_a_rollback_another_release_may_follow(ledger, production):
    """The restored release is the one to go back to from then on, and the held one stays held."""
    switch.promote(ledger, production, "r1", by="g1", after=1)
    switch.promote(ledger, production, "r2", by="g2", after=1)
    switch.restore(ledger, production, run=4)
    switch.promote(ledger, production, "r3", by="g3", after=1)
    assert pointer.read(production) == pointer.Pointer("r3", "r1")
    assert states(ledger) == {"r1": "retired", "r2": "held", "r3": "live"}


def test_only_a_held_release_can_be_lifted(ledger, production):
    """Lifted, it is a retired one; anything else is refused with a hint."""
    switch.promote(ledger, production, "r1", by="g1", after=1)
    switch.promote(ledger, production, "r2", by="g2", after=1)
    switch.restore(ledger, production, run=4)
    switch.lift(ledger, "r2")
    assert states(ledger)["r2"] == "retired"
    for name in ("r1", "r2", "r3", "none"):
        with pytest.raises(VigilError, match="is not held"):
            switch.lift(ledger, name)


def test_an_acknowledgement_needs_an_incident(ledger, production):
    """A person's word closes what is open, and keeps the release's other facts."""
    with pytest.raises(VigilError, match="no open incident"):
        switch.acknowledge(ledger, production, run=1)
    switch.promote(ledger, production, "r1", by="g1", after=1)
    with pytest.raises(VigilError, match="no open incident"):
        switch.acknowledge(ledger, production, run=1)
    opened = ledger.incidents.open("r1", batch(1), since=1)
    decision = switch.acknowledge(ledger, production, run=2)
    assert decision.evidence == {"incident": opened["id"]}
    assert ledger.incidents.latest()["closed_by"] == decision.id
    assert ledger.releases.get("r1")["facts"] == {"task": "binary", "evidence_after": 1}


def test_a_damaged_pointer_is_made_good(ledger, production):
    """Where the pointer cannot be read, the ledger says what was live, and a rollback writes it anew."""
    switch.promote(ledger, production, "r1", by="g1", after=1)
    switch.promote(ledger, production, "r2", by="g2", after=1)
    (production / pointer.NAME).write_text("{")
    switch.restore(ledger, production, run=3)
    assert pointer.read(production) == pointer.Pointer("r1", None)


@pytest.mark.parametrize("content", ["{", None])
def test_a_lost_pointer_is_written_anew(ledger, production, content):
    """The live release may be named where no pointer names it, and nothing else changes; else it may not."""
    for name in ("r1", "r2"):
        switch.promote(ledger, production, name, by=f"g-{name}", after=1)
    before = ledger.releases.all()
    with pytest.raises(VigilError, match="release r2 is live"):
        switch.restore(ledger, production, run=3, release="r2")
    (production / pointer.NAME).unlink()
    if content:
        (production / pointer.NAME).write_text(content)
    assert "written anew" in switch.restore(ledger, production, run=3, release="r2").reason
    assert pointer.read(production) == pointer.Pointer("r2", "r1")
    assert ledger.releases.all() == before
