"""A group of commands, each in a module of its own that is loaded only when it is called, so that `validate` starts fast."""

import importlib
import keyword
from collections.abc import Mapping
from typing import Any

import click

from router.cli.streams import printing


class LazyGroup(click.Group):
    """Imports `<package>.<name>` on use and takes its `command`. `summaries`: the help line of each name.

    A name that is a keyword of Python (`import`) has a `_` behind it as a module.
    """

    def __init__(self, *args: Any, package: str, summaries: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package
        self._summaries = summaries

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """The whole command, however much of its output is taken."""
        with printing():
            return super().main(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._summaries:
            return None
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command: click.Command = importlib.import_module(f"{self._package}.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))
