"""The documentation says what is there, and nothing else."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from vigil import charts, documents, drift, exporters, faults, models, policies
from vigil.alerts import channels
from vigil.config import Config
from vigil.errors import ConfigError
from vigil.models import registry
from vigil.project import Project
from vigil.stats import metrics

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SCRIPTS = (
    "fullprocess",
    "ingestion",
    "scoring",
    "training",
    "deployment",
    "diagnostics",
    "alerting",
    "reporting",
    "upkeep",
    "app",
)


def files(folder: str) -> set[str]:
    """Return the names of a room's public modules."""
    return {path.stem for path in (ROOT / folder).glob("[a-z]*.py")}


PLUG_INS = {
    "a model type": set(models.names()),
    "a metric": {name for task in ("binary", "multiclass", "regression") for name in metrics.names(task)},
    "a policy": set(policies.names()),
    "a drift measure": set(drift.names()),
    "a fault": set(faults.names()),
    "a reader": {"csv", "parquet"},
    "a chart": set(charts.names()),
    "a document": {name.removeprefix("report.").removesuffix(".png") for name in documents.names()},
    "an exporter": set(exporters.names()),
    "a channel": set(channels.names()),
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
        assert isinstance(json.loads(block), dict | list)


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


def text_of(name: str) -> str:
    """Return a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def table(text: str, first: str) -> list[dict[str, str]]:
    """Return the rows of every table whose first column has this head, without backticks around cells."""
    found: list[dict[str, str]] = []
    heads: list[str] | None = None
    for line in text.splitlines():
        if not line.startswith("|"):
            heads = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if heads is None:
            heads = cells
        elif heads[0] == first and set(line) - set("|-"):
            found.append({head: cell.strip("`") for head, cell in zip(heads, cells, strict=True)})
    return found


def settings(model: type[BaseModel] = Config, prefix: str = "") -> dict[str, object]:
    """Return every setting's default by its dotted name; sections are taken apart."""
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= settings(field.annotation, f"{prefix}{name}.")
        else:
            found[prefix + name] = "required" if field.is_required() else field.default
    return found


ROWS = {row["setting"]: row for row in table(text_of("docs/configuration.md"), "setting")}
REQUIRED = {name: name for name, default in settings().items() if default == "required"}


def test_every_row_is_a_setting_and_every_setting_has_one() -> None:
    """Nested settings have rows too, and nothing else is documented as a setting."""
    assert set(ROWS) == set(settings())


@pytest.mark.parametrize("name", settings())
def test_a_setting_is_shown_with_its_default(name: str) -> None:
    """The default on the page is the default in the code."""
    shown, default = ROWS[name]["default"], settings()[name]
    read = shown if shown == "required" else json.loads(shown)
    assert (type(read), read) == (type(default), default)


@pytest.mark.parametrize("name", settings())
def test_a_settings_example_is_accepted(name: str) -> None:
    """The example is JSON that the config takes, and not the default again."""
    value = json.loads(ROWS[name]["example"])
    assert value != settings()[name]
    head, _, tail = name.partition(".")
    assert Config.model_validate(REQUIRED | {head: {tail: value} if tail else value})


def test_every_config_fault_is_listed(tmp_path: Path) -> None:
    """The ids on the page are those in the code, and those that rooms give to their own settings."""
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps(
            REQUIRED
            | dict.fromkeys(("policy", "model", "metric"), "no-such")
            | {"model_settings": {"no-such": {}}}
        )
    )
    with pytest.raises(ConfigError) as caught:
        Project(path)
    used = {fault.id for fault in caught.value.faults}
    for file in ROOT.glob("vigil/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            is_fault = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Fault"
            if is_fault and isinstance(node.args[0], ast.Constant):
                used.add(node.args[0].value)
    assert {row["id"] for row in table(text_of("docs/configuration.md"), "id")} == used


def test_every_option_of_a_policy_is_listed() -> None:
    """Options and defaults on the page are the policies' own."""
    rows = table(text_of("docs/configuration.md"), "policy")
    own = {name: policies.opened(name)[0].OPTIONS for name in policies.names()}
    expected = {(name, key, repr(value)) for name, given in own.items() for key, value in given.items()}
    assert {(row["policy"], row["option"], row["default"]) for row in rows} == expected


def test_every_setting_of_a_model_type_is_listed() -> None:
    """Settings, usual values and ranges on the page are the types' own."""
    rows = table(text_of("docs/configuration.md"), "model type")
    own = {
        (kind, name, f"{one.usual:g}", f"{one.low:g}, {one.high:g}")
        for kind in models.names()
        for name, one in registry.get(kind).SPACE.items()
    }
    assert {(row["model type"], row["setting"], row["usual"], row["from, to"]) for row in rows} == own


@pytest.mark.parametrize(
    ("title", "offers"),
    [("A metric", ["METRIC"]), ("A policy", ["OPTIONS", "propose"]), ("A fault", ["TITLE", "look_at"])],
)
def test_an_example_of_a_plug_in_runs(title: str, offers: list[str]) -> None:
    """The example runs as it stands, and has what its neighbours have."""
    shown = re.search(
        rf"^## {title} in full\n.*?^```python\n(.*?)^```$",
        text_of("docs/extending.md"),
        re.MULTILINE | re.DOTALL,
    )
    assert shown
    space: dict[str, object] = {"__name__": "example"}
    exec(compile(shown[1], title, "exec"), space)
    assert [name for name in offers if name not in space] == []


def test_the_architecture_names_every_root_file_and_room() -> None:
    """ARCHITECTURE.md has a row for each file at the root, and each room and module of the package."""
    text = text_of("ARCHITECTURE.md")
    assert {row["file"] for row in table(text, "file")} == {path.name for path in ROOT.glob("*.py")}
    rooms = {path.parent.name for path in ROOT.glob("vigil/*/__init__.py")}
    modules = {path.name for path in ROOT.glob("vigil/[!_]*.py")}
    assert [name for name in sorted(rooms | modules) if f"`vigil/{name}`" not in text] == []


def test_every_bench_has_its_claim() -> None:
    """Each program that measures something is in the first table of the evidence."""
    told = " ".join(row["measured by"] for row in table(text_of("docs/evidence.md"), "claim"))
    claims = [p.stem for p in ROOT.glob("bench/*.py") if not p.stem.startswith("_")]
    assert [name for name in claims if not re.search(rf"\b{name}\b", told)] == []


@pytest.mark.parametrize("bench", sorted(ROOT.glob("bench/[a-z]*.py")), ids=lambda path: path.stem)
def test_a_bench_explains_its_options(bench: Path) -> None:
    """Each bench takes --help, which says what every option is for."""
    calls = [node for node in ast.walk(ast.parse(bench.read_text())) if isinstance(node, ast.Call)]
    assert any(getattr(call.func, "attr", "") == "ArgumentParser" for call in calls)
    for option in (call for call in calls if getattr(call.func, "attr", "") == "add_argument"):
        assert any(given.arg == "help" for given in option.keywords), ast.unparse(option)


def test_decisions_are_numbered_without_a_gap() -> None:
    """Records count from 1, and each begins with its number."""
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    heads = [int(re.match(r"# (\d+)\. ", record.read_text(encoding="utf-8"))[1]) for record in records]  # type: ignore[index]
    assert heads == [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_into_a_page_find_their_heading(page: Path) -> None:
    """The part of a link after # is a heading of the page that it leads to."""
    for link in re.findall(r"\]\(([^)\s]+#[^)\s]+)\)", prose(page)):
        name, _, anchor = link.partition("#")
        if "://" not in link:
            heads = re.findall(r"^#+ (.+)$", prose(page.parent / name if name else page), re.MULTILINE)
            known = [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]
            assert anchor in known, link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_file_names_are_not_stale(page: Path) -> None:
    """What looks like a file of the repository is there; NAME, <name> and … stand for any."""
    tops = r"(?:vigil|tests|docs|bench|examples|practicedata|\.ci|\.github)/[\w./<>…*-]+"
    spans = re.findall(r"`([^`\n]+)`", prose(page))
    names = {span for span in spans if re.fullmatch(rf"{tops}|[\w<>]+\.py|[A-Z]{{4,}}\.md", span)}
    assert sorted(name for name in names if not is_there(name)) == []


def is_there(name: str) -> bool:
    """Say whether a name stands for a file from the root, or for a module in some room."""
    pattern = re.sub(r"<\w+>|NAME|…", "*", name).rstrip("/")
    deep = [] if "/" in pattern else [f"vigil/**/{pattern}"]
    return any(next(ROOT.glob(wanted), None) is not None for wanted in [pattern, *deep])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_module_names_are_not_stale(page: Path) -> None:
    """A dotted name of the package is a module, or something in one."""
    for name in set(re.findall(r"`(vigil(?:\.\w+)+)`", prose(page))):
        if (ROOT / f"{name.replace('.', '/')}.py").is_file() or (ROOT / name.replace(".", "/")).is_dir():
            continue
        head, _, tail = name.rpartition(".")
        assert hasattr(importlib.import_module(head), tail), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_programs_that_are_called_exist(page: Path) -> None:
    """Every `python …` on a page names a file or a module that is there."""
    called = re.findall(r"python (-m )?([\w./]+)", page.read_text(encoding="utf-8"))
    files_named = {f"{name.replace('.', '/')}.py" if module else name for module, name in called}
    ours = {name for name in files_named if name.endswith(".py") and name not in ("pip.py", "venv.py")}
    assert sorted(name for name in ours if not (ROOT / name).is_file()) == []
