"""The documentation says what is there, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vigil import charts, documents, drift, models, policies
from vigil.config import Config
from vigil.stats import metrics

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SCRIPTS = ("fullprocess", "ingestion", "scoring", "training", "deployment", "diagnostics", "reporting", "app")


def files(folder: str) -> set[str]:
    """Return the names of a room's public modules."""
    return {path.stem for path in (ROOT / folder).glob("[a-z]*.py")}


PLUG_INS = {
    "a model type": set(models.names()),
    "a metric": {name for task in ("binary", "multiclass", "regression") for name in metrics.names(task)},
    "a policy": set(policies.names()),
    "a drift measure": set(drift.names()),
    "a reader": {"csv", "parquet"},
    "a chart": set(charts.names()),
    "a document": {Path(name).stem.replace("report", "pdf") for name in documents.names()},
    "an endpoint or page": files("vigil/web/endpoints"),
}


@pytest.mark.parametrize("what", PLUG_INS)
def test_every_plug_in_is_listed(what: str) -> None:
    """The page about extending names each plug-in that its room finds, and no other."""
    row = next(
        line
        for line in (ROOT / "docs/extending.md").read_text().splitlines()
        if line.startswith(f"| {what} |")
    )
    assert set(re.findall(r"`([a-z0-9_]+)`", row.split("|")[4])) == PLUG_INS[what]


@pytest.mark.parametrize("setting", Config.model_fields)
def test_every_setting_is_documented(setting: str) -> None:
    """The page about the config names each setting."""
    assert f"`{setting}`" in (ROOT / "docs/configuration.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file of the project."""
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in link and not link.startswith("mailto:"):
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_json_blocks_are_json(page: Path) -> None:
    """A block that says it is JSON can be read as JSON."""
    for block in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL):
        json.loads(block)


@pytest.mark.parametrize("script", SCRIPTS)
def test_options_that_are_named_exist(script: str) -> None:
    """Every option that a page gives to a command is in the command's own help."""
    told = "".join(page.read_text() for page in PAGES)
    named = {
        option
        for line in re.findall(rf"python {script}\.py([^`\n|]*)", told)
        for option in re.findall(r"--[a-z-]+", line)
    }
    command = [sys.executable, str(ROOT / f"{script}.py"), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert named <= set(re.findall(r"--[a-z-]+", shown))


def test_make_targets_that_are_named_exist() -> None:
    """Every `make TARGET` of a page is in the Makefile."""
    told = "".join(page.read_text() for page in PAGES)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", told)) <= targets
