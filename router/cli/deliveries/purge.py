"""`lambda-router deliveries purge`: dead letters are forgotten, for good."""

import click

from router.cli.deliveries.changes import change
from router.cli.deliveries.filters import filtered
from router.cli.deliveries.reach import Place, reaching
from router.deliveries import Selection


@click.command("purge")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@filtered(state=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@reaching
def command(place: Place, selection: Selection, yes: bool) -> None:
    """Forget dead letters for good: all, those named, or those that the filters leave. `export` keeps them elsewhere.

    Exit codes: 0 done, 1 failed or not confirmed, 2 wrong usage, 78 invalid configuration.
    """
    change(place, selection, lambda deliveries: deliveries.purge, question="Forget {} for good?", done="{} purged.", yes=yes)
