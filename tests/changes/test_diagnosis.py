"""What a tick writes about each batch and the release that met it."""

import json

from vigil.ledger.schema import diagnoses


def rows(site):
    """Return the diagnoses of a project, in order."""
    return site.project().ledger.diagnoses.find(order=[diagnoses.c.order])


def moved(text: str) -> str:
    """Add two to the second column of customers."""
    head, *lines = text.strip().split("\n")
    cells = [line.split(",") for line in lines]
    return (
        "\n".join([head, *(",".join([c[0], c[1], f"{float(c[2]) + 2:.4f}", *c[3:]]) for c in cells)]) + "\n"
    )


def test_each_scored_batch_has_one_diagnosis(site):
    """The first release has none; each batch after it has one, also when the tick is repeated."""
    site.leavers("w-1.csv", 600)
    site.tick()
    assert rows(site) == []
    for number in (2, 3):
        site.leavers(f"w-{number}.csv", 300, seed=number)
        site.tick()
    site.tick()
    found = rows(site)
    assert [row["order"] for row in found] == [2, 3]
    assert {row["drift"]["verdict"] for row in found} == {"none"}
    tests = {column["column"]: column["test"] for column in found[0]["drift"]["columns"]}
    assert (tests["correlations"], tests["the model's answer"]) == ("correlation_change", "prediction_drift")
    assert found[0]["state"] is None
    assert found[1]["state"]["lasting"]["batches"] == 2


def test_a_harmless_drift_is_advised_once(site):
    """A column that moves and does no harm is a note in the tick that saw it first, and in no later one."""
    site.leavers("w-1.csv", 800)
    site.tick()
    for number, expected in ((2, 1), (3, 0)):
        text = site.leavers(f"w-{number}.csv", 600, seed=number).read_text()
        site.write(f"w-{number}.csv", moved(text))
        site.tick()
        advice = json.loads(site.project().ledger.facts.get("advice"))
        notes = [item for item in advice if item["severity"] == "note"]
        assert len(notes) == expected
        assert all("staff" in item["what"] for item in notes)
    assert rows(site)[1]["drift"]["columns"][0]["since"] == "w-2.csv"


def test_a_killed_diagnosis_is_made_up_for(site):
    """A score without a diagnosis gets one in the next tick, the same as it would have had."""
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    project = site.project()
    before = rows(site)[0]
    project.ledger.diagnoses.delete(diagnoses.c.order == 2)
    site.leavers("w-3.csv", 300, seed=3)
    site.tick()
    after = rows(site)[0]
    assert after["drift"] == before["drift"]
    assert after["run"] == before["run"]


def test_a_fall_is_explained_and_slices_add_up(new_site):
    """On an alarm the change is split; the sliced column covers all batches that the release has met."""
    site = new_site(key=["customer"], slices=["region"], sensitive=["region"])
    site.leavers("w-1.csv", 800)
    site.tick()
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    site.leavers("w-3.csv", 400, seed=3, turned=True)
    site.tick()
    steady, fallen = rows(site)
    assert steady["moved"] is None
    assert fallen["moved"]["parts"]["concept"]["high"] < -0.3
    assert "Mostly concept shift" in fallen["moved"]["words"]
    assert abs(fallen["moved"]["parts"]["covariate"]["value"]) < 0.1
    groups = fallen["slices"]["by_column"][0]["groups"]
    assert {group["group"] for group in groups} == {"north", "south"}
    assert sum(group["rows"] for group in groups) == 700
    assert [one["column"] for one in fallen["slices"]["fairness"]] == ["region"]


def test_a_lost_bundle_stops_no_tick(site):
    """A release whose bundle is damaged gets no diagnosis; the tick says so and goes on."""
    import diagnostics

    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    project = site.project()
    project.ledger.diagnoses.delete(diagnoses.c.order == 2)
    release = project.ledger.releases.all()[0]["id"]
    (project.models / release / "manifest.json").write_text("{}")
    diagnostics.run(project)
    assert any("no diagnosis of batch 2" in line for line in site.said)
    assert rows(site) == []
