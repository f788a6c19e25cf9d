"""Every page and every action in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from bench._history import SCRIPT, project
from bench.dashboard import painted, served
from vigil.access import tokens
from vigil.project import Project

PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
NO_SCRIPT = {"java_script_enabled": False}
PAGES = (
    "/", "/?last=10000", "/runs", "/runs/10000", "/models", "/models/compare", "/models/{live}/card",
    "/faults", "/quarantine", "/quarantine/{batch}", "/alerts", "/audit", "/docs", "/login",
)  # fmt: skip


def path_of(page: str, history: Project) -> str:
    """Fill in the batch that has rows in quarantine, and a release."""
    batch = history.ledger.batches.quarantined(before=10_001, limit=1)[0].id
    return page.format(batch=batch, live=history.ledger.releases.deployed()[0]["id"])


@pytest.mark.parametrize(
    ("opened", "pages"),
    [({}, PAGES), (DARK, ("/", "/models/compare", "/models/{live}/card", "/faults", "/alerts"))],
    indirect=["opened"],
    ids=["light", "dark"],
)
def test_nobody_is_kept_out(opened: Any, pages: tuple[str, ...], history: Project) -> None:
    """No page has a serious fault of accessibility, with every part of it opened; contrast included."""
    for page in pages:
        shown = opened.go(path_of(page, history))
        shown.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        found = Axe().run(shown).response["violations"]
        grave = [
            (page, one["id"], [node["target"] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert grave == []


@pytest.mark.parametrize("opened", [PHONE], indirect=True)
def test_a_phone_shows_pages_in_its_width(opened: Any, history: Project) -> None:
    """Nothing sticks out at 360 pixels: wide tables scroll inside themselves, long names break."""
    for page in PAGES:
        shown = opened.go(path_of(page, history))
        shown.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert shown.evaluate("document.documentElement.scrollWidth") <= 360, page


def test_names_that_mean_harm_are_text(opened: Any, history: Project) -> None:
    """A file, a column, a level and a cell named like a script are read, and run nowhere."""
    for page in ("/?last=50", "/runs/10000", "/faults", "/quarantine/{batch}"):
        shown = opened.go(path_of(page, history))
        assert SCRIPT in shown.content().replace("&lt;", "<").replace("&gt;", ">"), page
        assert shown.evaluate("document.scripts.length") == 1, page


def test_values_follow_the_pointer_and_the_keys(opened: Any) -> None:
    """What is under the pointer is said below the chart; arrow keys go from batch to batch."""
    page = opened.go("/?last=50")
    chart, said = page.locator("svg[data-spots]").first, page.locator(".readout").first
    chart.hover()
    expect(said).to_contain_text(": 0.")
    page.mouse.move(0, 0)
    expect(said).to_be_empty()
    chart.focus()
    page.keyboard.press("End")
    newest = said.text_content()
    page.keyboard.press("ArrowLeft")
    expect(said).not_to_have_text(newest)
    page.keyboard.press("End")
    expect(said).to_have_text(newest)


def test_a_range_is_chosen_by_a_link(opened: Any) -> None:
    """The page says which range it shows, and how many batches that is."""
    page = opened.go("/")
    page.get_by_role("link", name="1,000", exact=True).click()
    expect(page.locator(".summary").first).to_contain_text("over 1,000 batches")
    expect(page.locator(".range [aria-current]")).to_have_text("1,000")


@pytest.mark.parametrize("opened", [NO_SCRIPT], indirect=True)
def test_a_page_is_complete_without_scripts(opened: Any) -> None:
    """The sentence, the charts, their numbers and the actions are there."""
    page = opened.go("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("The model has become worse.")
    assert page.locator("svg.chart polyline.series").count() >= 2
    page.locator("#behind-score summary").click()
    expect(page.locator("#behind-score tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Start a tick").click()
    expect(page.locator(".standing")).to_contain_text("Last action: run by")


def test_a_page_renews_itself(opened: Any, history: Project) -> None:
    """When a new run is in the ledger the page shows it, without being loaded again."""
    page = opened.page
    page.clock.install()
    opened.go("/")
    page.evaluate("window.same = true")
    run = history.ledger.runs.start("command")
    history.ledger.runs.finish(run, status="done", news=False, summary="something new", steps=[])
    page.clock.run_for(31_000)
    expect(page.get_by_text("something new")).to_be_visible()
    assert page.evaluate("window.same")


def test_what_is_grave_is_asked_about_first(opened: Any) -> None:
    """Rolling back takes two clicks: the first says what will happen, the second does it, and it is noted."""
    page = opened.go("/models")
    assert not page.get_by_role("button", name="Roll back now").is_visible()
    page.get_by_text("Roll back …").click()
    expect(page.get_by_text("The release before the live one answers again")).to_be_visible()
    page.get_by_role("button", name="Roll back now").click()
    expect(page.locator(".standing")).to_contain_text("Last action: rollback by")


def test_ticks_are_paused_and_go_on(opened: Any) -> None:
    """The command runs in truth; the first page says what it did, and offers the way back."""
    page = opened.go("/")
    page.get_by_role("button", name="Pause scheduled ticks").click(timeout=60_000)
    expect(page.locator(".standing")).to_contain_text("ticks are paused")
    page.get_by_role("button", name="Resume ticks").click(timeout=60_000)
    expect(page.get_by_role("button", name="Pause scheduled ticks")).to_be_visible()


def test_a_fault_is_dismissed_by_a_button(opened: Any) -> None:
    """The fault's own command is started with its id, and the page comes back."""
    page = opened.go("/faults")
    page.get_by_text("Dismiss …").click()
    page.get_by_role("button", name="Dismiss now").click()
    expect(page).to_have_url(f"{page.url.partition('/faults')[0]}/faults")
    opened.go("/audit")
    expect(page.locator("tbody")).to_contain_text("done 9-unit_change-1a2b")


def test_tables_are_saved_as_files(opened: Any, history: Project) -> None:
    """The scores and a batch's quarantine are downloads."""
    for page, link in (("/", "All of them as CSV"), ("/quarantine/{batch}", "All of them as CSV")):
        shown = opened.go(path_of(page, history))
        shown.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        if page == "/":  # rows in quarantine need a contract, which this project has none of
            with shown.expect_download() as saved:
                shown.get_by_role("link", name=link).click()
            assert saved.value.suggested_filename == "scores.csv"
        else:
            assert shown.get_by_role("link", name=link).get_attribute("href").endswith("/rows.csv")


def test_print_leaves_out_what_paper_cannot_do(opened: Any) -> None:
    """No button, no navigation; what was folded in is unfolded, the first lines of each table."""
    page = opened.go("/")
    page.emulate_media(media="print")
    assert not page.locator("nav").first.is_visible()
    assert not page.get_by_role("button", name="Start a tick").is_visible()
    lines = page.locator("#behind-score tbody tr")
    heights = lines.evaluate_all("(all) => all.map((line) => line.getBoundingClientRect().height)")
    assert len(heights) > 8
    assert all(heights[:8])
    assert not any(heights[8:])


def test_the_first_paint_comes_soon(opened: Any) -> None:
    """10,000 batches are painted at once: the budget is a second, a busy machine is given five."""
    page = opened.go("/?last=10000")
    assert painted(page) < 5000


def test_a_reader_logs_in_and_finds_nothing_to_press(browser: Browser, tmp_path: Any) -> None:
    """Where tokens are needed the login comes first; the role decides what is offered."""
    made = project(tmp_path, batches=8)
    token = tokens.add(made.ledger.tokens, "anna", "read", days=None, clock=made.clock)[1]
    with served(made) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_label("Token").fill("not this one")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("no valid token")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("model")
        assert page.locator("form.act").count() == 0
        page.get_by_role("button", name="Log out").click()
        page.goto(address)
        assert page.url.endswith("/login")
    made.close()
