"""How commands take a configuration: the argument, `-f`, and what they do where it is not valid."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from router.cli.findings import EX_CONFIG, show_problems
from router.config import Loaded, Severity, load
from router.files import LocalFiles

DEFAULT = "router.yaml"

F = TypeVar("F", bound=Callable[..., Any])


def config_argument(command: F) -> F:
    """`CONFIG`: the file, by default router.yaml, as the parameter `config`."""
    return click.argument("config", type=click.Path(), default=DEFAULT)(command)


def config_option(command: F) -> F:
    """`-c CONFIG`, for commands whose arguments are something else."""
    help_text = f"The configuration (default: {DEFAULT})."
    return click.option("-c", "--config", "config", type=click.Path(), default=DEFAULT, metavar="CONFIG", help=help_text)(
        command
    )


def overlay_option(command: F) -> F:
    """`-f OVERLAY`, repeatable, as the parameter `overlays`."""
    help_text = "Merge this file over CONFIG; repeatable."
    return click.option("-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help=help_text)(command)


def load_offline(config: str, overlays: tuple[str, ...], *, trust_callers: bool = False) -> Loaded:
    """The configuration as commands that run nothing see it: variables that are not set are unknown values.

    Where it has errors they are shown, and the command ends with `EX_CONFIG`; then `config` is never None.
    """
    loaded = load(
        [config],
        overlays,
        env=os.environ,
        files=LocalFiles(),
        require_env=False,
        partial=True,
        trust_callers=trust_callers,
        now=time.time(),
    )
    if loaded.config is None:
        errors = [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
        show_problems(loaded, errors)
        sys.exit(EX_CONFIG)
    return loaded
