"""`lambda-router deliveries list`: one line for each delivery, dead letters unless told otherwise."""

import json
from typing import Any

import click

from router.cli.deliveries import texts
from router.cli.deliveries.filters import each, filtered
from router.cli.deliveries.reach import Deliveries, Place, reaching, with_deliveries
from router.deliveries import Selection


@click.command("list")
@filtered(state=True)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many to show at most.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How they are printed.")
@reaching
def command(place: Place, selection: Selection, limit: int, form: str) -> None:
    """List deliveries in order of their acceptance; without `--state`, the dead letters.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 78 invalid configuration.
    """
    found, count = with_deliveries(place, lambda deliveries: _find(deliveries, selection, limit))
    if form == "json":
        click.echo(json.dumps({"version": 1, "count": count, "deliveries": found}, indent=2, ensure_ascii=False))
        return
    if found:
        click.echo("\n".join(texts.table(found)))
    click.echo(f"{count} deliveries" + (f", {len(found)} shown" if len(found) < count else ""))


async def _find(deliveries: Deliveries, selection: Selection, limit: int) -> tuple[list[dict[str, Any]], int]:
    found: list[dict[str, Any]] = []
    async for delivery in each(deliveries, selection):
        if len(found) == limit:
            break
        found.append(delivery)
    return found, await deliveries.count(selection)
