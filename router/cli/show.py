"""`lambda-router show`: the settings that count in the end, each with its origin; or the configuration as a graph.

Exit codes: 0 shown, 2 wrong usage (there is nothing at PATH), 78 invalid configuration.
"""

import json
import os
from pathlib import Path

import click

from router.cli.configuration import DEFAULT, load_offline, overlay_option
from router.config import Loaded
from router.config.effective import Branch, effective
from router.review.paths import NothingThere, narrowed, parse_path, sections
from router.review.settings_text import to_json, to_yaml

_GRAPH_ALONE = "--graph shows everything in a form of its own: PATH, --format and --no-defaults have no effect beside it."


@click.command()
@click.argument("config", required=False, metavar="[CONFIG]")
@click.argument("path", required=False, metavar="[PATH]")
@overlay_option
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), help="How settings are printed (default: yaml).")
@click.option("--defaults/--no-defaults", default=True, help="Whether settings that are left out are shown, too.")
@click.option("--graph", type=click.Choice(["mermaid", "dot"]), help="Print what calls what instead.")
def command(
    config: str | None, path: str | None, overlays: tuple[str, ...], form: str | None, defaults: bool, graph: str | None
) -> None:
    """Print the effective configuration: CONFIG (default: router.yaml) with everything that is included, laid over and left
    out, each value with the place that it comes from.

    PATH narrows it down: `show triggers.shop.routes`, `show router.yaml 'triggers.shop.routes["GET /a"]'`. A single argument
    that is no file and begins with a section's name is a PATH.

    What came from variables and files stays `${…}`, and secrets are hidden. Exit codes: 0 shown, 2 wrong usage, 78 invalid
    configuration.
    """
    if config is not None and path is None and _is_path(config):
        config, path = None, config
    if graph is not None and (form is not None or not defaults or path is not None):
        raise click.UsageError(_GRAPH_ALONE)
    file = config or DEFAULT
    file = str(Path(file) / DEFAULT) if Path(file).is_dir() else file
    loaded = load_offline(file, overlays)
    if graph is not None:
        _print_graph(loaded, graph)
        return
    assert loaded.written is not None, "it has no errors"
    tree = effective(loaded.written, file, os.environ, defaults=defaults)
    if path is not None:
        tree = _narrowed(tree, path)
    if form == "json":
        document = {"version": 1, "files": _shown_files(loaded), "settings": to_json(tree, overlays)}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(to_yaml(tree, overlays), nl=False)


def _is_path(text: str) -> bool:
    return not Path(text).exists() and sections(text)


def _narrowed(tree: Branch, path: str) -> Branch:
    try:
        return narrowed(tree, parse_path(path))
    except ValueError as error:
        raise click.UsageError(f"`{path}` is no path: {error}.") from None
    except NothingThere as error:
        raise click.UsageError(str(error)) from None


def _shown_files(loaded: Loaded) -> list[str]:
    return sorted(loaded.sources)


def _print_graph(loaded: Loaded, graph: str) -> None:
    from router.review.graph import graph_of, redacted
    from router.review.graph_text import to_dot, to_mermaid

    assert loaded.config is not None
    drawn = redacted(graph_of(loaded.config), loaded.redact)
    click.echo({"mermaid": to_mermaid, "dot": to_dot}[graph](drawn), nl=False)
