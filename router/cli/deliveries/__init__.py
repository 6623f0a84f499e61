"""`lambda-router deliveries`: what was accepted and is not done, on a running daemon or in the journal's files.

Exit codes of every command here: 0 done, 1 failed or not confirmed, 2 wrong usage, 78 invalid configuration.
"""

import click

from router.cli.lazy import LazyGroup

COMMANDS = {
    "list": "One line for each delivery.",
    "show": "Everything about deliveries, with every attempt.",
    "redrive": "Deliver dead letters again.",
    "purge": "Forget dead letters.",
    "export": "Write deliveries with their payloads as JSON lines.",
}


@click.group("deliveries", cls=LazyGroup, package="router.cli.deliveries", summaries=COMMANDS)
def command() -> None:
    """See, redrive and purge asynchronous deliveries: on the running daemon, through its admin listener, or, where none
    runs, in the journal's files.

    Exit codes: 0 done, 1 failed or not confirmed, 2 wrong usage, 78 invalid configuration.
    """
