"""The description is true: every operation, with input made from it, answers as it says."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.control import SkipTest
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

import app
from vigil.web.endpoints.actions import ACTIONS

TOKEN = "0123456789abcdef"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def application(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give an application with three runs behind it; its actions start nothing."""
    monkeypatch.setattr(app, "commands", lambda _: {name: ["true"] for name in ACTIONS})
    monkeypatch.setattr("vigil.web.service.GUESSES", 10**6)  # wrong tokens are part of the checks
    return world.app(VIGIL_TOKEN=TOKEN)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_as_described(application: Any, mode: GenerationMode) -> None:
    """Status, type, headers and shape of answers to valid and to invalid input; nothing ends in a fault."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app=application, headers=AUTHORIZED)
    schema.config.generation.update(modes=[mode])
    seen = 0
    for operation in schema.get_all_operations():

        @given(case=operation.ok().as_strategy(generation_mode=mode))
        @settings(
            max_examples=6, derandomize=True, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck), database=None,
        )  # fmt: skip
        def check(case: Any) -> None:
            case.call_and_validate(headers=AUTHORIZED, excluded_checks=undescribed(case))

        with contextlib.suppress(SkipTest):  # nothing about it could be wrong
            check()
        seen += 1
    assert seen >= 22


def undescribed(case: Any) -> list[Any]:
    """Return the checks that a body of rows evades: what CSV is, and which fields go together."""
    if case.path not in ("/prediction", "/outcomes"):
        return []
    return [positive_data_acceptance, *([negative_data_rejection] if case.media_type == "text/csv" else [])]


def test_every_example_has_the_described_shape(application: Any) -> None:
    """The examples on the page and in the description are answers that could have been given."""
    from jsonschema import Draft202012Validator

    spec = application.test_client().get("/openapi.json", headers=AUTHORIZED).json
    examples = 0
    for methods in spec["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                for content in response.get("content", {}).values():
                    if "example" in content and status < "300" and "$ref" not in content["schema"]:
                        Draft202012Validator(content["schema"]).validate(content["example"])
                        examples += 1
    assert examples >= 12


def test_the_page_needs_no_script_and_names_every_operation(application: Any) -> None:
    """It is read under the strict content policy, without a network."""
    text = application.test_client().get("/docs", headers=AUTHORIZED).text
    spec = application.test_client().get("/openapi.json", headers=AUTHORIZED).json
    assert text.count("<script") == text.count('<script src="/static/vigil.js" defer></script>') == 1
    assert "http://" not in text.replace("http://www.w3.org", "")
    for path, methods in spec["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in text
