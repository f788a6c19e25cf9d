from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from vigil.web import endpoints, errors

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "api.md"
FRAMEWORK = {"/static/<path:filename>"}


def test_every_route_is_documented(world: Any) -> None:
    """docs/api.md has a heading for each route, with an example below it; and none for what is not there."""
    rules = {str(rule) for rule in world.app().url_map.iter_rules()} - {"/static/<path:filename>"}
    routes = {re.sub(r"<(\w+)>", lambda m: m[1].upper(), rule.replace("<int:run>", "ID")) for rule in rules}
    headings = re.findall(r"^## `(?:GET|POST) (\S+)`$", DOCS.read_text(), re.MULTILINE)
    assert set(headings) == routes
    for section in re.split(r"^## ", DOCS.read_text(), flags=re.MULTILINE)[1:]:
        if section.startswith(("`GET", "`POST")):
            assert "```" in section, section.splitlines()[0]


def test_documented_get_examples_are_answered(world: Any, client: Any) -> None:
    """Each `curl` line of a GET in the docs works on a project with runs."""
    paths = re.findall(r"^curl -s '?http://127\.0\.0\.1:8000(/[^\s']*)'?$", DOCS.read_text(), re.MULTILINE)
    assert len(paths) >= 10
    for path in paths:
        named = path.replace("BATCH", "batch2").replace("RELEASE", world.ids["first"])
        assert client.get(named).status_code == 200, path


def test_openapi_describes_every_route(world: Any) -> None:
    """Summary and responses for each, and the body of a prediction."""
    spec = world.client().get("/openapi.json").json
    rules = {str(rule) for rule in world.app().url_map.iter_rules()} - FRAMEWORK
    assert set(spec["paths"]) == {re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule) for rule in rules}
    body = spec["paths"]["/prediction"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "text/csv"}
    assert all(method["summary"] for path in spec["paths"].values() for method in path.values())


def test_every_endpoint_file_builds_a_blueprint(world: Any) -> None:
    """A file in the room is an endpoint: nothing else is needed to mount it."""
    assert set(endpoints.names()) <= set(world.app().blueprints)


def test_every_error_code_is_documented() -> None:
    """The table of docs/api.md has each status and code that the service answers with, and no other."""
    told = {
        (status, code)
        for status, codes in re.findall(r"^\| (\d{3}) \| ([^|]+) \|", DOCS.read_text(), re.MULTILINE)
        for code in re.findall(r"`([a-z0-9-]+)`", codes)
    }
    source = "".join(path.read_text() for path in (ROOT / "vigil" / "web").glob("**/*.py"))
    answered = set(re.findall(r'(?<![.\d])([45]\d\d), (?:body\()?"([a-z0-9-]+)"', source))
    assert told == answered | {(str(status), words[0]) for status, words in errors.WORDS.items()}
