"""The command line: one file per command, each loaded only when it is called, so that `validate` starts fast."""

import importlib

import click

from router import __version__

COMMANDS = {
    "run": "Run the daemon.",
    "schema": "Print the configuration's JSON Schema, for editors.",
    "validate": "Check configuration files, offline.",
}


class _LazyGroup(click.Group):
    """Imports `router.cli.<name>` on use and takes its `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"router.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="lambda-router", message="%(prog)s %(version)s")
def main() -> None:
    """Bring events to AWS Lambda functions, as one YAML file declares."""
