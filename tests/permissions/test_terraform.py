"""Terraform's form, read by an HCL parser: the same permissions as in JSON."""

from typing import Any

import hcl2

from router.permissions.needs import statements
from router.permissions.statement import ROUTER, Statement, policy
from router.permissions.terraform import rendered
from router.settings import Config


def plain(value: Any) -> Any:
    """What the parser found: its notes left out, strings without quotes, `$${` read as HCL reads it."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        text = value[1:-1] if value[:1] == '"' else value
        return text.replace('\\"', '"').replace("\\\\", "\\").replace("$${", "${").replace("%%{", "%{")
    return value


def policies(text: str) -> dict[str, Any]:
    """The policies of data sources by name, in IAM's form."""
    found = {}
    for source in plain(hcl2.loads(text))["data"]:
        ((name, block),) = source["aws_iam_policy_document"].items()
        found[name] = {"Version": "2012-10-17", "Statement": [_statement(each) for each in block.get("statement", [])]}
    return found


def _statement(block: dict[str, Any]) -> dict[str, Any]:
    conditions: dict[str, dict[str, str]] = {}
    for condition in block.get("condition", []):
        (value,) = condition["values"]
        conditions.setdefault(condition["test"], {})[condition["variable"]] = value
    made = {"Sid": block["sid"], "Effect": block["effect"], "Action": block["actions"], "Resource": block["resources"]}
    return {**made, **({"Condition": conditions} if conditions else {})}


def test_it_says_the_same_as_json(config: Config) -> None:
    by_principal: dict[str, list[Statement]] = {}
    for statement in statements(config):
        by_principal.setdefault(statement.principal, []).append(statement)
    assert len(by_principal) == 4
    found = policies(rendered(by_principal.items()))
    assert list(found) == ["lambda_router", "lambda_router_invoker", "lambda_router_poller", "lambda_router_worker"]
    assert list(found.values()) == [policy(each) for each in by_principal.values()]


def test_the_text() -> None:
    statement = Statement(ROUTER, "Poll", ("sqs:A", "sqs:B"), ("arn:q",), "Polls.", {"StringEquals": {"k": "v"}}, "kms:Decrypt")
    assert rendered([(ROUTER, [statement])]) == (
        "# For the daemon's own identity.\n"
        'data "aws_iam_policy_document" "lambda_router" {\n'
        "  # Polls.\n"
        "  # It may also need kms:Decrypt.\n"
        "  statement {\n"
        '    sid       = "Poll"\n'
        '    effect    = "Allow"\n'
        "    actions   = [\n"
        '      "sqs:A",\n'
        '      "sqs:B",\n'
        "    ]\n"
        '    resources = ["arn:q"]\n'
        "\n"
        "    condition {\n"
        '      test     = "StringEquals"\n'
        '      variable = "k"\n'
        '      values   = ["v"]\n'
        "    }\n"
        "  }\n"
        "}\n"
    )


def test_what_hcl_would_read_as_a_template_is_escaped() -> None:
    text = '${aws:username} %{if} "quoted" back\\slash $LATEST'
    made = Statement(ROUTER, "S", ("a:B",), (text,), "why")
    assert policies(rendered([(ROUTER, [made])]))["lambda_router"]["Statement"][0]["Resource"] == [text]


def test_several_policies_of_one_principal_are_numbered() -> None:
    made = Statement(ROUTER, "S", ("a:B",), ("*",), "why")
    assert list(policies(rendered([(ROUTER, [made]), (ROUTER, [made])]))) == ["lambda_router_1", "lambda_router_2"]
