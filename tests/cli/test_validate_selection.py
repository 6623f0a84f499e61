"""`lambda-router validate`: what is checked, which findings count, and the exit code."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import main

HEAD = "version: 1\nfunctions:\n  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders\n"
API = "triggers:\n  api: {type: lambda_api, invocation: sync, functions: [orders]}\n"
GOOD = HEAD + API
WARNED = HEAD + "  refunds: arn:aws:lambda:eu-west-1:111122223333:function:refunds\n" + API
WRONG = HEAD + API.replace("[orders]", "[ordres]")
BROKEN = HEAD + API + "log: {level: loud}\n"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write files, then call the command in their folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*args: str, stdin: str | None = None, **files: str) -> Result:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text)
        return CliRunner().invoke(main, ["validate", *args], input=stdin)

    return call


# --- what is collected -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ((), ["router.yaml"]),
        (("team",), ["team/router.yaml"]),
        (("*.yaml",), ["other.yaml", "router.yaml"]),
        (("**/router.yaml", "router.yaml"), ["router.yaml", "team/router.yaml"]),
        (("other.yaml", "other.yaml"), ["other.yaml"]),
    ],
)
def test_paths(run: Run, paths: tuple[str, ...], expected: list[str]) -> None:
    result = run(*paths, router_yaml=GOOD, other_yaml=GOOD, team__router_yaml=GOOD)
    assert (result.exit_code, result.stdout) == (0, "".join(f"{path}: valid\n" for path in expected))


@pytest.mark.parametrize("paths", [(), ("empty",), ("*.yml",)])
def test_nothing_collected(run: Run, tmp_path: Path, paths: tuple[str, ...]) -> None:
    (tmp_path / "empty").mkdir()
    result = run(*paths)
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr == f"lambda-router: {paths[0] if paths else '.'}: there is no configuration.\n"


def test_a_path_without_one_shows_whatever_the_others_say(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("empty", ".", router_yaml=GOOD).exit_code == 5
    assert run("empty", ".", router_yaml=WRONG).exit_code == 1
    assert run("empty", "nowhere.yaml").exit_code == 3


def test_standard_input(run: Run) -> None:
    result = run("-", "--format", "concise", stdin=WRONG.replace("orders", "a").replace("ordres", "b"))
    assert (result.exit_code, result.stdout) == (
        1,
        "<stdin>:3:3: warning[unused-function] no trigger uses the function `a`\n"
        "<stdin>:5:57: error[unknown-function] there is no function `b`\n",
    )


def test_a_pipe_is_read_once_for_every_stage(run: Run) -> None:
    reading, writing = os.pipe()
    os.write(writing, GOOD.encode())
    os.close(writing)
    stages = {"dev_yaml": "log: {level: debug}\n", "prod_yaml": "log: {level: info}\n"}
    result = run(f"/dev/fd/{reading}", "-f", "dev.yaml", "-f", "prod.yaml", "--each", **stages)
    os.close(reading)
    assert (result.exit_code, result.stdout) == (0, f"/dev/fd/{reading}: valid with dev.yaml, prod.yaml\n")


def test_standard_input_includes_from_this_folder(run: Run) -> None:
    team = "functions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}\n"
    result = run("-", stdin=f"version: 1\ninclude: team.yaml\nfunctions: {{}}\n{API}", team_yaml=team)
    assert (result.exit_code, result.stdout) == (0, "<stdin>: valid\n")


def test_an_overlay_from_standard_input(run: Run) -> None:
    files = {"router_yaml": f"version: 1\nfunctions: {{}}\n{API}"}
    result = run("-f", "-", "--format", "concise", stdin="log: {level: loud}", **files)
    assert result.exit_code == 1
    assert result.stdout.startswith("<stdin>:1:14: error[")
    assert run("-", "-f", "-", stdin="version: 1", **files).exit_code == 2


# --- which findings count --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fail_on", "code"),
    [
        (WARNED, "error", 0),
        (WARNED, "warning", 1),
        (WARNED, "info", 1),
        (WRONG, "error", 1),
        (WRONG, "never", 0),
        (GOOD, "info", 0),
    ],
)
def test_from_which_severity_on(run: Run, text: str, fail_on: str, code: int) -> None:
    assert run("--fail-on", fail_on, router_yaml=text).exit_code == code


def test_only_some_rules(run: Run) -> None:
    result = run("--select", "unused-function, no-auth", "--fail-on", "warning", router_yaml=WRONG)
    assert result.exit_code == 1
    assert result.stdout.endswith("router.yaml: not valid (1 warning, 1 not selected)\n")
    assert "unknown-function" not in result.stdout
    assert run("--select", "no-auth", router_yaml=WRONG).exit_code == 0


def test_not_some_rules(run: Run) -> None:
    result = run("--ignore", "unused-function", "--ignore", "no-auth,unknown-function", router_yaml=WRONG)
    assert (result.exit_code, result.stdout) == (0, "router.yaml: not valid (2 not selected)\n")


@pytest.mark.parametrize("text", [BROKEN, BROKEN + "\t:"])
def test_what_keeps_a_rule_from_being_checked_is_no_clean_bill(run: Run, text: str) -> None:
    result = run("--select", "no-auth", router_yaml=text)
    assert (result.exit_code, result.stdout) == (3, "router.yaml: no verdict (1 not selected)\n")


def test_a_rule_that_does_not_exist(run: Run) -> None:
    for option in ("--select", "--ignore"):
        result = run(option, "no-auth,unused-functoin", router_yaml=GOOD)
        assert result.exit_code == 2
        assert "there is no rule `unused-functoin`; did you mean `unused-function`?" in " ".join(result.stderr.split())


def test_what_comments_take_back(run: Run) -> None:
    text = WARNED.replace(":refunds\n", ":refunds # lambda-router: ignore[unused-function] by hand\n")
    result = run("--fail-on", "info", router_yaml=text)
    assert (result.exit_code, result.stdout) == (0, "router.yaml: valid (1 suppressed)\n")
    (configuration,) = json.loads(run("--format", "json").stdout)["configurations"]
    ((suppressed),) = configuration["suppressed"]
    assert (suppressed["code"], suppressed["reason"]) == ("unused-function", "by hand")
    assert suppressed["comment"] == {"file": "router.yaml", "line": 4, "column": 67}


# --- stages ----------------------------------------------------------------------------------------------------------


def problems(result: Result) -> list[tuple[str, list[str]]]:
    (configuration,) = json.loads(result.stdout)["configurations"]
    return [(problem["code"], problem["stages"]) for problem in configuration["problems"]]


def test_stages_together_and_each_by_itself(run: Run) -> None:
    files = {"router_yaml": WARNED, "a_yaml": "log: {level: loud}\n", "b_yaml": "log: {level: info}\n"}
    together = run("-f", "a.yaml", "-f", "b.yaml", "--format", "json", **files)
    assert (together.exit_code, problems(together)) == (0, [("unused-function", [])])
    each = run("-f", "a.yaml", "-f", "b.yaml", "--each", "--format", "json", **files)
    assert (each.exit_code, problems(each)) == (1, [("unknown-value", ["a.yaml"]), ("unused-function", [])])


def test_stages_for_people(run: Run) -> None:
    files = {"router_yaml": GOOD, "a_yaml": "log: {level: loud}\n", "b_yaml": "log: {level: laud}\n"}
    result = run("-f", "a.yaml", "-f", "b.yaml", "--each", **files)
    assert result.stdout == (
        "a.yaml:1:14: error[unknown-value]: `loud` is not `debug`, `info`, `warning` or `error`\n"
        "  1 | log: {level: loud}\n    |              ^^^^\n    only with: a.yaml\n\n"
        "b.yaml:1:14: error[unknown-value]: `laud` is not `debug`, `info`, `warning` or `error`\n"
        "  1 | log: {level: laud}\n    |              ^^^^\n    only with: b.yaml\n\n"
        "router.yaml: not valid with a.yaml, b.yaml (2 errors)\n"
    )


def test_stages_need_overlays(run: Run) -> None:
    assert run("--each", router_yaml=GOOD).exit_code == 2


def test_a_comment_that_one_stage_needs_is_used(run: Run) -> None:
    comment = "# lambda-router: ignore[unused-function] only staging calls it"
    text = WARNED.replace(":refunds\n", f":refunds {comment}\n")
    uses = "triggers: {api: {functions: [orders, refunds]}}\n"
    files = {"router_yaml": text, "a_yaml": uses, "b_yaml": "log: {level: info}\n"}
    assert problems(run("-f", "a.yaml", "--each", "--format", "json", **files)) == [("unused-suppression", [])]
    assert problems(run("-f", "a.yaml", "-f", "b.yaml", "--each", "--format", "json", **files)) == []


def test_a_shared_file_is_told_once_by_what_has_no_configurations(run: Run) -> None:
    team = "functions: {b: arn:aws:lambda:eu-west-1:111122223333:function:b}\n"
    shared: dict[str, Any] = {"a_yaml": GOOD + "include: team.yaml\n", "b_yaml": GOOD + "include: team.yaml\n"}
    result = run("a.yaml", "b.yaml", "--format", "concise", team_yaml=team, **shared)
    assert result.stdout == "team.yaml:1:13: warning[unused-function] no trigger uses the function `b`\n"
