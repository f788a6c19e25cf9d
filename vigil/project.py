"""A project: one config, and everything that is opened from it. Steps get it passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.config import Config, load_config
from vigil.console import Console, runnable
from vigil.errors import BundleError, Busy, ConfigError, ContractError, Fault, VigilError
from vigil.ledger import glance
from vigil.records import Contract, Task
from vigil.storage import copies
from vigil.storage.copies import Kept

if TYPE_CHECKING:
    from vigil.ledger.ledger import Ledger
    from vigil.stats.metrics import Metric
    from vigil.table.seen import Seen
    from vigil.table.store import Table

Clock = Callable[[], datetime]

#: Folders of reports, the newest ones, in which a killed run may have left something.
_OPEN_REPORTS = 20

#: Seconds for which a run waits while the service fetches what another machine has left.
_FETCHING = 30


def wall_clock() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


class Project:
    """One monitored model: its settings, folders, clock, table and ledger.

    Opening it reads the config and nothing else; each part is opened when it is first asked for.
    Paths are relative to `root`, the config's folder unless another is given. Raises ConfigError when
    the config cannot be used.
    """

    def __init__(
        self,
        config_path: Path,
        *,
        root: Path | None = None,
        clock: Clock = wall_clock,
        console: Console | None = None,
    ) -> None:
        self.config_path = config_path.absolute()
        self.root = root or self.config_path.parent
        self.config: Config = load_config(config_path)
        _ask_plugins(self.config, config_path)
        self.clock = clock
        self.console = console or Console(config=self.config_path)
        #: What a tick asks for again and again: bundles that were opened, by id, and the newest rows.
        self.opened: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The project's name, which every row of the ledger carries."""
        return self.config.name

    def runnable(self, text: str) -> str:
        """Return text whose commands name this project's config, where it is not the usual one."""
        return runnable(text, self.config_path)

    @property
    def input(self) -> Path:
        """Where files arrive."""
        return self.root / self.config.input_folder_path

    @property
    def output(self) -> Path:
        """Where accepted rows, contracts and quarantine are kept."""
        return self.root / self.config.output_folder_path

    @property
    def labelled(self) -> Path:
        """Where rows whose outcome has come are laid as files, to be taken in like any other."""
        return self.output / glance.LABELLED

    @property
    def outcomes(self) -> Path | None:
        """Where files of outcomes arrive, or None."""
        named = self.config.outcomes_folder_path
        return self.root / named if named else None

    @property
    def models(self) -> Path:
        """Where trained bundles are kept."""
        return self.root / self.config.output_model_path

    @property
    def production(self) -> Path:
        """Where the pointer to the live bundle is."""
        return self.root / self.config.prod_deployment_path

    @property
    def reports(self) -> Path:
        """Where each run's documents are."""
        return self.root / "reports"

    @property
    def written_to(self) -> list[Path]:
        """Every folder in which files are written aside and renamed into place."""
        out, reports = self.output, self.reports
        table = out / "table"
        inner = [out / name for name in ("contracts", "quarantine", "seen")]
        inner += [folder for folder in (out / "seen").glob("unique-*") if folder.is_dir()]
        runs = sorted(reports.iterdir()) if reports.is_dir() else []
        return [
            out,
            table,
            table / "_delta_log",
            *inner,
            self.models,
            self.production,
            *runs[-_OPEN_REPORTS:],
        ]

    @property
    def test_data(self) -> Path | None:
        """A file or folder of rows that are never trained on, or None."""
        return self.root / self.config.test_data_path if self.config.test_data_path else None

    @property
    def kept(self) -> list[Kept]:
        """The folders that object storage has too, each by its name there; the pointer's is the last."""
        return [
            Kept("output", self.output, local=("seen", "segments"), edited=("contract.json",)),
            Kept("models", self.models, last="manifest.json"),
            Kept("reports", self.reports),
            Kept("production", self.production, switch=True),
        ]

    @cached_property
    def ledger(self) -> Ledger:
        """What happened and why."""
        from vigil.ledger.ledger import Ledger

        return Ledger(self.config.ledger, root=self.root, project=self.name, clock=self.clock)

    @cached_property
    def table(self) -> Table:
        """The accepted rows."""
        from vigil.table.store import Table

        return Table(self.output / "table")

    @cached_property
    def seen(self) -> Seen:
        """The hashes of all accepted rows."""
        from vigil.table.seen import Seen

        return Seen(self.output / "seen")

    def contract(self) -> Contract:
        """Return what a valid row is; raises ContractError when no file has been taken in yet."""
        from vigil import contract

        stored = contract.load(self.output)
        if stored is None:
            hint = "Run python fullprocess.py with a file in the input folder."
            raise ContractError("there is no contract yet.", where=str(self.output), hint=hint)
        return stored

    def ask_there(self, arriving: Path) -> None:
        """Raise VigilError where the folder of arriving files, the test data or the live release is unknown.

        A release that the ledger does not know may be another project's: nothing is taken in beside it.
        """
        from vigil.bundles import pointer

        name = self.config_path.name
        if not arriving.is_dir():
            hint = f"Create it, or correct 'input_folder_path' in {name}."
            raise VigilError("the folder of arriving files does not exist.", where=str(arriving), hint=hint)
        if self.test_data is not None and not self.test_data.exists():
            hint = f"Put it there, or correct 'test_data_path' in {name}."
            raise VigilError("the test data does not exist.", where=str(self.test_data), hint=hint)
        live = None
        with suppress(BundleError):  # a damaged pointer is said by what needs it
            live = pointer.read(self.production)
        if live is not None:
            self.ledger.releases.known(live.release)

    def metric(self, task: Task) -> Metric:
        """Return the metric that the config names, else the task's usual one."""
        from vigil.stats import metrics

        metric = metrics.get(self.config.metric) if self.config.metric else metrics.default(task)
        if task not in metric.tasks:
            hint = f"For {task}: {', '.join(metrics.names(task))}."
            fault = Fault("config-metric", "metric", f"{metric.name!r} does not measure a {task} task.", hint)
            raise ConfigError(str(self.config_path), [fault])
        return metric

    @contextmanager
    def locked(self, patience: float = 0, *, settle: bool = True) -> Iterator[None]:
        """Hold the project's lock; raises Busy when another run has it for longer than `patience` seconds.

        A file beside the config is locked, and with a ledger on PostgreSQL the database too, so that
        two machines cannot run one project at once. Both locks end with the process. Where there is object
        storage, the folders are then brought in line with it, unless `settle` says no.
        """
        patience = max(patience, _FETCHING) if self.config.storage else patience
        with self._alone_here(patience), self._alone_in_the_database():
            if settle:
                self._settle()
            yield

    def refresh(self) -> bool:
        """Fetch what runs on other machines have left in object storage; return False when a run is at work.

        Raises StorageError when it cannot be used.
        """
        try:
            with self._alone_here(0):
                self._settle(reads_only=True)
        except Busy:
            return False
        return True

    @contextmanager
    def _alone_here(self, patience: float) -> Iterator[None]:
        """Hold the lock of this machine."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.config_path.parent / f".{self.name}.lock")
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            raise self._busy("another run is at work") from None
        try:
            yield
        finally:
            lock.release()

    def _settle(self, *, reads_only: bool = False) -> None:
        """Bring the folders in line with where they are kept."""
        told = (self.kept, self.config.storage, self.config.storage_endpoint, self.name)
        copies.settle(*told, reads_only=reads_only)

    @contextmanager
    def _alone_in_the_database(self) -> Iterator[None]:
        """Hold the database's own lock where it has one; without PostgreSQL nothing is opened for it."""
        if self.config.ledger.startswith("sqlite"):
            yield
            return
        from vigil.ledger.lock import held

        with held(self.ledger.engine, self.name) as alone:
            if not alone:
                raise self._busy("another run is at work on another machine, or from another folder")
            yield

    def _busy(self, what: str) -> Busy:
        return Busy(
            f"{what}; this one did nothing.", where=self.name, hint="Its own output says how far it is."
        )

    def remember_as_idle(self, seen_config: str, *, idle: bool) -> None:
        """Leave behind what the next tick needs to see at a glance that nothing is new."""
        self.ledger.facts.set(
            **{
                glance.IDLE: "yes" if idle else "no",
                glance.CONFIG: seen_config,
                glance.CONTRACT: glance.stamp_of(self.output / "contract.json"),
            }
        )

    def close(self) -> None:
        """Give back what was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()


def _ask_plugins(config: Config, path: Path) -> None:
    """Let the rooms check their parts of the config before anything is done, all faults together."""
    from vigil import models, policies
    from vigil.models import searching
    from vigil.stats import metrics

    faults: list[Fault] = []
    questions: dict[str, Callable[[], object]] = {
        "policy": lambda: policies.opened(config.policy),
        "model": lambda: models.chosen(config.model),
        "model_settings": lambda: models.configured(config.model_settings),
        "metric": lambda: config.metric and metrics.get(config.metric),
    }
    if config.search.in_ticks:
        questions["search"] = searching.ask_for_library
    if config.alerts:
        from vigil.alerts import settings

        questions["alerts"] = lambda: settings.opened(config.alerts)
    for where, ask in questions.items():
        try:
            ask()
        except ConfigError as error:
            faults += error.faults
        except VigilError as error:
            faults.append(Fault(f"config-{where}", where, error.what, error.hint))
    if faults:
        raise ConfigError(str(path), faults)
