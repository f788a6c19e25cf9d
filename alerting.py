"""People are told what they should know, once each: what, since when, how sure, and what to do.

This step decides what is worth an alert. It looks at what the ledger says, so that a pass that was cut off
is made up for by the next one; messages wait in the ledger until their receivers have them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.errors import VigilError
from vigil.ledger import glance

if TYPE_CHECKING:
    from vigil.alerts.finding import Finding
    from vigil.alerts.office import Office
    from vigil.project import Project

#: So many files refused since the last one that was taken in: nothing usable arrives.
BROKEN = 3

#: Minutes without a tick that are too many: so many, or three times what the schedule says.
SILENT_MINUTES = 60

#: What a pass after a tick looks at: an alert of these kinds that is not found any more has ended.
LOOKED_AT = ("incident", "files", "feed", "tick", "reports", "undeployed", "ticks")

#: The fact that says up to when the ledger was looked through.
THROUGH = "alerts_through"

Row = dict[str, Any]


def run(project: Project, *, fault: str = "", of_reports: bool = False) -> None:
    """Tell what is new, and deliver what is due; ``fault`` is what has just ended the run, or its reports."""
    if not project.config.alerts:
        return
    from vigil import learned
    from vigil.alerts import looking, wording

    ledger, opened = project.ledger, office(project)
    now, hours = ledger.facts.now(), opened.general.feed_hours
    newest = next(iter(ledger.runs.latest(limit=1)), None)
    # Where alerts are new, what happened before this run is no news.
    through = ledger.facts.get(THROUGH) or (newest["started"] if newest else now)
    acts = ledger.decisions.since(through)
    found = [
        *looking.incidents(ledger, through, project.config.false_alarm),
        *looking.files(ledger, BROKEN),
        *looking.held(ledger),
        *learned.findings(project),
        *looking.silence(ledger, hours, project.config.input_folder_path),
        *troubles(project, newest, "" if of_reports else fault),
        *([wording.untold(newest, fault)] if of_reports and newest else []),
        *(looking.decided(row) for row in acts if row["done"] and is_news(project, row)),
    ]
    # What is decided and not yet carried out is looked at again.
    facts = {THROUGH: min([now, *(row["at"] for row in acts if not row["done"])])}
    told = opened.tell(found, LOOKED_AT, facts=facts, later=looking.silent_from(ledger, hours))
    if told:
        project.console.say("alerts: " + ", ".join(f"{count} {what}" for what, count in told.items()))


@contextmanager
def telling_faults(project: Project, *, of_reports: bool = False) -> Iterator[None]:
    """Tell what ends a run, or the writing of its reports, and let it end."""
    try:
        yield
    except Exception as fault:
        try:
            run(project, fault=str(fault) or type(fault).__name__, of_reports=of_reports)
        except VigilError as more:
            project.console.say(f"alerts: {more}")
        raise


def office(project: Project) -> Office:
    """Return what tells and delivers for a project."""
    from vigil.alerts.office import Office

    return Office(
        project.ledger,
        project.config.alerts,
        project=project.name,
        root=project.root,
        config=project.config_path,
    )


def troubles(project: Project, newest: Row | None, fault: str) -> Iterator[Finding]:
    """Find that the newest run failed, or that batches were decided about and no model is live."""
    from vigil.alerts import wording
    from vigil.releases.switch import standing

    if newest is None:
        return
    if newest["status"] == "failed":
        yield wording.failed(newest, fault)
    if project.ledger.decisions.decided_through() and standing(project.ledger, project.production) is None:
        yield wording.undeployed(newest["started"])


def is_news(project: Project, row: Row) -> bool:
    """Leave out what changed nothing, what ended an incident, and what a policy does after every batch.

    A trial is a person's own doing: its beginning, what the gate said of it, and its end are all told.
    """
    if "trial" in (row["kind"], *row["evidence"]):
        return True
    if row["kind"] == "acknowledge" or (row["kind"] == "gate" and row["outcome"] != "promote"):
        return False
    plan = project.ledger.decisions.get(row["id"].removesuffix("-gate"))
    if plan is not None and plan.outcome in ("renew", "replace"):
        return False
    incident = project.ledger.incidents.latest()
    return row["kind"] == "rollback" or incident is None or incident["closed_by"] != row["id"]


def watch(project: Project) -> None:
    """Tell when no tick has looked for too long, unless somebody paused them."""
    from vigil.alerts import wording

    opened, found = office(project), []
    limit = opened.general.silent_minutes or max(SILENT_MINUTES, 3 * project.config.schedule)
    mark = glance.mark(project.config_path)
    if mark.exists() and not project.ledger.facts.get(glance.PAUSED):
        seen = datetime.fromtimestamp(mark.stat().st_mtime, UTC)
        if datetime.now(UTC) - seen > timedelta(minutes=limit):
            found = [wording.stopped(seen, limit)]
    opened.tell(found, ("ticks",))


def after_idle(options: argparse.Namespace) -> int:
    """Ping the watcher, and deliver what is due, after a tick with nothing new; else import nothing."""
    config = Path(options.config)
    settings = glance.alerts(config)
    if settings:
        ping(settings)
        if glance.something_to_tell(config):
            from vigil.command import perform

            return perform(lambda project, _: tell_now(project), options)
    return 0


def ping(settings: dict[str, Any]) -> None:
    """Give the watcher outside, where there is one, a sign of life; that it did not answer is no fault."""
    if settings:
        from vigil.alerts import heartbeat

        if trouble := heartbeat.ping(settings):
            print(trouble, file=sys.stderr)


def tell_now(project: Project) -> None:
    """Look through the ledger and deliver what is due, between two runs."""
    with project.locked():
        run(project)


def command(project: Project, options: argparse.Namespace) -> int:
    """Do the one thing that was asked for; without an option, tell and deliver now."""
    if options.watch:
        watch(project)
    elif options.test is not None or options.ack or options.retry or options.list:
        from vigil.alerts import asked

        return asked.answer(office(project), options, project.console.say)
    else:
        tell_now(project)
    return 0


def main() -> int:
    """Read the command line and act."""
    from vigil.command import parser, perform

    cli = parser("Tell people what is new, and deliver what waits; or one of these:")
    one = cli.add_mutually_exclusive_group()
    one.add_argument(
        "--test", nargs="*", metavar="CHANNEL", help="send a test message, to all channels or some"
    )
    one.add_argument("--watch", action="store_true", help="tell when ticks have stopped; for cron")
    one.add_argument("--list", action="store_true", help="list the newest alerts")
    one.add_argument("--ack", metavar="ALERT", help="mark an open alert as known: it is not repeated")
    one.add_argument("--retry", action="store_true", help="try again what could not be delivered")
    return perform(command, cli.parse_args())


if __name__ == "__main__":
    sys.exit(main())
