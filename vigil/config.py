"""The config: every setting, its default, and its limits; all faults reported together.

The data's own columns are checked later, by the contract room, which is the first to see a file.
A plug-in's section (``policy``, ``model``, ``alerts``) is kept raw here; its room validates it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vigil import plugins
from vigil.errors import ConfigError, Fault

#: Days beyond which no setting reaches: a calendar ends, and so does what counts its moments.
CENTURY = 36_500

Share = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]

#: What the folders of a new project are called.
FOLDERS = {
    "input_folder_path": "arriving",
    "output_folder_path": "ingested",
    "output_model_path": "models",
    "prod_deployment_path": "production",
}


class Section(BaseModel):
    """A group of settings; an unknown key in it is a fault, and so is a value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Server(Section):
    """Where the service listens. Beyond loopback it needs a token."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    threads: int = Field(default=4, ge=1, le=64)
    max_body_mb: int = Field(default=16, ge=1, le=1024)
    requests_per_second: int = Field(default=0, ge=0, le=1_000_000)
    workers: int = Field(default=1, ge=1, le=256)
    runner: Literal["waitress", "gunicorn", "granian"] = "waitress"
    log: Literal["text", "json"] = "text"
    proxy: str | None = None


class Retention(Section):
    """What is tidied up, and when: 0 leaves it alone.

    ``reports`` is how many runs keep their documents. From ``compact_files`` small data files on, the table
    is compacted. Its versions stay readable for ``history_days``; the rows of the newest one always do.
    """

    reports: int = Field(default=0, ge=0)
    compact_files: int = Field(default=100, ge=0)
    history_days: int = Field(default=30, ge=0, le=CENTURY)


class Reports(Section):
    """Which runs with news get a report: all, those after which something stands otherwise, or none."""

    when: Literal["news", "change", "never"] = "news"


class Predictions(Section):
    """What is kept of the service's answers: features or their hash, how long, and how much may wait."""

    log: bool = True
    features: Literal["kept", "hashed"] = "kept"
    days: int = Field(default=365, ge=1, le=CENTURY)
    most_waiting_mb: int = Field(default=1024, ge=1)


class Budgets(Section):
    """What a challenger may cost; nothing is asked where a budget is null."""

    calibration: float | None = Field(default=None, gt=0, lt=1)
    latency_ms: float | None = Field(default=None, gt=0)


class Search(Section):
    """How long settings are searched for: trials of a model type, seconds in all; in ticks only if asked."""

    trials: int = Field(default=30, ge=1, le=10_000)
    seconds: float = Field(default=600, gt=0)
    in_ticks: bool = False


class Config(Section):
    """Every setting of a project. Paths are relative to the config file."""

    # The five classic keys
    input_folder_path: str
    output_folder_path: str
    output_model_path: str
    prod_deployment_path: str
    test_data_path: str | None = None
    outcomes_folder_path: str | None = None

    # What is predicted
    target: str
    name: Name = "vigil"
    purpose: str = Field(default="", max_length=600)
    positive: str | int | float | bool | None = None
    key: list[str] = []
    time: str | None = None
    ignore: list[str] = []
    task: Literal["binary", "multiclass", "regression"] | None = None

    # When the model counts as worse
    metric: str | None = None
    tolerance: float = Field(default=0.02, ge=0, lt=1)
    false_alarm: Share = 0.05
    margin: float = Field(default=0.01, ge=0, lt=1)
    max_drop: Share = 0.15
    budgets: Budgets = Budgets()
    holdout: Share = 0.2
    recurring: Literal["design_effect", "largest", "ignore"] = "design_effect"

    # What is let in
    quarantine_share: float = Field(default=0.2, ge=0, le=1)
    duplicates: Literal["drop", "keep"] = "drop"
    settle_seconds: float = Field(default=2.0, ge=0, le=24 * 3600)
    memory_mb: int = Field(default=1000, ge=256)
    label_horizon: int = Field(default=30, ge=1, le=3650)

    # How it is trained and when
    model: str = "auto"
    model_settings: dict[str, dict[str, Any]] = {}
    search: Search = Search()
    half_life: float = Field(default=8, ge=0)
    allow_leaks: list[str] = []
    policy: str | dict[str, Any] = "vigil"
    cool_down: float = Field(default=0, ge=0, le=24 * CENTURY)
    promotions_a_day: int = Field(default=0, ge=0)
    probation: int = Field(default=8, ge=0, le=1000)
    seed: int = Field(default=0, ge=0, lt=2**32)

    # Where and how it runs
    ledger: str = "sqlite:///ledger.db"
    storage: str | None = None
    storage_endpoint: str | None = None
    schedule: int = Field(default=10, ge=1, le=24 * 60)
    server: Server = Server()
    packages: bool = False
    predictions: Predictions = Predictions()
    retention: Retention = Retention()
    alerts: dict[str, Any] = {}
    reports: Reports = Reports()

    # What is looked at more closely
    slices: list[str] = []
    sensitive: list[str] = []


def load_config(path: Path) -> Config:
    """Read a config file.

    Raises ConfigError with every fault found: not JSON, unknown keys, wrong types, values out of
    range, names that contradict each other.
    """
    raw = _read_json(path)
    fields = Config.model_fields
    faults = [_unknown(key, list(fields)) for key in raw if key not in fields]
    known = {key: _listed(key, value) for key, value in raw.items() if key in fields}
    try:
        config = Config.model_validate(known)
    except ValidationError as error:
        faults += [_from_pydantic(item) for item in error.errors(include_url=False)]
        raise ConfigError(str(path), faults) from None
    faults += _contradictions(config)
    if faults:
        raise ConfigError(str(path), faults)
    return config


def _read_json(path: Path) -> dict[str, Any]:
    """Return the file's object, with a config fault for each way that it can be unreadable."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_refuse_repeats)
    except FileNotFoundError:
        hint = "Name one with --config, or write one with: python fullprocess.py --init data.csv"
        raise ConfigError(str(path), [Fault("config-missing", "file", "not found.", hint)]) from None
    except OSError as error:
        reason = f"cannot be read ({error.strerror})."
        raise ConfigError(str(path), [Fault("config-unreadable", "file", reason)]) from None
    except UnicodeDecodeError:
        fault = Fault("config-encoding", "file", "is not UTF-8 text.", "Save it as UTF-8.")
        raise ConfigError(str(path), [fault]) from None
    except json.JSONDecodeError as error:
        raise ConfigError(str(path), [_not_json(error)]) from None
    except _Repeated as error:
        fault = Fault("config-repeated", str(error), "is set twice.", "Keep one of the two.")
        raise ConfigError(str(path), [fault]) from None
    if not isinstance(raw, dict):
        fault = Fault("config-json", "file", "must hold one JSON object: { … }.")
        raise ConfigError(str(path), [fault])
    return raw


def _not_json(error: json.JSONDecodeError) -> Fault:
    """Say where a text stops being JSON; a comma after the last setting by its own place and name."""
    for comma in re.finditer(r",\s*[}\]]", error.doc):
        if comma.start() <= error.pos <= comma.end():
            line = error.doc.count("\n", 0, comma.start()) + 1
            column = comma.start() - error.doc.rfind("\n", 0, comma.start())
            what = "nothing follows this comma."
            return Fault("config-json", f"line {line}, column {column}", what, "Remove it.")
    return Fault("config-json", f"line {error.lineno}, column {error.colno}", f"{error.msg}.")


class _Repeated(ValueError):
    """A key stands twice in one JSON object."""


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, refusing a key that would silently replace an earlier one."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Repeated(key)
        found[key] = value
    return found


def _listed(key: str, value: Any) -> Any:
    """Let one column name stand where a list of names is meant: ``"key": "customer"``."""
    return (
        [value]
        if key in {"key", "ignore", "slices", "sensitive", "allow_leaks"} and isinstance(value, str)
        else value
    )


def _unknown(key: str, known: list[str]) -> Fault:
    """Say that a key is not a setting, and which one was probably meant."""
    hint = plugins.meant(key, known) or "See docs/configuration.md."
    return Fault("config-unknown-key", key, "is not a setting.", hint)


def _from_pydantic(item: Any) -> Fault:
    """Turn one validation error into our own words."""
    where = ".".join(str(part) for part in item["loc"])
    if item["type"] == "missing":
        return Fault("config-missing-key", where, "is required.", _missing_hint(where))
    if item["type"] == "extra_forbidden":
        return Fault("config-unknown-key", where, "is not a setting.", "See docs/configuration.md.")
    if where == "name":
        return Fault("config-name", where, "may hold letters, digits, - and _, 64 at most.")
    message = re.sub(r"^Input should be", "must be", item["msg"])
    return Fault("config-value", where, f"{message}; it is {item['input']!r}.")


def _missing_hint(key: str) -> str:
    """Say what a required key is for."""
    if key == "target":
        return "Name the column to predict."
    return f'For example "{key}": "{key.removesuffix("_path").removesuffix("_folder")}".'


def _contradictions(config: Config) -> list[Fault]:
    """Find settings that are each valid and do not go together."""
    faults = []
    roles = {"target": [config.target], "key": config.key, "ignore": config.ignore}
    roles["time"] = [config.time] if config.time else []
    seen: dict[str, str] = {}
    for role, names in roles.items():
        for name in names:
            if name in seen:
                what = f"column {name!r} is already the {seen[name]}."
                faults.append(Fault("config-role", role, what, "Give it one role."))
            seen[name] = role
    folders = {key: getattr(config, key) for key in FOLDERS}
    for key, folder in folders.items():
        if "://" in folder:
            what = f"{folder!r} is no folder of this machine."
            hint = "Name a folder, and in 'storage' where everything is to be kept: s3://BUCKET/PREFIX."
            faults.append(Fault("config-folder", key, what, hint))
        other = next((k for k, f in folders.items() if k < key and Path(f) == Path(folder)), None)
        if other:
            what = f"is the same folder as {other}."
            faults.append(Fault("config-folder", key, what, "Give each its own folder."))
    return faults + (_of_storage(config, folders) if config.storage else [])


def _of_storage(config: Config, folders: dict[str, str]) -> list[Fault]:
    """Find what object storage does not go together with."""
    faults = []
    if not re.fullmatch(r"s3://[^/]+(/.*)?|file:///.+", config.storage or ""):
        what = f"{config.storage!r} is no address of a storage."
        faults.append(Fault("config-storage", "storage", what, "Write s3://BUCKET/PREFIX."))
    kept = {key: folder for key, folder in folders.items() if key != "input_folder_path"}
    kept["reports"] = "reports"
    others = ("input_folder_path", "outcomes_folder_path", "test_data_path")
    beside = {key: path for key in others if (path := getattr(config, key))}
    beside["ledger"] = config.ledger.removeprefix("sqlite:///")
    apart = {key: Path(os.path.normpath(path)) for key, path in {**kept, **beside}.items()}
    for key, path in apart.items():
        around = next((k for k in kept if k != key and apart[k] in (path, *path.parents)), None)
        if around is not None:
            what = f"lies in {around}, which goes to the storage as a whole."
            faults.append(Fault("config-storage", key, what, "Give each a folder beside the others."))
    return faults
