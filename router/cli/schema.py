"""`lambda-router schema`: the configuration language as one JSON Schema, for editors."""

import json

import click

from router.config.bundle import bundle
from router.config.editor import for_editors, for_type
from router.config.schemas import documents
from router.triggers import TYPES


@click.command()
@click.option("--type", "name", type=click.Choice(sorted(TYPES)), help="Only what one trigger of this type may hold.")
def command(name: str | None) -> None:
    """Print the configuration's JSON Schema (2020-12), in one piece.

    Save it beside your files and name it in their first line: `# yaml-language-server: $schema=router.schema.json`.
    """
    bundled = bundle(documents(), TYPES)
    schema = for_editors(bundled, TYPES) if name is None else for_type(bundled, name)
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
