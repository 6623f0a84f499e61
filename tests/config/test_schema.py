"""What the schema refuses, at the exact place, with the name that was meant."""

from collections.abc import Callable

import pytest

from router.config import Loaded

HEAD = "version: 1\nfunctions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}\n"
TRIGGER = "triggers:\n  a: {type: probe, invocation: sync, function: orders"

Case = tuple[str, str, str, str | None, int, int]

CASES: list[Case] = [
    ("trigers: {}", "unknown-key", "the key `trigers` is not known here", "did you mean `triggers`?", 3, 1),
    ("log: {levle: info}", "unknown-key", "the key `levle` is not known here", "did you mean `level`?", 3, 7),
    ("log: {zzz: 1}", "unknown-key", "the key `zzz` is not known here", "known here: `level`, `format`, `access`", 3, 7),
    (
        "log: {level: inof}", "unknown-value", "`inof` is not `debug`, `info`, `warning` or `error`",
        "did you mean `info`?", 3, 14,
    ),
    ("log: {access: maybe}", "wrong-type", "`true` or `false` is wanted here, not `maybe`", None, 3, 15),
    ('log: {access: "true"}', "wrong-type", "`true` or `false` is wanted here, not `true`", "remove the quotes", 3, 15),
    ("log: [a]", "wrong-type", "a map is wanted here, not a list", None, 3, 6),
    ("log:", "wrong-type", "a map is wanted here, not an empty value", None, 3, 5),
    ("server: {drain_timeout: 30}", "wrong-form", "`30` is not a valid duration", "for example `250ms`, `30s` or `5m`", 3, 25),
    (
        "server: {workers: some}", "wrong-type", "an integer is wanted here, not `some`",
        None, 3, 19,
    ),
    (
        "journal: {url: redis:x}", "wrong-form", "`redis:x` is not a valid location",
        "for example `sqlite:/var/lib/lambda-router/journal` or `memory`", 3, 16,
    ),
    ("journal: {max_size: 1}", "wrong-form", "`1` is not a valid size", "for example `256KiB` or `6MiB`", 3, 21),
    ("api_keys: {}", "unsupported", "`api_keys` cannot be used in this version: API keys are not built yet", "remove it", 3, 1),
    (
        "namespace: x", "unsupported",
        "`namespace` cannot be used in this version: a namespace belongs into an included file; the main file has none",
        "remove it", 3, 1,
    ),
    ("aws: {region: europe}", "wrong-form", "`europe` is not a valid region", "for example `eu-west-1`", 3, 15),
    ("aws: {max_connections: 0}", "too-small", "`0` is less than 1, the least that is allowed", None, 3, 24),
    ("aws: {max_connections: 70000}", "too-large", "`70000` is more than 65535, the most that is allowed", None, 3, 24),
    ("listeners: {}", "too-few", "this map has fewer than 1 keys", None, 3, 1),
    (
        "listeners: {a b: 127.0.0.1:1}", "wrong-form",
        "the name `a b` is not allowed here",
        "it must match ^[A-Za-z0-9][A-Za-z0-9_.-]*$", 3, 13,
    ),
    ("listeners: {main: {}}", "missing-key", "the key `address` is missing", None, 3, 13),
    ("defaults: {probee: {}}", "unknown-value", "the name `probee` is not allowed here", "did you mean `probe`?", 3, 12),
]  # fmt: skip

TRIGGER_CASES: list[Case] = [
    (", tmeout: 3s", "unknown-key", "the key `tmeout` is not known here", "did you mean `timeout`?", 4, 56),
    (", retries: -1", "too-small", "`-1` is less than 0, the least that is allowed", None, 4, 65),
    (", retries: many", "wrong-type", "an integer is wanted here, not `many`", None, 4, 65),
    (", payload: 3.0", "unknown-value", "`3.0` is not `1.0` or `2.0`", None, 4, 65),
    (", hosts: [a.b, a.b]", "repeated-item", "this list holds an item twice", None, 4, 56),
    (', note: ""', "too-short", "empty text is too short; the least is 1", None, 4, 62),
    (", weights: {}", "too-few", "this map has fewer than 1 keys", None, 4, 56),
    (
        ", auth: customers", "unsupported",
        "`customers` cannot be used in this version: authorizers are not built yet",
        None, 4, 62,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "message", "help_text", "line", "column"),
    [*CASES, *((f"{TRIGGER}{more}}}", *rest) for more, *rest in TRIGGER_CASES)],
)
def test_findings(
    load_text: Callable[..., Loaded], text: str, code: str, message: str, help_text: str | None, line: int, column: int
) -> None:
    problems = [problem for problem in load_text(f"{HEAD}{text}\n").problems if problem.code != "unused-function"]
    assert [(p.code, p.message, p.help, p.line, p.column) for p in problems] == [(code, message, help_text, line, column)]


def test_everything_is_told_at_once(found: Callable[..., list[tuple[str, int, int]]]) -> None:
    text = """\
version: 2
log: {levle: info, format: xml}
functions:
  bad: {local: {runtme: python}}
triggers:
  a: {type: probe, function: oders}
  b: {type: prob, invocation: sync}
  c: {type: sqs, invocation: async}
  d: {type: probe, invocation: async, function: bad}
  e: {invocation: sync}
  f: text
  g: {type: probe, invocation: sync, function: nobody}
"""
    assert found(text) == [
        ("unknown-value", 1, 10),
        ("unknown-key", 2, 7),
        ("unknown-value", 2, 28),
        ("no-handler", 4, 9),
        ("unknown-key", 4, 17),
        ("missing-key", 6, 3),
        ("unknown-type", 7, 13),
        ("unsupported", 8, 13),
        ("unseen-failures", 9, 3),
        ("bad-invocation", 9, 32),
        ("missing-key", 10, 3),
        ("wrong-type", 11, 6),
        ("unknown-function", 12, 48),
    ]


def test_a_misspelt_key_is_taken_as_the_one_that_was_meant(found: Callable[..., list[tuple[str, int, int]]]) -> None:
    text = """\
version: 1
functions: {f: {arn: "arn:aws:lambda:eu-west-1:111122223333:function:f", tiemout: 20m}}
triggers:
  a: {type: probe, invocaton: sync, function: nobody}
"""
    assert found(text) == [
        ("unused-function", 2, 13),
        ("unknown-key", 2, 74),
        ("bad-timeout", 2, 83),
        ("unknown-key", 4, 20),
        ("unknown-function", 4, 47),
    ]


def test_a_key_on_the_wrong_level_is_told_where_it_belongs(load_text: Callable[..., Loaded]) -> None:
    problems = load_text("version: 1\nfunctions: {f: {memory: 1MiB, arn: 'x'}}\n").problems
    (problem,) = [problem for problem in problems if problem.column == 17]
    assert (problem.code, problem.help, problem.column) == ("unknown-key", "it belongs under `local:`", 17)


def test_types_that_nobody_knows_are_told_apart_from_those_not_built(load_text: Callable[..., Loaded]) -> None:
    text = "version: 1\ntriggers: {a: {type: eventbridge}, b: {type: zebra}}\n"
    assert [(problem.code, problem.message) for problem in load_text(text).problems] == [
        ("unsupported", "`eventbridge` cannot be used in this version: the trigger type `eventbridge` is not built yet"),
        ("unknown-type", "`zebra` is no trigger type"),
    ]


def test_a_misspelt_key_is_not_also_told_as_missing(found: Callable[..., list[tuple[str, int, int]]]) -> None:
    text = f"{HEAD}triggers:\n  a: {{type: probe, invocaton: sync}}\n"
    assert found(text) == [("missing-key", 4, 3), ("unknown-key", 4, 20)]
