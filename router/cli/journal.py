"""`lambda-router journal check`: what is wrong with a journal's files, and what of it can be mended.

Exit codes: 0 nothing wrong (or everything mended), 1 findings are left or the journal cannot be opened, 2 wrong usage,
78 invalid configuration.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from router.cli.deliveries.reach import Deliveries, Place, reaching, with_deliveries
from router.deliveries import Finding


@click.group("journal")
def command() -> None:
    """The durable queue of asynchronous deliveries."""


@command.command("check")
@reaching
@click.option("--repair", is_flag=True, help="Mend what can be mended; no event is thrown away. No daemon may run.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How findings are printed.")
def check(place: Place, repair: bool, form: str) -> None:
    """Read the whole journal and say what is wrong with it: that of the running daemon, or, where none runs, its files.

    Exit codes: 0 nothing wrong (or everything mended), 1 findings are left or the journal cannot be opened, 2 wrong usage,
    78 invalid configuration.
    """
    where, found = with_deliveries(place, lambda deliveries: _check(deliveries, repair))
    (_print_json if form == "json" else _print_human)(where, found)
    sys.exit(0 if all(finding.repaired for finding in found) else 1)


async def _check(deliveries: Deliveries, repair: bool) -> tuple[str, list[Finding]]:
    return deliveries.where, await deliveries.check(repair)


def _print_human(where: str, found: Sequence[Finding]) -> None:
    for finding in found:
        about = f" of delivery {finding.id}" if finding.id is not None else ""
        mended = " (mended)" if finding.repaired else ""
        click.echo(f"{finding.kind}{about}: {finding.detail}{mended}")
    left = sum(not finding.repaired for finding in found)
    verdict = "nothing is wrong" if not found else f"{len(found)} findings, {left} of them left"
    click.echo(f"{where}: {verdict}")


def _print_json(where: str, found: Sequence[Finding]) -> None:
    document = {"version": 1, "journal": where, "findings": [asdict(finding) for finding in found]}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
