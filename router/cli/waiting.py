"""A command that waits for its input says so: a FIFO that nobody writes to, or a terminal, gives nothing for ever."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

PATIENCE = 3.0
"""Seconds."""


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Reading `what`, which takes as long as whoever writes it takes; after `PATIENCE` a line on standard error says so."""
    timer = threading.Timer(PATIENCE, tell, (what,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def tell(what: str) -> None:
    """Say what is waited for."""
    click.echo(f"lambda-router: still waiting for the end of {what} (Ctrl-C ends it).", err=True)
