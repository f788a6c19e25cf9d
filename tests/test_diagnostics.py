import json

import diagnostics


def advice(site):
    """Return the advice that the newest tick wrote down, as (severity, what)."""
    written = site.project().ledger.facts.get("advice")
    return [(item["severity"], item["what"]) for item in json.loads(written)]


def test_an_empty_project_has_no_advice(site):
    """Before any file there is nothing to advise."""
    assert diagnostics.advise(site.project()) == []


def test_no_skill_asks_for_more(site):
    """Nothing deployed after a batch is the first thing to act on."""
    site.leavers("w-1.csv", 400, random=True)
    site.tick()
    severity, what = advice(site)[0]
    assert severity == "act"
    assert "No model is deployed" in what


def test_refused_and_quarantined_files_are_named(site):
    """A refused file stands until it is mended; rows in quarantine are a warning until the next batch."""
    site.leavers("w-1.csv", 600)
    text = site.leavers("w-2.csv", 100, seed=2).read_text()
    site.write("w-2.csv", text.replace("c2-7,", ",", 1))
    site.write("w-3.csv", "no,such\ncolumns,here\n")
    site.tick()
    found = advice(site)
    assert any(s == "act" and "w-3.csv was refused" in w for s, w in found)
    assert any(s == "warn" and "1 rows of w-2.csv" in w for s, w in found)
    site.leavers("w-4.csv", 100, seed=4)
    site.tick()
    found = advice(site)
    assert any("w-3.csv was refused" in what for _, what in found)
    assert not any("w-2.csv" in what for _, what in found)


def test_an_open_incident_comes_first(site):
    """A model that became worse is the most urgent advice."""
    site.configure(policy="never")
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 300, seed=3, turned=True)
    site.tick()
    assert advice(site)[0][0] == "act"
    assert advice(site)[0][1] == "The live model has become worse; no challenger was tried."


def test_too_little_data_is_a_warning(site):
    """Where the verdict is insufficient data, the advice says what helps."""
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 30, seed=2)
    site.tick()
    assert ("warn", "There is too little data to judge the live model.") in advice(site)


def test_packages_are_stated_and_the_index_is_not_asked(site):
    """Installed versions are written down; nothing is asked over the network unless the config says so."""
    site.leavers("w-1.csv", 300)
    site.tick()
    found = json.loads(site.project().ledger.facts.get("packages"))
    assert found["checked"] == "not asked"
    rows = {row["name"]: row for row in found["list"]}
    assert rows["numpy"]["ok"]
    assert rows["numpy"]["latest"] is None


def test_a_first_look_is_written(site):
    """`--explore` leaves a page and a PDF in the reports' folder, and nothing in the ledger."""
    from types import SimpleNamespace

    site.leavers("w-1.csv", 300)
    site.tick()
    project = site.project()
    runs = len(project.ledger.runs.latest(limit=50))
    diagnostics.command(project, SimpleNamespace(explore=True, rows=False, json=False))
    assert {path.name for path in (project.reports / "explore").iterdir()} == {"explore.html", "explore.pdf"}
    assert len(project.ledger.runs.latest(limit=50)) == runs


def test_rows_are_compared_when_asked(site):
    """`--rows` tells the newest batch's rows from the training rows, or says that there is none."""
    from types import SimpleNamespace

    asked = SimpleNamespace(explore=False, rows=True, json=False)
    site.leavers("w-1.csv", 600)
    site.tick()
    diagnostics.command(site.project(), asked)
    assert site.said[-1] == "No batch has met a release yet."
    site.leavers("w-2.csv", 500, seed=2)
    site.tick()
    diagnostics.command(site.project(), asked)
    assert "no difference that matters" in site.said[-1]
