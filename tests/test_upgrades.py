"""A release of another scikit-learn is replaced by one of today's, and answers until then."""

import json
import shutil

import pytest

from vigil import bundles
from vigil.bundles import naming, pointer
from vigil.errors import BundleError
from vigil.models import open_answerer
from vigil.releases import switch


def aged(site, made="0.24.2"):
    """Let the live release be of another scikit-learn: its manifest says so, checksums and all."""
    project = site.project()
    live = pointer.read(project.production).release
    manifest = json.loads((project.models / live / naming.MANIFEST).read_text())
    manifest["versions"]["scikit-learn"] = made
    text = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False)
    name = naming.identity(manifest["files"] | {naming.MANIFEST: naming.digest(text.encode())})
    shutil.copytree(project.models / live, project.models / name)
    (project.models / name / naming.MANIFEST).write_text(text)
    row = project.ledger.releases.get(live)
    kept = {key: row[key] for key in ("model", "batch", "through", "reference", "level", "facts", "reason")}
    project.ledger.releases.add(name, **kept)
    switch.promote(project.ledger, project.production, name, by="test", after=row["through"])
    return name


@pytest.fixture
def old(site):
    """A project whose live release is of another scikit-learn."""
    site.leavers("1.csv", 900)
    site.tick()
    return site, aged(site)


def test_it_is_retrained_and_answers_until_then(old):
    """The next batch is scored by the compiled form, and calls for a refresh, with the reason."""
    site, release = old
    assert bundles.made_under(site.project().models, release)[0] == "0.24.2"
    with pytest.raises(BundleError, match=r"trained with scikit-learn 0\.24\.2"):
        bundles.open_pipeline(site.project().models, release)
    assert open_answerer(site.project().models, release).answered_by == "compiled"
    site.leavers("2.csv", 900, seed=2)
    found = site.tick()
    plan, gate = found["decisions"]
    assert (plan["outcome"], gate["kind"]) == ("refresh", "gate")
    assert "made under scikit-learn 0.24.2" in plan["reason"]
    assert site.project().ledger.scores.get(release, site.project().ledger.batches.all()[-1].id) is not None


def test_it_is_tried_once(old):
    """A refresh that the gate keeps back is not asked for again at every batch."""
    site, release = old
    asked = []
    for number in (2, 3, 4):
        site.leavers(f"{number}.csv", 300, seed=number)
        site.tick()
        plans = [row for row in site.project().ledger.decisions.find() if row["release"] == release]
        asked = [row for row in plans if "made_under" in row["evidence"]]
    assert len(asked) == 1


def test_never_leaves_it_to_a_person(old):
    """Under the policy never nothing is retrained."""
    site, _ = old
    site.configure(policy="never")
    site.leavers("2.csv", 300, seed=2)
    assert site.outcomes(site.tick()) == [("plan", "nothing")]


def test_a_release_of_today_is_left_alone(site):
    """Patch versions of one scikit-learn open each other's pipelines."""
    site.leavers("1.csv", 600)
    site.tick()
    live = pointer.read(site.project().production).release
    assert bundles.made_under(site.project().models, live) is None
