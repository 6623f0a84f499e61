"""What the engine logs while tests run: nothing of what functions do, which is what tests are about; but faults of ours."""

import logging
import traceback

import click


class _Faults(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            text = "".join(traceback.format_exception(record.exc_info[1]))
            click.echo(f"lambda-router: {record.getMessage()}\n{text}", err=True)


def show() -> None:
    """Print exceptions that the engine logs, and nothing else of what it logs."""
    logger = logging.getLogger("router")
    if not any(isinstance(handler, _Faults) for handler in logger.handlers):
        logger.addHandler(_Faults())
    logger.propagate = False
