"""`--format` and `-o`: what goes where."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from router.cli.outputs import Outputs, output_options, with_annotations, write

FORMATS = ("human", "json", "junit", "github")


@click.command()
@output_options(FORMATS)
def command(outputs: Outputs) -> None:
    write(outputs, {name: lambda name=name: click.style(f"{name}\n", fg="red") for name in FORMATS})


def run(*args: str, env: dict[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(command, list(args), env={"GITHUB_ACTIONS": None, **(env or {})})


@pytest.mark.parametrize(
    ("args", "printed"),
    [
        ((), "human\n"),
        (("--format", "json"), "json\n"),
        (("-o", "json"), "json\n"),
        (("-o", "json=-"), "json\n"),
    ],
)
def test_standard_output(args: tuple[str, ...], printed: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (0, printed)


def test_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("-o", "junit=a.xml", "-o", "human=b.txt", "--format", "json", "-o", "junit=c=d.xml")
    assert (result.exit_code, result.stdout) == (0, "json\n")
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {"a.xml": "junit\n", "b.txt": "human\n", "c=d.xml": "junit\n"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("-o", "xml=a"), "`xml` is not one of human, json, junit, github."),
        (("-o", "json="), "`json=` names no file."),
        (("-o", "json", "-o", "junit"), "json and junit cannot both go to standard output: write -o FORMAT=FILE."),
        (("--format", "human", "-o", "junit"), "human and junit cannot both go to standard output"),
        (("-o", "json=a", "-o", "junit=a"), "a is written twice."),
        (("-o", "json=no/such/folder"), "no/such/folder cannot be written: No such file or directory."),
    ],
)
def test_wrong_usage(args: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*args)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_annotations_under_github_actions() -> None:
    actions: dict[str, str | None] = {"GITHUB_ACTIONS": "true"}
    assert run(env=actions).stdout == "human\ngithub\n"
    assert run("--format", "json", env=actions).stdout == "json\n"
    assert run("--format", "github", env=actions).stdout == "github\n"
    outputs = Outputs(("human",), {"a.txt": "github"})
    assert with_annotations(outputs, {"GITHUB_ACTIONS": "true"}) is outputs
