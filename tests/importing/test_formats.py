"""What each source format has of its own: kinds of exports, assemblies, plugins; and that cfn-lint takes our templates."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from router.fakes import FakeFiles
from router.importing.importer import Imported, import_files
from router.importing.options import Options
from router.importing.secrets import looks_secret

TEMPLATES = Path(__file__).parent / "templates"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:jobs"
MAPPING = {"UUID": "u", "EventSourceArn": QUEUE, "FunctionArn": f"{FUNCTION}:worker", "State": "Enabled"}
RULE = {"Name": "paid", "EventPattern": '{"source": ["shop"]}', "State": "ENABLED"}
TARGET = {"Id": "1", "Arn": f"{FUNCTION}:worker"}


def imported(*paths: str, options: Options | None = None, **files: Any) -> Imported:
    texts = {name.replace("__", "/"): text if isinstance(text, str) else json.dumps(text) for name, text in files.items()}
    chosen = options or Options(account="111122223333", region="eu-west-1")
    return import_files(paths or list(texts), chosen, FakeFiles(texts), target="router.yaml")


def triggers(result: Imported) -> Any:
    return result.draft.settings.get("triggers", {})


def told(result: Imported) -> list[str]:
    return [str(note) for note in result.notes]


# --- exports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {"EventSourceMappings": [MAPPING]},
        MAPPING,
        [MAPPING],
        [{"EventSourceMappings": [MAPPING]}],
    ],
)
def test_a_mapping_however_it_was_printed(document: Any) -> None:
    queue = {"type": "sqs", "invocation": "async", "queue": QUEUE, "function": "worker"}
    assert triggers(imported(**{"m.json": document})) == {"worker-jobs": queue}


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"rules.json": {"Rules": [RULE]}, "targets.json": {"Targets": [TARGET]}}, ["paid"]),
        ({"rule.json": RULE, "paid.json": {"Targets": [TARGET]}}, ["paid"]),
        ({"rules.json": {"Rules": [{**RULE, "Targets": [TARGET]}]}}, ["paid"]),
        ({"rules.json": {"Rules": [RULE, {**RULE, "Name": "other"}]}, "targets-other.json": {"Targets": [TARGET]}}, ["other"]),
    ],
)
def test_targets_find_their_rule(files: Any, names: list[str]) -> None:
    (trigger,) = triggers(imported(**files)).values()
    assert list(trigger["rules"]) == names


def test_an_export_that_is_not_whole_is_told() -> None:
    result = imported(**{"m.json": {"EventSourceMappings": [MAPPING], "NextToken": "abc"}})
    assert "m.json:1: not carried over: the export NextToken: it is not whole: print the other pages, too" in told(result)


def test_settings_of_deployed_functions_are_joined_and_their_variables_not_copied() -> None:
    configuration: dict[str, Any] = {
        "FunctionName": "worker",
        "FunctionArn": f"{FUNCTION}:worker",
        "Runtime": "python3.12",
        "Handler": "a.b",
    }
    configuration["Environment"] = {"Variables": {"HARMLESS": "deployed-value"}}
    retries = {"FunctionArn": f"{FUNCTION}:worker:$LATEST", "MaximumRetryAttempts": 0}
    result = imported(**{"f.json": {"Configuration": configuration, "Code": {"Location": "x"}}, "r.json": retries})
    assert result.draft.settings["functions"]["worker"]["async"] == {"delivery": "managed", "max_retries": 0}
    assert "deployed-value" not in result.text()


def test_real_names_of_resources_and_values_of_exports() -> None:
    template = {
        "Resources": {
            "Jobs": {"Type": "AWS::SQS::Queue"},
            "Worker": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": {"Fn::GetAtt": ["Jobs", "Arn"]},
                    "FunctionName": {"Fn::ImportValue": "worker-arn"},
                },
            },
        }
    }
    names = {"StackResourceSummaries": [{"LogicalResourceId": "Jobs", "PhysicalResourceId": "stack-Jobs-1X2Y"}]}
    exports = {"Exports": [{"Name": "worker-arn", "Value": f"{FUNCTION}:worker"}]}
    result = imported(**{"t.json": template, "names.json": names, "exports.json": exports})
    assert triggers(result)["Worker"]["queue"] == "arn:aws:sqs:eu-west-1:111122223333:stack-Jobs-1X2Y"
    assert triggers(result)["Worker"]["function"] == "worker"
    assert told(result) == []


# --- CDK -------------------------------------------------------------------------------------------------------------


def test_stages_of_an_assembly_and_several_stacks() -> None:
    def manifest(**artifacts: Any) -> Any:
        return {"version": "48.0.0", "artifacts": artifacts}

    def stack(file: str, place: str) -> Any:
        return {"type": "aws:cloudformation:stack", "environment": place, "properties": {"templateFile": file}}

    def template(name: str) -> Any:
        url = {"TargetFunctionArn": {"Ref": "F"}, "AuthType": "NONE"}
        function = {"FunctionName": name, "Runtime": "java21", "Handler": "x"}
        return {
            "Resources": {
                "F": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": function,
                    "Metadata": {"aws:cdk:path": f"S/{name}/Resource"},
                },
                "U": {"Type": "AWS::Lambda::Url", "Properties": url},
            }
        }

    files = {
        "out__manifest.json": manifest(
            One=stack("one.json", "aws://111122223333/eu-west-1"),
            Prod={"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}},
        ),
        "out__one.json": template("one"),
        "out__assembly-Prod__manifest.json": manifest(Two=stack("two.json", "aws://unknown-account/unknown-region")),
        "out__assembly-Prod__two.json": template("two"),
    }
    result = imported("out", options=Options(), **files)
    functions = result.draft.settings["functions"]
    assert {key: function["arn"] for key, function in functions.items()} == {
        "one": f"{FUNCTION}:one",
        "two": "arn:aws:lambda:${AWS_REGION}:${AWS_ACCOUNT_ID}:function:two",
    }
    assert result.draft.settings["aws"] == {"region": "eu-west-1", "account_id": "111122223333"}
    assert [trigger["function"] for trigger in triggers(result).values()] == ["one", "two"]


def test_a_template_that_the_manifest_names_and_that_is_not_there() -> None:
    manifest = {
        "version": "1",
        "artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "gone.json"}}},
    }
    with pytest.raises(ValueError, match=r"^gone\.json:1:1: the file cannot be read: No such file or directory$"):
        imported(**{"manifest.json": manifest})


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DB_PASSWORD", "abc", True),
        ("STRIPE_API_KEY", "abc", True),
        ("TOKEN", "abc", True),
        ("DB_PW", "abc", True),
        ("KEY", "abc", True),
        ("x-origin-verify", "abc", True),
        ("SENTRY_DSN", "https://x", True),
        ("DATABASE_URL", "postgres://app:pass@db/app", True),
        ("ANYTHING", "AKIAIOSFODNN7EXAMPLE", True),
        ("ANYTHING", "-----BEGIN RSA PRIVATE KEY-----", True),
        ("TOKEN_NAME", "abc", False),
        ("SECRET_ARN", "abc", False),
        ("USE_TOKEN", "true", False),
        ("TOKEN", "", False),
        ("TABLE", "orders", False),
        ("DATABASE_URL", "postgres://db/app", False),
    ],
)
def test_what_looks_like_a_secret(name: str, value: str, secret: bool) -> None:
    assert looks_secret(name, value) is secret


# --- serverless.yml --------------------------------------------------------------------------------------------------


def test_plugins_that_may_add_events_and_unknown_sections_are_told() -> None:
    plugins = "[serverless-offline, serverless-lift]"
    text = f"service: s\nprovider: {{name: aws}}\nplugins: {plugins}\nconstructs: {{}}\nfunctions: {{f: {{handler: a.b}}}}\n"
    result = imported("serverless.yml", **{"serverless.yml": text, "a.py": ""})
    assert [line for line in told(result) if "serverless.yml constructs" in line or "serverless.yml plugins" in line] == [
        "serverless.yml:3: not carried over: serverless.yml plugins: what the plugin `serverless-lift` adds is not known here",
        "serverless.yml:4: not carried over: serverless.yml constructs: the importer does not know this section",
    ]


# --- cfn-lint --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_cfn_lint_takes_the_templates() -> None:
    files = [*TEMPLATES.glob("cfn-*/*.yaml"), *TEMPLATES.glob("sam-*/template.*")]
    chosen = [str(path) for path in files if not path.name.startswith("expected")]
    assert len(chosen) == 8
    done = subprocess.run(
        [sys.executable, "-m", "cfnlint", "--format", "parseable", "--", *chosen], capture_output=True, text=True
    )
    assert [line for line in done.stdout.splitlines() if ":E" in line] == []
