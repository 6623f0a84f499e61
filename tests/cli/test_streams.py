"""What a command prints reaches whoever reads it, whatever the locale, the name of a file or the room on the disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli.streams import is_about_output

TEXT = 'version: 1\nlog: {level: "größer 😀"}\n'
FULL = "lambda-router: standard output cannot be written: No space left on device.\n"


def run(folder: Path, *args: str | bytes, stdout: int = subprocess.PIPE, **env: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "router", *args]
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "router.yaml").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8", "cp1252"])
def test_pipes_get_utf_8_in_every_locale(folder: Path, encoding: str) -> None:
    done = run(folder, "validate", "--format", "json", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (1, b"")
    (configuration,) = json.loads(done.stdout.decode())["configurations"]
    assert [problem["message"] for problem in configuration["problems"]] == [
        "`größer 😀` is not `debug`, `info`, `warning` or `error`"
    ]


def test_a_terminal_of_another_encoding_gets_escapes(folder: Path) -> None:
    ours, theirs = os.openpty()
    done = run(folder, "validate", "--format", "concise", stdout=theirs, PYTHONIOENCODING="latin-1")
    os.close(theirs)
    told = os.read(ours, 10_000)
    os.close(ours)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"`gr\xf6\xdfer \\U0001f600` is not" in told


def test_a_name_that_is_no_utf_8_is_a_name(folder: Path) -> None:
    name = b"\xff.yaml"
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("version: 1\n", encoding="utf-8")
    done = run(folder, "validate", name, "--format", "json", "-o", "junit=report.xml", "-o", "sarif=report.sarif")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["configurations"][0]["path"] == "\udcff.yaml"
    assert (folder / "report.xml").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("args", [["validate"], ["rules"], ["test"], ["validate", "--help"]])
def test_a_full_disk_is_no_traceback(folder: Path, args: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(folder, *args, stdout=full.fileno())
    assert (done.returncode, done.stderr.decode()) == (2, FULL)


@pytest.mark.parametrize("args", [["rules"], ["test"]])
def test_a_reader_that_has_gone_is_no_bug(folder: Path, args: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(folder, *args, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_other_errors_are_none_of_the_output() -> None:
    assert not is_about_output(OSError(28, "No space left on device", "journal.db"))
    assert not is_about_output(ValueError())
