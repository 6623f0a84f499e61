"""`lambda-router validate --fix` and `--diff`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main

BOM = b"\xef\xbb\xbf"
WRONG = b"""\
version: 1\r
functions:   {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}  # kept as it is\r
admin: {listen: 127.0.0.1:9901, token: hunter2}\r
triggers:\r
  api: {type: lamda_api, invocaton: "snyc", functions: [orders]}\r
log: {levle: inof}\r
"""
RIGHT = (
    WRONG.replace(b"lamda", b"lambda")
    .replace(b"invocaton", b"invocation")
    .replace(b'"snyc"', b"sync")
    .replace(b"levle: inof", b"level: info")
)
DIFF = """\
--- router.yaml
+++ router.yaml
@@ -2,5 +2,5 @@
 functions:   {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}  # kept as it is
 admin: {listen: 127.0.0.1:9901, token: *******}
 triggers:
-  api: {type: lamda_api, invocaton: "snyc", functions: [orders]}
-log: {levle: inof}
+  api: {type: lambda_api, invocation: sync, functions: [orders]}
+log: {level: info}
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *args, **more: CliRunner().invoke(main, ["validate", *args], **more)


def test_everything_else_stays_byte_for_byte(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "router.yaml"
    path.write_bytes(BOM + WRONG)
    result = run("--fix", "--format", "concise")
    assert path.read_bytes() == BOM + RIGHT
    assert (result.exit_code, result.stderr) == (0, "router.yaml: 5 findings mended\n")
    assert result.stdout == ("router.yaml:3:40: warning[literal-secret] `token` is a secret, and stands in the file as it is\n")


def test_a_difference_changes_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "router.yaml"
    path.write_bytes(WRONG)
    result = run("--diff", "-o", "concise=found.txt")
    assert (result.exit_code, result.stdout) == (1, DIFF)
    assert path.read_bytes() == WRONG
    assert "unknown-type" in (tmp_path / "found.txt").read_text()


def test_a_difference_of_standard_input(run: Run) -> None:
    result = run("--diff", "-", input=WRONG)
    assert (result.exit_code, result.stdout) == (1, DIFF.replace("router.yaml", "<stdin>"))


def test_no_difference(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_bytes(RIGHT)
    result = run("--diff")
    assert (result.exit_code, result.stdout) == (0, "")


def test_only_what_is_selected(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "router.yaml"
    path.write_bytes(WRONG)
    run("--fix", "--select", "unknown-key")
    assert path.read_bytes() == WRONG.replace(b"levle", b"level")


def test_files_that_are_included_and_laid_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_bytes(RIGHT + b"include: team.yaml\n")
    (tmp_path / "team.yaml").write_text(
        "triggers:\n  b: {typ: function_url, type: function_url, invocation: snyc, function: orders}\n"
    )
    (tmp_path / "dev.yaml").write_text("log: {formt: text}\n")
    result = run("--fix", "-f", "dev.yaml")
    assert (tmp_path / "dev.yaml").read_text() == "log: {format: text}\n"
    assert "invocation: sync" in (tmp_path / "team.yaml").read_text()
    assert "typ: function_url, type" in (tmp_path / "team.yaml").read_text()
    assert result.exit_code == 1


def test_stages_that_need_different_fixes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_bytes(WRONG)
    (tmp_path / "a.yaml").write_text("log: {formt: text}\n")
    (tmp_path / "b.yaml").write_text("log: {acess: true}\n")
    result = run("--fix", "--each", "-f", "a.yaml", "-f", "b.yaml")
    assert result.exit_code == 0
    written = [(tmp_path / name).read_bytes() for name in ("router.yaml", "a.yaml", "b.yaml")]
    assert written == [RIGHT, b"log: {format: text}\n", b"log: {access: true}\n"]


def test_a_file_that_cannot_be_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "router.yaml").write_bytes(WRONG)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    result = run("--fix")
    assert result.exit_code == 2
    assert "router.yaml cannot be written: Permission denied." in result.stderr


@pytest.mark.parametrize("args", [("--fix", "--diff"), ("--fix", "-")])
def test_wrong_usage(run: Run, args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 2
