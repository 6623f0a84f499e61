"""`lambda-router schema`: the configuration language as one JSON Schema, for editors."""

import json

import click

from router.config.bundle import bundle
from router.config.editor import for_editors, for_tests, for_type
from router.config.schemas import documents
from router.triggers import TYPES

TESTS = "tests"
_HELP = "Only what one trigger of this type may hold, or a *.test.yaml file (tests)."


@click.command()
@click.option("--type", "name", type=click.Choice([*sorted(TYPES), TESTS]), help=_HELP)
def command(name: str | None) -> None:
    """Print the configuration's JSON Schema (2020-12), in one piece.

    Save it beside your files and name it in their first line: `# yaml-language-server: $schema=router.schema.json`.
    """
    bundled = bundle(documents(), TYPES)
    made = for_editors(bundled, TYPES) if name is None else for_tests(bundled) if name == TESTS else for_type(bundled, name)
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
