"""`lambda-router init`: a starter project that validates, passes its tests, and runs, as it comes out.

Exit codes: 0 written, 1 files are in the way, 2 wrong usage.
"""

import sys
from pathlib import Path

import click

from router.starter.projects import RUNTIMES, TEMPLATES, project


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".", metavar="[DIR]")
@click.option("--template", type=click.Choice(list(TEMPLATES)), default="http", show_default=True, help="What it is about.")
@click.option("--runtime", type=click.Choice(list(RUNTIMES)), default="python", show_default=True, help="Of its function.")
@click.option("--gitlab", is_flag=True, help="A pipeline for GitLab, too.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def command(folder: Path, template: str, runtime: str, gitlab: bool, force: bool) -> None:
    """Write a starter project into DIR (default: here): a configuration, a function that runs on this machine, a test, a CI
    workflow, a pre-commit entry, and the schemas for your editor.

    Exit codes: 0 written, 1 files are in the way (--force writes over them), 2 wrong usage.
    """
    texts = project(template, runtime, gitlab=gitlab)
    in_the_way = [path for path in texts if (folder / path).exists() or (folder / path).is_symlink()]
    if in_the_way and not force:
        named = "".join(f"\n  {folder / path}" for path in in_the_way)
        click.echo(f"lambda-router: These files are there already; --force writes over them:{named}", err=True)
        sys.exit(1)
    try:
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
            click.echo(f"{folder / path}")
    except OSError as error:
        click.echo(f"lambda-router: {error.filename} cannot be written: {error.strerror}", err=True)
        sys.exit(1)
    there = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"\nNow: {there}lambda-router validate && lambda-router test && lambda-router run")
    click.echo(f"     {TEMPLATES[template].attempt}")
