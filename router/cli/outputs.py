"""`--format` and `-o FORMAT[=FILE]`: which reports a command with results writes, and where.

One format goes to standard output: that of `--format`, or of an `-o` without a file. Any number go to files beside it. Under
GitHub Actions what people read comes with annotations for the pull request.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

HUMAN = "human"
GITHUB = "github"
_FORM = "router.cli.outputs.form"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True, frozen=True)
class Outputs:
    """`standard`: the formats that go to standard output, in order. `files`: path to format."""

    standard: tuple[str, ...]
    files: Mapping[str, str]


def output_options(formats: Sequence[str]) -> Callable[[F], F]:
    """`--format` and `-o`, together the parameter `outputs: Outputs`."""

    def decorate(command: F) -> F:
        told = click.option(
            "-o",
            "--output",
            "outputs",
            multiple=True,
            metavar="FORMAT[=FILE]",
            callback=lambda ctx, param, values: _chosen(formats, ctx.meta.get(_FORM), values),
            help="Also write the results in this format to FILE; repeatable. Without FILE: to standard output.",
        )(command)
        return click.option(
            "--format",
            "form",
            type=click.Choice(list(formats)),
            is_eager=True,
            expose_value=False,
            callback=lambda ctx, param, value: ctx.meta.update({_FORM: value}),
            help="How the results are printed on standard output (default: human).",
        )(told)

    return decorate


def _chosen(formats: Sequence[str], form: str | None, values: Sequence[str]) -> Outputs:
    standard = [form] if form is not None else []
    files: dict[str, str] = {}
    for value in values:
        name, equals, file = value.partition("=")
        if name not in formats:
            raise click.BadParameter(f"`{name}` is not one of {', '.join(formats)}.")
        if equals and not file:
            raise click.BadParameter(f"`{value}` names no file.")
        if not equals or file == "-":
            standard.append(name)
        elif file in files:
            raise click.BadParameter(f"{file} is written twice.")
        else:
            files[file] = name
    if len(standard) > 1:
        raise click.BadParameter(f"{' and '.join(standard)} cannot both go to standard output: write -o FORMAT=FILE.")
    return Outputs(tuple(standard or [HUMAN]), files)


def with_annotations(outputs: Outputs, env: Mapping[str, str]) -> Outputs:
    """The same, with GitHub's annotations after what people read where a workflow of GitHub Actions runs this."""
    if outputs.standard == (HUMAN,) and env.get("GITHUB_ACTIONS") == "true" and GITHUB not in outputs.files.values():
        return Outputs((HUMAN, GITHUB), outputs.files)
    return outputs


def write(outputs: Outputs, writers: Mapping[str, Callable[[], str]]) -> None:
    """Print and write every report. `writers`: format to what makes its text, `human` among them.

    Raises click.UsageError where a file cannot be written.
    """
    outputs = with_annotations(outputs, os.environ)
    for name in outputs.standard:
        click.echo(writers[name](), nl=False)
    for file, name in outputs.files.items():
        try:
            Path(file).write_text(click.unstyle(writers[name]()), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise click.UsageError(f"{file} cannot be written: {error.strerror}.") from None
