"""`lambda-router init`: where it writes, and what it leaves alone."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main


def init(*args: str) -> Result:
    return CliRunner().invoke(main, ["init", *args])


def test_it_writes_here_and_says_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = init()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "router.yaml",
        "router.test.yaml",
        "functions/hello/app.py",
        ".gitignore",
        ".pre-commit-config.yaml",
        ".github/workflows/lambda-router.yml",
        "README.md",
        "router.schema.json",
        "router.test.schema.json",
        "",
        "Now: lambda-router validate && lambda-router test && lambda-router run",
        "     curl 'http://127.0.0.1:8080/hello?name=you'",
    ]


def test_it_makes_the_folder(tmp_path: Path) -> None:
    result = init(str(tmp_path / "a" / "b"))
    assert f"Now: cd {tmp_path / 'a' / 'b'} && lambda-router validate" in result.stdout
    assert (tmp_path / "a" / "b" / "router.yaml").exists()


def test_it_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / ".gitignore").symlink_to("nowhere")
    result = init(str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "lambda-router: These files are there already; --force writes over them:\n"
        f"  {tmp_path / '.gitignore'}\n  {tmp_path / 'README.md'}\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "README.md"]


def test_force_writes_over_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "other").write_text("mine")
    assert init(str(tmp_path), "--force").exit_code == 0
    assert (tmp_path / "README.md").read_text() != "mine"
    assert (tmp_path / "other").read_text() == "mine"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "functions").write_text("a file")
    result = init(str(tmp_path))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"lambda-router: {tmp_path / 'functions'}")


@pytest.mark.parametrize("args", [["--template", "zebra"], ["--runtime", "cobol"]])
def test_wrong_usage(args: list[str]) -> None:
    assert init(*args).exit_code == 2
