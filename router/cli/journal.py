"""`lambda-router journal check`: what is wrong with a journal's files, and what of it can be mended.

Exit codes: 0 nothing wrong (or everything mended), 1 findings are left or the journal cannot be opened, 2 wrong usage,
78 invalid configuration.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import click

from router.cli.findings import EX_CONFIG, show_problems
from router.config import load
from router.errors import RouterError
from router.files import LocalFiles
from router.journal.opening import open_offline
from router.journal.sqlite.check import Finding


@click.group("journal")
def command() -> None:
    """The durable queue of asynchronous deliveries."""


@command.command("check")
@click.option("-c", "--config", type=click.Path(), default="router.yaml", help="The configuration. Default: router.yaml.")
@click.option("-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over it; repeatable.")
@click.option("--journal", metavar="URL", help="The journal instead of the configuration's (sqlite:./var/journal).")
@click.option("--repair", is_flag=True, help="Mend what can be mended; no event is thrown away.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How findings are printed.")
def check(config: str, overlays: tuple[str, ...], journal: str | None, repair: bool, form: str) -> None:
    """Read the whole journal and say what is wrong with it. No daemon may run on it.

    Exit codes: 0 nothing wrong (or everything mended), 1 findings are left or the journal cannot be opened, 2 wrong usage,
    78 invalid configuration.
    """
    url = journal or _configured(config, overlays)
    try:
        found = asyncio.run(_check(url, repair))
    except RouterError as error:
        click.echo(f"lambda-router: {error}", err=True)
        sys.exit(1)
    (_print_json if form == "json" else _print_human)(url, found)
    sys.exit(0 if all(finding.repaired for finding in found) else 1)


def _configured(config: str, overlays: tuple[str, ...]) -> str:
    loaded = load([config], overlays, env=os.environ, files=LocalFiles(), require_env=True, now=time.time())
    if loaded.config is None:
        show_problems(loaded)
        sys.exit(EX_CONFIG)
    return loaded.config.journal.url


async def _check(url: str, repair: bool) -> list[Finding]:
    engine = open_offline(url)
    try:
        return await (engine.admin.repair() if repair else engine.admin.check())
    finally:
        await engine.close()


def _print_human(url: str, found: Sequence[Finding]) -> None:
    for finding in found:
        about = f" of delivery {finding.id}" if finding.id is not None else ""
        mended = " (mended)" if finding.repaired else ""
        click.echo(f"{finding.kind}{about}: {finding.detail}{mended}")
    left = sum(not finding.repaired for finding in found)
    verdict = "nothing is wrong" if not found else f"{len(found)} findings, {left} of them left"
    click.echo(f"{url}: {verdict}")


def _print_json(url: str, found: Sequence[Finding]) -> None:
    document = {"version": 1, "journal": url, "findings": [asdict(finding) for finding in found]}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
