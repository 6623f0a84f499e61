"""`lambda-router import`, as a person and as a pipeline calls it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main

SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {QueueName: jobs}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: worker
      Runtime: python3.12
      Handler: app.handler
      CodeUri: src/
      Tracing: Active
      Surprise: 1
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 5}}
"""
IMPORTED = """\
# yaml-language-server: $schema=router.schema.json
# Imported from template.yaml.
version: 1

aws:
  region: eu-west-1
  account_id: '111122223333'

functions:
  # from template.yaml:6 AWS::Serverless::Function Worker
  Worker:
    arn: arn:aws:lambda:eu-west-1:111122223333:function:worker
    timeout: 3s
    local: {runtime: python3.12, handler: app.handler, code: src}

triggers:
  # from template.yaml:16 AWS::Serverless::Function Worker, event Queue
  Worker-Queue:
    type: sqs
    invocation: async
    queue: arn:aws:sqs:eu-west-1:111122223333:jobs
    function: Worker
    batch_size: 5

# Not carried over:
#   template.yaml:14: AWS::Serverless::Function Worker Surprise: the importer does not know this property
"""
TOLD = (
    "template.yaml:14: not carried over: AWS::Serverless::Function Worker Surprise: the importer does not know this property\n"
)
WHERE = ("--account", "111122223333", "--region", "eu-west-1")

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A template with its code, then the command in their folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "template.yaml").write_text(SAM)

    def call(*args: str) -> Result:
        return CliRunner().invoke(main, ["import", *args])

    return call


def test_it_prints_the_configuration_and_tells_the_rest_on_standard_error(run: Run) -> None:
    result = run("template.yaml", *WHERE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, IMPORTED, TOLD)


@pytest.mark.parametrize(("option", "value", "told"), [("--parameter", "stage=prod", "stage"), ("--stage", "prod", "prod")])
def test_an_option_that_nothing_asks_for_is_told(run: Run, option: str, value: str, told: str) -> None:
    result = run("template.yaml", *WHERE, option, value)
    assert (result.exit_code, result.stdout) == (0, IMPORTED)
    assert result.stderr == f"lambda-router: nothing in template.yaml asks for `{option} {told}`\n" + TOLD


def test_a_folder_is_its_template(run: Run) -> None:
    assert run(".", *WHERE).stdout == IMPORTED


def test_it_writes_the_file_with_paths_as_that_sees_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    result = run("template.yaml", *WHERE, "-o", "config/router.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "config/router.yaml").read_text() == IMPORTED.replace("code: src", "code: ../src")
    assert CliRunner().invoke(main, ["validate", "config/router.yaml"]).exit_code == 0


def test_it_replaces_nothing_unless_it_is_told_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text("mine\n")
    result = run("template.yaml", "-o", "router.yaml")
    assert result.exit_code == 2
    assert "router.yaml is there already: `--check router.yaml` compares, `--force` replaces it." in result.stderr
    assert run("template.yaml", *WHERE, "-o", "router.yaml", "--force").exit_code == 0
    assert (tmp_path / "router.yaml").read_text() == IMPORTED


def test_a_place_that_cannot_be_written(run: Run) -> None:
    result = run("template.yaml", "-o", "nowhere/router.yaml")
    assert result.exit_code == 2
    assert "nowhere/router.yaml cannot be written: No such file or directory" in result.stderr


def test_as_json(run: Run) -> None:
    result = run("template.yaml", *WHERE, "--format", "json")
    document = json.loads(result.stdout)
    assert document["version"] == 1
    assert document["configuration"]["triggers"]["Worker-Queue"]["batch_size"] == 5
    assert document["notes"] == [
        {
            "kind": "not carried over",
            "file": "template.yaml",
            "line": 14,
            "column": 7,
            "resource": "AWS::Serverless::Function Worker",
            "property": "Surprise",
            "reason": "the importer does not know this property",
        }
    ]


def test_functions_where_they_are_wanted(run: Run) -> None:
    both, deployed, here = (
        json.loads(run("template.yaml", *WHERE, "--format", "json", "--functions", where).stdout)["configuration"]["functions"]
        for where in ("both", "arn", "local")
    )
    assert deployed == {"Worker": {"arn": "arn:aws:lambda:eu-west-1:111122223333:function:worker", "timeout": "3s"}}
    assert here == {"Worker": {"timeout": "3s", "local": {"runtime": "python3.12", "handler": "app.handler", "code": "src"}}}
    assert both == {"Worker": {**deployed["Worker"], **here["Worker"]}}


def test_a_pipeline_may_want_all_of_it(run: Run, tmp_path: Path) -> None:
    assert run("template.yaml", "--fail-on-unsupported").exit_code == 1
    (tmp_path / "template.yaml").write_text(SAM.replace("      Surprise: 1\n", ""))
    assert run("template.yaml", "--fail-on-unsupported").exit_code == 0


# --- drift -----------------------------------------------------------------------------------------------------------


def test_no_drift(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text(IMPORTED)
    result = run("template.yaml", *WHERE, "--check", "router.yaml", "--strict")
    assert (result.exit_code, result.stdout) == (0, "router.yaml: no drift from template.yaml\n")


def test_drift_with_both_places(run: Run, tmp_path: Path) -> None:
    changed = IMPORTED.replace("batch_size: 5", "batch_size: 7")
    changed += "  more: {type: schedule, invocation: async, schedules: {beat: {expression: rate(1 day), function: Worker}}}\n"
    (tmp_path / "router.yaml").write_text(changed.replace("# Not carried", "  # Not carried"))
    result = run("template.yaml", *WHERE, "--check", "router.yaml")
    told = "router.yaml:23: different: sqs queue of `Worker-Queue`: batch_size is 7; template.yaml:16 says 5\n"
    assert (result.exit_code, result.stdout) == (1, f"{told}router.yaml: 1 difference from template.yaml\n")
    strict = run("template.yaml", *WHERE, "--check", "router.yaml", "--strict")
    extra = "router.yaml:27: extra: schedule `beat` is not in the template\n"
    assert (strict.exit_code, strict.stdout) == (1, f"{told}{extra}router.yaml: 2 differences from template.yaml\n")


def test_drift_as_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text(IMPORTED.replace("batch_size: 5", "batch_size: 7"))
    result = run("template.yaml", *WHERE, "--check", "router.yaml", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "version": 1,
        "drift": [
            {
                "kind": "different",
                "what": "sqs queue of `Worker-Queue`",
                "property": "batch_size",
                "template": {"file": "template.yaml", "line": 16, "column": 9},
                "expected": "5",
                "configuration": {"file": "router.yaml", "line": 23, "column": 5},
                "actual": "7",
            }
        ],
    }


def test_a_configuration_that_is_not_valid_has_no_drift_but_findings(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text(IMPORTED.replace("function: Worker", "function: Wroker"))
    result = run("template.yaml", *WHERE, "--check", "router.yaml")
    assert result.exit_code == 78
    assert "there is no function `Wroker`" in result.stderr


def test_a_configuration_that_is_not_there(run: Run) -> None:
    result = run("template.yaml", "--check", "nowhere.yaml")
    assert (result.exit_code, result.stderr) == (3, "lambda-router: nowhere.yaml cannot be read\n")


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Missing argument 'FILE...'"),
        (("template.yaml", "--strict"), "`--strict` has no effect without `--check`."),
        (("template.yaml", "--force"), "`--force` has no effect without `--output`."),
        (("template.yaml", "--check", "a", "-o", "b"), "`--check` writes nothing: leave `--output` out."),
        (("template.yaml", "--parameter", "x"), "`--parameter` takes NAME=VALUE."),
        (("template.yaml", "--worker", "=x"), "`--worker` takes NAME=VALUE."),
        (("template.yaml", "--account", "123"), "`--account` takes the twelve digits of an account's id."),
        (("template.yaml", "--from", "pulumi"), "Invalid value for '--from'"),
    ],
)
def test_wrong_usage(run: Run, args: tuple[str, ...], message: str) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("text", "args", "message"),
    [
        ("a: b: c", (), "t.yaml:1:5: this is neither YAML nor JSON: mapping values are not allowed in this context"),
        ("a: 1", (), "t.yaml: this is neither a template nor an export that is known; `--from` forces a format"),
        ("[]", (), "t.yaml: this is neither a template nor an export that is known; `--from` forces a format"),
        ("a: 1", ("--from", "aws"), "t.yaml: this is nothing that the AWS CLI prints and that is known here"),
        ("a: 1", ("--from", "serverless"), "t.yaml: a serverless.yml has `service` and `provider`"),
    ],
)
def test_what_cannot_be_imported(run: Run, tmp_path: Path, text: str, args: tuple[str, ...], message: str) -> None:
    (tmp_path / "t.yaml").write_text(text)
    result = run("t.yaml", *args)
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", f"lambda-router: {message}\n")


def test_a_file_that_is_not_there(run: Run) -> None:
    result = run("nowhere.yaml")
    assert result.exit_code == 3
    assert result.stderr == "lambda-router: nowhere.yaml:1:1: the file cannot be read: No such file or directory\n"


def test_a_folder_without_a_template(run: Run) -> None:
    result = run("src")
    assert result.exit_code == 3
    assert "src: there is none of cdk.out/manifest.json, manifest.json, template.yaml" in result.stderr


def test_nothing_to_import(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {Table: {Type: AWS::DynamoDB::Table, Properties: {}}}")
    result = run("t.yaml")
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr == "lambda-router: there is no function and no trigger in t.yaml\n"


@pytest.mark.parametrize("missing", ["cfn_tools", "ruamel"])
def test_without_the_extra_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in [name for name in sys.modules if name.startswith("router.importing") or name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    if missing == "ruamel":
        monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    result = run("template.yaml")
    assert result.exit_code == 3
    assert result.stderr == "lambda-router: `import` needs more packages: pip install 'lambda-router[import]'\n"


def test_other_commands_do_without_the_extra(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from router.cli import main\n"
        "try:\n    main(['validate', '--help'], standalone_mode=False)\n"
        "finally:\n    print([name for name in ('cfn_tools', 'ruamel.yaml', 'router.importing') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
