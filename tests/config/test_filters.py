"""`filter:` in a file: where it is taken, and each refusal with its place."""

import pytest

from router.config.load import Loaded, load
from router.fakes import FakeFiles

HEAD = """version: 1
functions:
  f: arn:aws:lambda:eu-west-1:111122223333:function:f
triggers:
"""
URL = "url: {{type: function_url, invocation: {0}, auth: none, function: f, filter: {1}}}"
QUEUE = "q: {type: sqs, invocation: async, queue: jobs, function: f, filter: {source: [a]}}"
RULES = "{r: {pattern: {source: [a]}, function: f}}"
BUS = f"b: {{type: eventbridge, invocation: async, auth: none, filter: {{source: [a]}}, rules: {RULES}}}"


def loaded(trigger: str) -> Loaded:
    return load(["router.yaml"], files=FakeFiles({"router.yaml": f"{HEAD}  {trigger}\n"}), env={})


def findings(trigger: str) -> list[tuple[str, int, str]]:
    return [(each.code, each.column, each.message) for each in loaded(trigger).problems if each.severity == "error"]


def test_it_is_compiled_for_what_is_accepted() -> None:
    found = loaded(URL.format("async", '{body: ["yes"]}')).config
    assert found is not None
    (trigger,) = found.triggers
    assert trigger.wants is not None
    assert [trigger.wants(event) for event in (b'{"body":"yes"}', b'{"body":"no"}', b"[]", b"no", b'{"a":"\xff"}')] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_without_one_everything_is_wanted() -> None:
    found = loaded("url: {type: function_url, invocation: async, auth: none, function: f}").config
    assert found is not None
    assert found.triggers[0].wants is None


@pytest.mark.parametrize(
    ("trigger", "marked", "code", "message"),
    [
        (
            URL.format("async", "{body: [{prefix: 7}]}"),
            "7}",
            "bad-pattern",
            "Event pattern is not valid. Reason: prefix match pattern must be a string",
        ),
        (
            URL.format("sync", "{body: [yes]}"),
            "filter",
            "without-effect",
            "`filter` has no effect: the trigger `url` accepts no events for later",
        ),
        (QUEUE, "filter", "without-effect", "`filter` cannot be used on `sqs`, which has `filters:` for that"),
        (
            BUS,
            "filter",
            "without-effect",
            "`filter` cannot be used on `eventbridge`, which has the `pattern` of its rules for that",
        ),
    ],
)
def test_refusals(trigger: str, marked: str, code: str, message: str) -> None:
    assert findings(trigger) == [(code, f"  {trigger}".index(marked) + 1, message)]
