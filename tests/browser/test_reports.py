"""The report's page, opened from a file as its reader does."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.documents.cases import answers
from vigil import documents

LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}},
    "no script": {"java_script_enabled": False},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("case", ["hostile", "broken_feed"])
def test_a_report_opens_whole_from_a_file(case: str, look: str, browser: Browser, tmp_path: Path) -> None:
    """It fits its window, complains of nothing, asks for nothing elsewhere, runs nothing of others."""
    place = tmp_path / "report.html"
    place.write_bytes(documents.build("report.html", answers(case)))
    context = browser.new_context(**LOOKS[look])
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda asked: complaints.append(asked.url) if asked.url != place.as_uri() else None)
    page.goto(place.as_uri())
    assert complaints == []
    assert page.get_by_text("What to do next").is_visible()
    assert page.locator("figure svg").count() >= 5
    if look != "no script":
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out_of_a_report(scheme: str, browser: Browser, tmp_path: Path) -> None:
    """No fault of accessibility, with every part opened; contrast included."""
    place = tmp_path / "report.html"
    place.write_bytes(documents.build("report.html", answers("broken_feed")))
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(place.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert [(one["id"], one["nodes"][0]["html"]) for one in Axe().run(page).response["violations"]] == []
    context.close()
