"""Asynchronous delivery as a whole: retries in time, delays that wait for nothing, destinations twice, an idle journal."""

from typing import Any

import pytest

from router.config import load
from router.fakes import FakeFiles

HOME = "arn:aws:lambda:eu-west-1:111122223333:function:f"
Finding = tuple[str, str, int, int]


def findings(text: str, **options: Any) -> list[Finding]:
    """Code, severity, line and column. The text begins on line 2; somebody sees its failures."""
    files = FakeFiles({"router.yaml": f"version: 1\n{text}monitoring: {{cloudwatch: {{}}}}\n", "run": ""})
    found = load(["router.yaml"], files=files, **{"env": {}, "require_env": False, **options}).problems
    return [(each.code, each.severity.value, each.line, each.column) for each in found]


def config(function: str = "", trigger: str = "", defaults: str = "", invocation: str = "async") -> str:
    """Three `async:` blocks: of the function in line 2 from column 25 on, of the trigger in line 3, and line 4's defaults."""
    own = f", async: {{{trigger}}}" if trigger else ""
    shared = f"defaults: {{async: {{{defaults}}}}}\n" if defaults else ""
    block = f"async: {{{function}}}, " if function else ""
    return (
        f"functions: {{f: {{{block}local: {{command: run}}}}}}\n"
        f"triggers: {{t: {{type: function_url, invocation: {invocation}, function: f{own}}}}}\n{shared}"
    )


RETRIES = [
    ("max_event_age: 5m", "", "", []),
    ("max_event_age: 3m", "", "", [("retries-cut-off", "info", 2, 40)]),
    ("max_event_age: 3m, max_retries: 0", "", "", []),
    ("max_event_age: 3m, max_retries: 1", "", "", []),
    ("max_event_age: 3m, max_retries: 2", "", "", [("retries-too-late", "warning", 2, 40)]),
    ("max_event_age: 1m, retry_delays: [10s, 20s]", "", "", []),
    ("max_event_age: 1m, retry_delays: [10s, 50s]", "", "", [("retries-too-late", "warning", 2, 40)]),
    ("max_retries: 5", "", "", []),
    ("max_retries: 8, max_event_age: 3h", "", "", [("retries-too-late", "warning", 2, 56)]),
    ("max_retries: 1000, max_event_age: 6h", "", "", [("retries-too-late", "warning", 2, 59)]),
    ("max_event_age: 1m", "max_retries: 3", "", [("retries-too-late", "warning", 2, 40)]),
    ("max_event_age: 1m", "max_event_age: 1h", "", []),
    ("max_retries: 3", "", "max_event_age: 1m", [("retries-too-late", "warning", 4, 35)]),
    ('max_event_age: "${AGE}", max_retries: 3', "", "", []),
    ('max_event_age: 1m, max_retries: "${N}"', "", "", []),
    ("max_event_age: 59s, max_retries: 3", "", "", [("bad-age", "error", 2, 40)]),
]


@pytest.mark.parametrize(("function", "trigger", "defaults", "expected"), RETRIES)
def test_retries_come_in_time(function: str, trigger: str, defaults: str, expected: list[Finding]) -> None:
    assert findings(config(function, trigger, defaults)) == expected


def test_what_is_said_of_retries() -> None:
    text = "version: 1\n" + config("max_event_age: 5m, max_retries: 3")
    found = load(["router.yaml"], files=FakeFiles({"router.yaml": text, "run": ""}), env={}).problems
    (late,) = [each for each in found if each.code == "retries-too-late"]
    assert late.message == "an event is given up after 5m, before retry 3 of 3"
    assert [(each.span.line, each.span.column) for each in late.related] == [(2, 44)]


DELAYS = [
    ("retry_delays: [1s, 2s]", "", []),
    ("retry_delays: [1s, 2s, 3s]", "", [("without-effect", "error", 2, 48)]),
    ("retry_delays: [1s, 2s, 3s], max_retries: 3", "", []),
    ("retry_delays: 1s, max_retries: 0", "", [("without-effect", "error", 2, 25)]),
    ("retry_delays: [1s, 2s], max_retries: 1", "", [("without-effect", "error", 2, 44)]),
    ("retry_delays: [1s, 2s]", "max_retries: 0", [("without-effect", "error", 2, 25)]),
    ("retry_delays: [1s, 2s, 3s]", "max_retries: 3", []),
    ('retry_delays: [1s, 2s, 3s], max_retries: "${N}"', "", []),
    ("max_retries: 0", "retry_delays: [1s, 2s]", [("without-effect", "error", 3, 76)]),
]


@pytest.mark.parametrize(("function", "trigger", "expected"), DELAYS)
def test_delays_stand_in_front_of_retries(function: str, trigger: str, expected: list[Finding]) -> None:
    assert findings(config(function, trigger)) == expected


def test_a_delay_that_matters_somewhere_is_no_finding() -> None:
    """A trigger of its own wants no retries; the other one takes them all."""
    schedules = "{a: {expression: rate(1 hour), function: f}}"
    other = f"{{type: schedule, invocation: async, async: {{max_retries: 3}}, schedules: {schedules}}}"
    text = config("retry_delays: [1s, 2s, 3s]", "max_retries: 0").replace(
        "max_retries: 0}}}", "max_retries: 0}}, u: " + other + "}"
    )
    assert findings(text) == []


@pytest.mark.parametrize(
    ("function", "trigger", "expected"),
    [
        ("on_failure: 'sqs:a', dead_letter: 'sqs:b'", "", []),
        ("on_failure: 'sqs:a', dead_letter: 'sqs:a'", "", [("same-destination", "warning", 2, 59)]),
        ("on_failure: 'sqs:a'", "dead_letter: 'sqs:a'", [("same-destination", "warning", 3, 89)]),
        ("on_failure: 'sqs:a', dead_letter: 'sqs:a'", "dead_letter: 'sqs:b'", []),
        ("on_success: 'sqs:a', on_failure: 'sqs:a'", "", []),
    ],
)
def test_a_failure_comes_once(function: str, trigger: str, expected: list[Finding]) -> None:
    assert findings(config(function, trigger)) == expected


def test_a_block_matters_where_somebody_invokes_asynchronously() -> None:
    idle = [("without-effect", "error", 2, 17)]
    assert findings(config("max_retries: 1", invocation="sync")) == idle
    assert findings(config("max_retries: 1")) == []
    queue = "triggers: {t: {type: sqs, invocation: async, queue: q, function: f, report_batch_item_failures: true}}\n"
    function = "functions: {f: {async: {max_retries: 1}, local: {command: run}}}\n"
    assert findings(function + queue) == idle
    assert findings(function + "triggers: {t: {type: lambda_api, invocation: [sync, async], functions: f}}\n") == []
    assert findings(function + "triggers: {t: {type: lambda_api, invocation: [sync, async], functions: all}}\n") == []
    routes = "{GET /a: f, POST /a: {function: f, invocation: async}}"
    api = f"triggers: {{t: {{type: api_gateway, api: http, invocation: sync, routes: {routes}}}}}\n"
    assert findings(function + api) == []
    assert findings(function + api.replace("invocation: async", "invocation: sync")) == idle


def test_a_destination_is_invoked_asynchronously_too() -> None:
    text = (
        f"functions: {{f: {{arn: '{HOME}', async: {{delivery: managed, on_failure: 'function:g'}}}},"
        " g: {async: {max_retries: 1}, local: {command: run}}}\n"
        "triggers: {t: {type: lambda_api, invocation: [sync, async], functions: f}, "
        "u: {type: function_url, invocation: sync, function: g}}\n"
    )
    assert findings(text) == []


def test_only_what_gets_events_later_decides_whether_a_block_matters() -> None:
    """The function that is managed is called by who waits; what is accepted goes to the delegated one."""
    routes = "{GET /a: here, POST /a: {function: there, invocation: async}}"
    text = (
        f"functions: {{here: {{local: {{command: run}}}}, there: '{HOME}'}}\n"
        f"triggers: {{t: {{type: api_gateway, api: http, invocation: sync, async: {{max_retries: 1}}, routes: {routes}}}}}\n"
    )
    assert findings(text) == [("managed-only", "error", 3, 72)]


def test_a_trigger_may_be_called_async() -> None:
    text = config("max_retries: 1").replace("{t: ", "{async: ")
    assert findings(text) == []


# --- the journal -----------------------------------------------------------------------------------------------------

TOPIC = (
    f"triggers: {{t: {{type: sns, invocation: async, source: {{http: /h}}, topics: 'arn:aws:sns:eu-west-1:111122223333:t', "
    f"subscriptions: {{a: '{HOME}'}}MORE}}}}\n"
)


@pytest.mark.parametrize(
    ("journal", "more", "expected"),
    [
        ("{}", "", []),
        ("{url: memory, max_size: 1MiB}", "", []),
        ("{url: memory, min_free_disk: 0B}", "", [("without-effect", "error", 3, 24)]),
        ("{url: memory}", ", durability: os", [("without-effect", "error", 2, 186)]),
        ("{url: sqlite:./x, min_free_disk: 0B}", ", durability: os", []),
        ('{url: "${JOURNAL:-memory}", min_free_disk: 0B}', "", []),
        ("{deduplication_window: 1m}", "", [("short-window", "warning", 3, 33)]),
        ("{deduplication_window: 2m}", "", []),
        ('{deduplication_window: "${W}"}', "", []),
    ],
)
def test_the_journal(journal: str, more: str, expected: list[Finding]) -> None:
    assert findings(TOPIC.replace("MORE", more) + f"journal: {journal}\n") == expected


def test_a_short_window_is_long_enough_where_nobody_repeats() -> None:
    assert findings(config() + "journal: {deduplication_window: 1s}\n") == []


def test_a_journal_for_nothing_is_a_warning() -> None:
    """`lambda-router deliveries` reads it, so that an operator may want it still."""
    assert findings(config(invocation="sync") + "journal: {max_size: 1GiB}\n") == [("idle-setting", "warning", 4, 1)]
    assert findings(config(invocation='"${HOW}"') + "journal: {max_size: 1GiB}\n") == []


def test_durability_from_defaults_is_shared() -> None:
    shared = "defaults: {sns: {durability: os}}\njournal: {url: memory}\n"
    assert findings(TOPIC.replace("MORE", "") + shared) == []


# --- queues ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", [("whole-batch-again", "info", 3, 12)]),
        ("batch_size: 1", []),
        ("report_batch_item_failures: true", []),
        ('batch_size: "${N}"', []),
    ],
)
def test_batches_that_come_again(more: str, expected: list[Finding]) -> None:
    text = f"functions: {{f: '{HOME}'}}\ntriggers: {{t: {{type: sqs, invocation: async, queue: q, function: f, {more}}}}}\n"
    assert findings(text) == expected


@pytest.mark.parametrize(
    ("function", "trigger", "expected"),
    [
        (4, "4", []),
        (4, "5", [("without-effect", "error", 3, 120)]),
        (0, "5", []),
        (4, '"${N}"', []),
    ],
)
def test_no_more_batches_than_the_function_takes(function: int, trigger: str, expected: list[Finding]) -> None:
    text = (
        f"functions: {{f: {{arn: '{HOME}', max_concurrency: {function}}}}}\n"
        "triggers: {t: {type: sqs, invocation: async, queue: q, function: f, report_batch_item_failures: true, "
        f"max_concurrency: {trigger}}}}}\n"
    )
    assert findings(text) == expected
