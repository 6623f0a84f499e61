"""What a file may say about SNS: each mistake with its place, and nothing about values that are not known."""

import pytest

from router.config.load import load
from router.fakes import FakeFiles

HEAD = """version: 1
admin: {listen: 127.0.0.1:9901}
functions:
  f: arn:aws:lambda:eu-west-1:111122223333:function:f
triggers:
"""
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"


def trigger(name: str = "t", **changes: str) -> str:
    settings = {
        "type": "sns",
        "invocation": "async",
        "source": "{http: /hooks}",
        "topics": TOPIC,
        "subscriptions": "{s: f}",
        **changes,
    }
    return "\n".join((f"  {name}:", *(f"    {key}: {value}" for key, value in settings.items()), ""))


def findings(*triggers: str) -> list[tuple[str, str]]:
    """Code and what the caret points at."""
    text = HEAD + "".join(triggers)
    loaded = load(["/etc/router/router.yaml"], files=FakeFiles({"/etc/router/router.yaml": text}), env={}, require_env=False)
    lines = text.splitlines()
    return [(each.code, lines[each.span.line - 1][each.span.column - 1 : each.span.end_column - 1]) for each in loaded.problems]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"source": "{sqs: inbox}"}, []),
        ({"source": "{}"}, [("too-few", "source")]),
        ({"source": "{http: /a, sqs: inbox}"}, [("too-many", "source")]),
        ({"source": "{http: hooks}"}, [("wrong-form", "hooks")]),
        ({"topics": "alerts"}, [("wrong-form", "alerts")]),
        ({"invocation": "sync"}, [("bad-invocation", "sync")]),
        ({"topics": f"[{TOPIC}.fifo]"}, [("fifo-topic", f"{TOPIC}.fifo")]),
        ({"signature": "{allow_raw: true}"}, [("raw-without-auth", "true")]),
        (
            {"subscriptions": '{s: {function: f, filter_policy: {a: [b, {wildcard: "*"}]}}}'},
            [("bad-filter-policy", '{wildcard: "*"}')],
        ),
        (
            {"subscriptions": '{s: {function: f, filter_policy: {a: [{numeric: [">", "5"]}]}}}'},
            [("bad-filter-policy", '[">", "5"]')],
        ),
        # A variable that is not set may become anything.
        ({"subscriptions": '{s: {function: f, filter_policy: {a: ["${X}", {numeric: [">", "${N}"]}, {cidr: "${C}"}]}}}'}, []),
        ({"signature": '{certificate_hosts: ["${HOST}"]}'}, []),
        ({"topics": '["${TOPIC}"]', "source": '{http: "${PATH}"}'}, []),
    ],
)
def test_findings(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert findings(trigger(**changes)) == expected


def test_triggers_share_a_path_but_no_topic() -> None:
    other = trigger("u", topics=f"[{TOPIC}2]")
    assert findings(trigger(), other) == []
    assert findings(trigger(), trigger("u", topics=f"[{TOPIC}2, {TOPIC}]")) == [("same-route", TOPIC)]
