"""What the engine logs while tests run: nothing of what functions do, which is what tests are about; but faults of ours."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click


class _Faults(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            text = "".join(traceback.format_exception(record.exc_info[1]))
            click.echo(f"lambda-router: {record.getMessage()}\n{text}", err=True)


@contextmanager
def only() -> Iterator[None]:
    """Print exceptions that the engine logs, and nothing else of what it logs."""
    logger, handler = logging.getLogger("router"), _Faults()
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
