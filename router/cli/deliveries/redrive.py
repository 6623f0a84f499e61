"""`lambda-router deliveries redrive`: dead letters are delivered again, as new deliveries that know their parent."""

import click

from router.cli.deliveries.changes import change
from router.cli.deliveries.filters import filtered
from router.cli.deliveries.reach import Place, reaching
from router.deliveries import Selection


@click.command("redrive")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@filtered(state=False)
@click.option("--rate", type=click.IntRange(1), default=10, show_default=True, help="How many a second at most.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@reaching
def command(place: Place, selection: Selection, rate: int, yes: bool) -> None:
    """Deliver dead letters again: all, those named, or those that the filters leave. Their number is shown first.

    Each becomes a new delivery, with its age and retries from the beginning, its earlier attempts, and the dead letter's id
    as `parent_id`.

    Exit codes: 0 done, 1 failed or not confirmed, 2 wrong usage, 78 invalid configuration.
    """
    change(
        place,
        selection,
        lambda deliveries: deliveries.redrive,
        question="Deliver {} again?",
        done="{} redriven.",
        yes=yes,
        rate=rate,
    )
