"""SARIF 2.1.0: what code scanning reads. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

Columns count characters (`unicodeCodePoints`), as findings do. The rules that have results stand beside them, with their help.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from router.config.catalogue.rule import Rule
from router.config.problem import Fix, Problem, Severity, Span, Suppressed, dotted

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"
"""What relative paths are relative to: the viewer knows its checkout."""


def render(
    problems: Sequence[Problem],
    suppressed: Sequence[Suppressed],
    rules: Mapping[str, Rule],
    *,
    version: str,
    successful: bool = True,
) -> str:
    """The document. `version`: of this program; `successful`: whether there is a verdict on every file."""
    codes = list(dict.fromkeys(sorted([problem.code for problem in problems] + [one.problem.code for one in suppressed])))
    index = {code: number for number, code in enumerate(codes)}
    results = [_result(problem, index) for problem in problems]
    results += [{**_result(one.problem, index), "suppressions": [_suppression(one)]} for one in suppressed]
    driver = {"name": "lambda-router", "version": version, "rules": [_rule(code, rules.get(code)) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": successful}],
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": code}
    text = f"{rule.why}\n\nWrong:\n\n{_indented(rule.bad)}\n\nRight:\n\n{_indented(rule.good)}"
    markdown = f"{rule.why}\n\nWrong:\n\n```yaml\n{rule.bad}```\n\nRight:\n\n```yaml\n{rule.good}```\n"
    return {
        "id": code,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [str(rule.tier)]},
    }


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _result(problem: Problem, index: Mapping[str, int]) -> dict[str, Any]:
    text = problem.message
    if problem.stages:
        text += f" (only with {', '.join(problem.stages)})"
    if problem.help:
        text += f"\n{problem.help}"
    location: dict[str, Any] = {"physicalLocation": _physical(problem.span)}
    if problem.path:
        location["logicalLocations"] = [{"fullyQualifiedName": dotted(problem.path)}]
    result = {
        "ruleId": problem.code,
        "ruleIndex": index[problem.code],
        "level": _LEVELS[problem.severity],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"lambdaRouter/v1": problem.fingerprint},
    }
    if problem.related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(other.span), "message": {"text": other.message}}
            for number, other in enumerate(problem.related)
        ]
    if problem.fix is not None:
        result["fixes"] = [_fix(problem.fix)]
    return result


def _fix(fix: Fix) -> dict[str, Any]:
    files = dict.fromkeys(edit.span.file for edit in fix.edits)
    changes = [
        {
            "artifactLocation": _artifact(file),
            "replacements": [
                {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
                for edit in fix.edits
                if edit.span.file == file
            ],
        }
        for file in files
    ]
    return {"description": {"text": fix.label}, "artifactChanges": changes}


def _suppression(one: Suppressed) -> dict[str, Any]:
    return {"kind": "inSource", "justification": one.reason, "location": {"physicalLocation": _physical(one.span)}}


def _physical(span: Span) -> dict[str, Any]:
    return {"artifactLocation": _artifact(span.file), "region": _region(span)}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _artifact(file: str) -> dict[str, Any]:
    if file.startswith("/"):
        return {"uri": f"file://{quote(file)}"}
    return {"uri": quote(file), "uriBaseId": _ROOT}
