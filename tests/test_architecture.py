"""The rules that keep the tree readable: who imports whom, what may be named how, what is tracked."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STEPS = (
    "labelling",
    "ingestion",
    "training",
    "scoring",
    "deployment",
    "diagnostics",
    "alerting",
    "reporting",
    "upkeep",
)
PROMISED = (*STEPS, "fullprocess", "app")
PRESENT = tuple(sorted(path.stem for path in ROOT.glob("*.py")))
MAY_IMPORT = {"fullprocess": set(STEPS), "replay": {"fullprocess"}}
LONGEST_STEP = 200
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc"}
LINT = "from importlinter.cli import lint_imports_command as lint; lint()"

#: In parts, so that this file does not hold what it looks for.
NEEDLES = tuple(
    "".join(parts)
    for parts in (
        ("pypi.", "org"),
        ("pythonhosted", ".org"),
        ("anaconda", ".org"),
        ("npmjs", ".org"),
        ("--index", "-url"),
        ("--extra-index", "-url"),
        ("/work/", "main"),
        ("/work/", "shared"),
        ("/tmp/", "spec"),
    )
)


def imported(path):
    """Return the full names of the modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_root_files(path):
    """Return which of the root files a file imports, existing or only promised."""
    return {name.partition(".")[0] for name in imported(path)} & {*PRESENT, *PROMISED, "replay"}


def tracked():
    """Return every file that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git work tree")
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_root_file_exists(name):
    """The steps, the story and the service are files at the root."""
    assert (ROOT / f"{name}.py").is_file()


@pytest.mark.parametrize("name", PRESENT)
def test_a_root_file_imports_only_the_root_files_it_may(name):
    """Steps import no root file; the story imports steps; the replay imports the story."""
    assert imported_root_files(ROOT / f"{name}.py") <= MAY_IMPORT.get(name, set())


def test_the_app_mounts_the_web_room():
    """The service lives in the package, and app.py only opens its door."""
    assert any(name.startswith("vigil.web") for name in imported(ROOT / "app.py"))


def test_the_package_imports_no_root_file():
    """What orders and decides stays above what computes and stores."""
    guilty = {str(path): imported_root_files(path) for path in (ROOT / "vigil").rglob("*.py")}
    assert {path: names for path, names in guilty.items() if names} == {}


@pytest.mark.parametrize("name", [name for name in STEPS if name in PRESENT])
def test_a_step_stays_short(name):
    """A step holds policy; what makes it long belongs in a room."""
    assert len((ROOT / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= LONGEST_STEP


def test_no_room_is_a_drawer():
    """No module or package has a name that could hold anything."""
    paths = [*ROOT.glob("*.py"), *(ROOT / "vigil").rglob("*")]
    assert [str(path) for path in paths if path.stem in VAGUE] == []


def test_the_rooms_keep_to_their_layers():
    """The contracts in .importlinter hold."""
    command = [sys.executable, "-c", LINT, "--config", ".importlinter", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_tracked_file_names_a_registry_or_a_workplace():
    """The lock file installs from any index, and nothing depends on one machine."""
    found = [
        (str(path), needle)
        for path, text in ((path, path.read_bytes()) for path in tracked())
        for needle in NEEDLES
        if needle.encode() in text
    ]
    assert found == []
