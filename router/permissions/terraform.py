"""Policies as Terraform's `aws_iam_policy_document` data sources, one for each principal.

Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
and https://developer.hashicorp.com/terraform/language/expressions/strings.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from router.permissions.statement import ROUTER, Statement


def rendered(policies: Iterable[tuple[str, Sequence[Statement]]]) -> str:
    """Data sources. `policies`: each with the principal that it is for; several of one principal are numbered."""
    listed = list(policies)
    names = [_name(principal) for principal, _ in listed]
    blocks = []
    for index, (principal, statements) in enumerate(listed):
        number = f"_{names[: index + 1].count(names[index])}" if names.count(names[index]) > 1 else ""
        blocks.append("\n".join(_data_source(f"{names[index]}{number}", principal, statements)))
    return "\n\n".join(blocks) + "\n"


def _data_source(name: str, principal: str, statements: Sequence[Statement]) -> Iterator[str]:
    owner = "the daemon's own identity" if principal == ROUTER else f"the role {principal}, which the daemon assumes"
    yield f"# For {owner}."
    yield f'data "aws_iam_policy_document" "{name}" {{'
    for index, statement in enumerate(statements):
        yield from ([""] if index else [])
        yield f"  # {statement.why}"
        if statement.hint is not None:
            yield f"  # It may also need {statement.hint}."
        yield from _statement(statement)
    yield "}"


def _statement(statement: Statement) -> Iterator[str]:
    yield "  statement {"
    yield f"    sid       = {_text(statement.sid)}"
    yield '    effect    = "Allow"'
    yield f"    actions   = {_texts(statement.actions)}"
    yield f"    resources = {_texts(statement.resources)}"
    for operator, pairs in statement.conditions.items():
        for key, value in pairs.items():
            yield from (
                "",
                "    condition {",
                f"      test     = {_text(operator)}",
                f"      variable = {_text(key)}",
                f"      values   = {_texts([value])}",
                "    }",
            )
    yield "  }"


def _texts(values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"[{_text(values[0])}]"
    return "[\n" + "".join(f"      {_text(value)},\n" for value in values) + "    ]"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"([$%])(?=\{)", r"\1\1", escaped) + '"'


def _name(principal: str) -> str:
    role = "" if principal == ROUTER else f"_{principal.rpartition(':role/')[2]}"
    return "lambda_router" + re.sub(r"[^A-Za-z0-9_-]", "_", role)
