import json

from tests.conftest import leavers
from vigil import cards
from vigil.cards import limits


def _trained(site, **settings):
    """Return a project with a first release, and the release."""
    site.configure(purpose="Names customers to call.", **settings)
    site.leavers("w-1.csv", 400)
    found = site.tick()
    project = site.project()
    return project, next(row["id"] for row in project.ledger.releases.deployed()), found


def test_a_card_says_what_the_release_is(site):
    """Purpose, files with digests, features with ranges, score with interval, decisions: all there."""
    project, release, _ = _trained(site)
    card = cards.gathered(project, release)
    assert card["purpose"] == "Names customers to call."
    (file,) = card["data"]["files"]
    batch = project.ledger.batches.all()[0]
    assert (file["name"], file["sha256"], file["rows"]) == ("w-1.csv", batch.digest, 400)
    assert file["ingested"].startswith("2026-03-01T12")
    assert not {"None", "deprecated"} & {str(value) for value in card["settings"]["params"].values()}
    seen = {feature["name"]: feature for feature in card["features"]}
    assert seen["activity"]["minimum"] < 0 < seen["activity"]["maximum"]
    assert dict(map(tuple, seen["region"]["most_frequent"])).keys() == {"north", "south"}
    low, high = card["reference"]["interval"]
    assert low < card["reference"]["score"] < high
    assert ("gate", "promote") in [(row["kind"], row["outcome"]) for row in card["history"]]
    assert json.loads(json.dumps(card)) == card


def test_frequent_levels_among_too_many_are_named(site):
    """A release's profile samples its training rows: of hundreds of streets the frequent one is named."""
    head, *lines = leavers(900).splitlines()
    streets = ["Main" if number % 5 == 0 else f"Side {number}" for number in range(len(lines))]
    told = [f"{line},{street}" for line, street in zip(lines, streets, strict=True)]
    site.write("w-1.csv", "\n".join([f"{head},street", *told]) + "\n")
    site.tick()
    project = site.project()
    card = cards.gathered(project, project.ledger.releases.deployed()[0]["id"])
    (street,) = (feature for feature in card["features"] if feature["name"] == "street")
    ((level, about, least, most),) = street["most_frequent_about"]
    assert level == "Main"
    assert least <= about <= most < 200
    assert "Main about " in cards.markdown(card)


def test_limits_follow_from_the_release(site):
    """What was not seen, what is assumed, and what nobody looked at is said."""
    project, release, _ = _trained(site)
    told = " ".join(cards.gathered(project, release)["limits"])
    for words in ("outside the ranges", "no known level", "rows of 20 % of customer", "raises an alarm"):
        assert words in told
    assert "no batch with labels yet" in told
    assert "No column is named as sensitive" in told
    site.configure(sensitive=["region"])
    assert "sensitive" not in " ".join(cards.gathered(site.project(), release)["limits"])


def test_a_class_that_nothing_held_out_has_is_a_limit(site):
    """A score over classes says nothing about one that no held-out row is of."""
    project, release, _ = _trained(site)
    card = cards.gathered(project, release)
    config = project.config
    for counts, words in (
        (
            [[0, 0, 0], [0, 19, 14], [0, 8, 44]],
            "No held-out row is of broken: its score says nothing about that.",
        ),
        ([[1, 0, 0], [0, 19, 14], [0, 8, 44]], ""),
    ):
        details = {"labels": ["broken", "worn", "fine"], "confusion": counts}
        said = " ".join(limits.of({**card, "details": details}, config, has_key=True))
        assert ("No held-out row" in said) == bool(words)
        assert words in said


def test_the_weights_of_a_vote_are_told_one_by_one(site):
    """Settings that hold several by name are lines of their own."""
    project, release, _ = _trained(site)
    card = cards.gathered(project, release)
    card["settings"]["params"] = {"members": {"411ed7756763": 0.0832, "75d26ff2e0c5": 0.1968}}
    text = cards.markdown(card)
    assert "- members: 411ed7756763: 0.0832" in text
    assert "- members: 75d26ff2e0c5: 0.1968" in text


def test_markdown_and_page_say_the_same(site):
    """Both forms have every section; names in Markdown cannot become marks."""
    project, release, _ = _trained(site)
    card = cards.gathered(project, release) | {"purpose": "<b>a</b> | *b*"}
    text, page = cards.markdown(card), cards.page(card).decode()
    for title in ("Purpose", "Training data", "Settings", "Features", "How good", "Limits"):
        assert f"## {title}" in text
        assert f">{title}</h2>" in page
    assert r"\<b\>a\</b\> \| \*b\*" in text
    assert "&lt;b&gt;a&lt;/b&gt;" in page
    assert "<svg" in page


def test_without_its_bundle_a_card_is_shorter(site):
    """A release whose bundle is gone still has a card."""
    project, release, _ = _trained(site)
    for path in (project.models / release).iterdir():
        path.unlink()
    card = cards.gathered(project, release)
    assert card["features"] == []
    assert cards.markdown(card).startswith("# small: model card of release")


def test_without_its_contract_a_card_says_what_the_config_does(site):
    """The contract knows whom a row is about; where it is gone, so does the config."""
    project, release, _ = _trained(site)
    before = cards.gathered(project, release)
    for path in project.output.rglob("contract*.json"):
        path.unlink()
    assert cards.gathered(project, release)["limits"] == before["limits"]
