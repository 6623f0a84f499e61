"""`lambda-router validate` in every format, each held to what its readers want."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema
from click.testing import CliRunner, Result
from jsonschema import Draft4Validator

from router.cli import main

FORMATS = Path(__file__).parent.parent / "formats"
SARIF = Draft4Validator(json.loads((FORMATS / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))
JUNIT = xmlschema.XMLSchema(str(FORMATS / "junit-10.xsd"))

TEXT = """\
version: 1
functions:
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
  refunds: arn:aws:lambda:eu-west-1:111122223333:function:refunds   # lambda-router: ignore[unused-function] by hand
  returns: arn:aws:lambda:eu-west-1:111122223333:function:returns
triggers:
  api: {type: lambda_api, invocation: sync, functions: [orders]}
log: {levle: info}
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "router.yaml").write_text(TEXT)
    for name in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return lambda *args, **env: CliRunner().invoke(main, ["validate", *args], env=env)


def test_for_people(run: Run) -> None:
    result = run()
    assert result.exit_code == 1
    assert result.stdout == (
        "router.yaml:5:3: warning[unused-function]: no trigger uses the function `returns`\n"
        "  5 |   returns: arn:aws:lambda:eu-west-1:111122223333:function:returns\n    |   ^^^^^^^\n"
        "    help: use it in a trigger, or remove it\n\n"
        "router.yaml:8:7: error[unknown-key]: the key `levle` is not known here\n"
        "  8 | log: {levle: info}\n    |       ^^^^^\n    help: did you mean `level`?\n\n"
        "router.yaml: not valid (1 error, 1 warning, 1 suppressed)\n"
        "1 finding can be mended with --fix; --diff shows what it would do.\n"
    )


def test_one_line_each(run: Run) -> None:
    assert run("--format", "concise").stdout == (
        "router.yaml:5:3: warning[unused-function] no trigger uses the function `returns`\n"
        "router.yaml:8:7: error[unknown-key] the key `levle` is not known here\n"
    )


def test_sarif(run: Run) -> None:
    document = json.loads(run("--format", "sarif").stdout)
    SARIF.validate(document)
    (log,) = document["runs"]
    told = [
        (result["ruleId"], result["level"], "suppressions" in result, "fixes" in result, len(result["partialFingerprints"]))
        for result in log["results"]
    ]
    assert told == [
        ("unused-function", "warning", False, False, 1),
        ("unknown-key", "error", False, True, 1),
        ("unused-function", "warning", True, False, 1),
    ]
    assert all(rule["help"]["markdown"] for rule in log["tool"]["driver"]["rules"])
    fingerprints = {result["partialFingerprints"]["lambdaRouter/v1"] for result in log["results"]}
    assert len(fingerprints) == 3


def test_fingerprints_stay_when_lines_move(run: Run, tmp_path: Path) -> None:
    def fingerprints() -> list[str]:
        (configuration,) = json.loads(run("--format", "json").stdout)["configurations"]
        return [problem["fingerprint"] for problem in configuration["problems"]]

    before = fingerprints()
    (tmp_path / "router.yaml").write_text(f"# a line more\n\n{TEXT}")
    assert fingerprints() == before


def test_junit(run: Run) -> None:
    text = run("--format", "junit").stdout
    JUNIT.validate(text)
    assert 'tests="3" failures="1" errors="0"' in text
    assert '<failure type="unknown-key" message="the key `levle` is not known here">' in text
    assert '<skipped type="unused-function" message="by hand">' in text
    strict = run("--format", "junit", "--fail-on", "warning").stdout
    assert 'failures="2"' in strict


def test_junit_of_a_valid_file_and_of_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(
        TEXT.replace("levle", "level")
        .replace("  returns: arn:aws:lambda:eu-west-1:111122223333:function:returns\n", "")
        .replace("  refunds", "  # refunds")
    )
    text = run("good.yaml", "nowhere.yaml", "--format", "junit").stdout
    JUNIT.validate(text)
    assert '<testcase name="is valid" classname="good.yaml" time="0.000"/>' in text
    assert '<error message="a file cannot be read, or errors that are not selected keep rules from being checked">' in text


def test_annotations(run: Run) -> None:
    annotations = (
        "::warning file=router.yaml,line=5,endLine=5,col=3,endColumn=9,title=unused-function::"
        "no trigger uses the function `returns`%0Ause it in a trigger, or remove it\n"
        "::error file=router.yaml,line=8,endLine=8,col=7,endColumn=11,title=unknown-key::"
        "the key `levle` is not known here%0Adid you mean `level`?\n"
    )
    assert run("--format", "github").stdout == annotations
    assert run(GITHUB_ACTIONS="true").stdout == run().stdout + annotations


def test_several_at_once(run: Run, tmp_path: Path) -> None:
    result = run("-o", "sarif=a.sarif", "-o", "junit=b.xml", "-o", "human=c.txt", "-o", "json=d.json", FORCE_COLOR="1")
    assert "\x1b[31m" in result.stdout
    SARIF.validate(json.loads((tmp_path / "a.sarif").read_text()))
    JUNIT.validate((tmp_path / "b.xml").read_text())
    assert (tmp_path / "c.txt").read_text() == run(FORCE_COLOR="").stdout
    assert json.loads((tmp_path / "d.json").read_text())["version"] == 1


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False), ({"FORCE_COLOR": ""}, False)],
)
def test_colours_as_the_environment_wants_them(run: Run, env: dict[str, str], coloured: bool) -> None:
    assert ("\x1b[" in run(**env).stdout) is coloured
