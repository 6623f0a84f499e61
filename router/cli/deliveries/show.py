"""`lambda-router deliveries show`: everything about deliveries, with every attempt."""

import json
import sys
from typing import Any

import click

from router.cli.deliveries import texts
from router.cli.deliveries.filters import each
from router.cli.deliveries.reach import Deliveries, Place, reaching, with_deliveries
from router.deliveries import Selection


@click.command("show")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--payload", is_flag=True, help="Print the event and the function's answer, too.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How they are printed.")
@reaching
def command(place: Place, ids: tuple[str, ...], payload: bool, form: str) -> None:
    """Show deliveries: state, destinations, and every attempt with time, class, request id, error and log tail.

    Exit codes: 0 done, 1 failed or one of them is not there, 2 wrong usage, 78 invalid configuration.
    """
    found = with_deliveries(place, lambda deliveries: _find(deliveries, ids, payload))
    if form == "json":
        click.echo(json.dumps({"version": 1, "deliveries": found}, indent=2, ensure_ascii=False))
    else:
        click.echo("\n\n".join("\n".join(texts.block(delivery, payload=payload)) for delivery in found), nl=bool(found))
    known = {delivery["id"] for delivery in found}
    for id in ids:
        if id not in known:
            click.echo(f"lambda-router: There is no delivery {id}; what was delivered is forgotten.", err=True)
    sys.exit(0 if known >= set(ids) else 1)


async def _find(deliveries: Deliveries, ids: tuple[str, ...], payload: bool) -> list[dict[str, Any]]:
    selection = Selection(ids=frozenset(ids))
    return [delivery async for delivery in each(deliveries, selection, payloads=payload)]
