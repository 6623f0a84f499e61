"""SARIF: the exact document, and what the published schema says of it."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

from router.config.catalogue import Rule, Tier
from router.config.problem import Edit, Fix, Problem, Related, Severity, Span, Suppressed
from router.reports.sarif import render

SCHEMA = json.loads((Path(__file__).parent.parent / "formats" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
RULE = Rule(
    "unknown-key", Tier.SCHEMA, Severity.ERROR, "A key is not known.", "It would be ignored.", "a: 1\n", (1, 1), "b: 1\n"
)
SPAN = Span("my conf/ö.yaml", 2, 3, 2, 6)
MISSPELT = Problem(
    "unknown-key",
    "the key `tpye` is not known here",
    SPAN,
    path=("triggers", "api", "tpye"),
    help="did you mean `type`?",
    related=(Related("also here", Span("/etc/x.yaml", 1, 1, 1, 2)),),
    fix=Fix("rename it to `type`", (Edit(SPAN, "type"),)),
    fingerprint="abc",
    stages=("prod.yaml",),
)
UNUSED = Problem("unused-function", "no trigger uses it", Span("a.yaml", 1, 1, 1, 1), Severity.WARNING)
NOTED = Problem("noted", "worth knowing", Span("a.yaml", 9, 1, 9, 1), Severity.INFO)


def rendered(*problems: Problem, suppressed: tuple[Suppressed, ...] = (), successful: bool = True) -> dict[str, Any]:
    text = render(problems, suppressed, {"unknown-key": RULE}, version="1.2.3", successful=successful)
    document: dict[str, Any] = json.loads(text)
    Draft4Validator(SCHEMA).validate(document)
    return document


def test_a_finding_with_everything() -> None:
    (run,) = rendered(MISSPELT)["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert run["results"] == [
        {
            "ruleId": "unknown-key",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "the key `tpye` is not known here (only with prod.yaml)\ndid you mean `type`?"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "my%20conf/%C3%B6.yaml", "uriBaseId": "%SRCROOT%"},
                        "region": {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 6},
                    },
                    "logicalLocations": [{"fullyQualifiedName": "triggers.api.tpye"}],
                }
            ],
            "partialFingerprints": {"lambdaRouter/v1": "abc"},
            "relatedLocations": [
                {
                    "id": 0,
                    "physicalLocation": {
                        "artifactLocation": {"uri": "file:///etc/x.yaml"},
                        "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
                    },
                    "message": {"text": "also here"},
                }
            ],
            "fixes": [
                {
                    "description": {"text": "rename it to `type`"},
                    "artifactChanges": [
                        {
                            "artifactLocation": {"uri": "my%20conf/%C3%B6.yaml", "uriBaseId": "%SRCROOT%"},
                            "replacements": [
                                {
                                    "deletedRegion": {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 6},
                                    "insertedContent": {"text": "type"},
                                }
                            ],
                        }
                    ],
                }
            ],
        }
    ]


def test_rules_stand_once_with_their_help() -> None:
    (run,) = rendered(NOTED, MISSPELT, UNUSED, MISSPELT)["runs"]
    noted, unknown, unused = run["tool"]["driver"]["rules"]
    assert (noted, unused) == ({"id": "noted"}, {"id": "unused-function"})
    assert unknown == {
        "id": "unknown-key",
        "shortDescription": {"text": "A key is not known."},
        "fullDescription": {"text": "It would be ignored."},
        "help": {
            "text": "It would be ignored.\n\nWrong:\n\n    a: 1\n\nRight:\n\n    b: 1",
            "markdown": "It would be ignored.\n\nWrong:\n\n```yaml\na: 1\n```\n\nRight:\n\n```yaml\nb: 1\n```\n",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["schema"]},
    }
    assert [(result["ruleIndex"], result["level"]) for result in run["results"]] == [
        (0, "note"),
        (1, "error"),
        (2, "warning"),
        (1, "error"),
    ]


def test_what_is_suppressed_says_why() -> None:
    (run,) = rendered(suppressed=(Suppressed(UNUSED, "called by hand", Span("a.yaml", 1, 9, 1, 40)),))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "unused-function"
    assert result["suppressions"] == [
        {
            "kind": "inSource",
            "justification": "called by hand",
            "location": {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a.yaml", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 1, "startColumn": 9, "endLine": 1, "endColumn": 40},
                }
            },
        }
    ]


def test_no_findings_and_no_verdict() -> None:
    (run,) = rendered(successful=False)["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"], run["invocations"]) == ([], [], [{"executionSuccessful": False}])
