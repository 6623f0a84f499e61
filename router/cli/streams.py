"""Standard output and error that take whatever a command prints, and one line where they take nothing more.

Pipes and files get UTF-8, whatever the locale says: programs read them. On a terminal of another encoding stands `\\u20ac` for
what it does not know, and half of a pair of surrogates (a file name that is no UTF-8) is written so everywhere.
"""

import codecs
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

UNWRITABLE = 2
"""Exit code: a report that cannot be written is wrong usage."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@contextmanager
def printing() -> Iterator[None]:
    """What a whole command runs in."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            _prepare(stream)
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        _forget_output()
        click.echo(f"lambda-router: standard output cannot be written: {error.strerror}.", err=True)
        sys.exit(UNWRITABLE)


def is_full(error: BaseException) -> bool:
    """Whether this is what writing to standard output raises where nothing more fits."""
    return isinstance(error, OSError) and error.filename is None and error.errno in _FULL


def is_about_output(error: BaseException) -> bool:
    """Whether standard output is full, or whoever read it has gone: nothing that is wrong with a command."""
    return is_full(error) or isinstance(error, BrokenPipeError)


def _prepare(stream: io.TextIOWrapper) -> None:
    """`click` itself takes UTF-8 in place of ASCII."""
    is_utf_8 = codecs.lookup(stream.encoding).name == "utf-8"
    encoding = None if is_utf_8 or stream.isatty() else "utf-8"
    stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _forget_output() -> None:
    """What is still in the buffer would raise again when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
