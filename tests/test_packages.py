"""What the installation runs on, against what the project file asks for."""

from __future__ import annotations

import re

from vigil import packages

FILE = """
[project]
dependencies = [
    "flask>=3.1,<4", "simple_name", "absent-here>=1 ; python_version < '3'", "numpy<1; python_version > '3'",
]
"""


def test_packages_meant_for_another_python_are_not_asked_for(monkeypatch, tmp_path):
    """A condition decides whether a package is wanted, and is no part of the versions."""
    file = tmp_path / "pyproject.toml"
    file.write_text(FILE)
    monkeypatch.setattr(packages, "_PROJECT_FILE", file)
    assert packages.required() == [("flask", ">=3.1,<4"), ("simple_name", ""), ("numpy", "<1")]
    verdicts = {row["name"]: row["ok"] for row in packages.check(ask_latest=False, now="")["list"]}
    assert verdicts == {"flask": True, "simple_name": False, "numpy": False}


def test_this_installation_has_all_that_the_project_asks_for():
    """Each package of the project file is there, in a version that is wanted."""
    found = packages.check(ask_latest=False, now="")["list"]
    assert len(found) > 10
    assert [row for row in found if not row["ok"]] == []
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", row["name"]) for row in found)
