"""`lambda-router deliveries export`: deliveries with their payloads, one JSON object on each line."""

import contextlib
import json
from typing import IO, Any

import click

from router.cli.deliveries.filters import each, filtered
from router.cli.deliveries.reach import Deliveries, Place, reaching, with_deliveries
from router.deliveries import Selection


@click.command("export")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@filtered(state=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="A file instead of standard output.")
@reaching
def command(place: Place, selection: Selection, output: str | None) -> None:
    """Write deliveries as JSON lines: every field, the payload as text (or `payload_base64`), every attempt.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 78 invalid configuration.
    """
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(click.open_file(output or "-", "w", encoding="utf-8"))
        number = with_deliveries(place, lambda deliveries: _write(deliveries, selection, stream))
    click.echo(f"{number} deliveries written.", err=True)


async def _write(deliveries: Deliveries, selection: Selection, stream: IO[Any]) -> int:
    number = 0
    async for delivery in each(deliveries, selection, payloads=True):
        stream.write(json.dumps(delivery, ensure_ascii=False) + "\n")
        number += 1
    return number
