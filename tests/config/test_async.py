"""`async:` blocks: whose keys win, where destinations lie, and what has no effect."""

from collections.abc import Callable

import pytest

from router.config import Loaded
from router.config.destinations import Named, parse_destination
from router.deliveries import Durability
from router.functions import AsyncPolicy, DestinationAddress, Target

LoadText = Callable[..., Loaded]
HEAD = """\
version: 1
aws: {region: eu-west-1, account_id: 111122223333}
admin: {listen: "127.0.0.1:9901"}
"""
"""Where failures are seen, so that no warning is due."""
ARN = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
LOCAL = "local: {runtime: python, handler: app.h, code: .}"
FILES = {"/etc/router/app.py": ""}


def sqs(name: str) -> DestinationAddress:
    return DestinationAddress("sqs", f"arn:aws:sqs:eu-west-1:111122223333:{name}")


def test_single_keys_win_from_trigger_to_function_to_defaults(load_text: LoadText) -> None:
    loaded = load_text(
        f"""{HEAD}
defaults: {{async: {{on_failure: sqs:shared, max_event_age: 2h, max_retries: 5}}}}
functions:
  orders: {{{LOCAL}, async: {{max_retries: 1, retry_delays: 5s, dead_letter: "sns:letters"}}}}
  plain: {{{LOCAL}}}
  away: {{arn: {ARN}, async: {{delivery: managed}}}}
triggers:
  a: {{type: loner, invocation: async, function: orders, note: silent}}
  b:
    {{type: loner, invocation: async, function: orders, note: silent, durability: os,
      async: {{max_retries: 0, on_failure: "sqs:own"}}}}
  c: {{type: loner, invocation: async, function: plain, note: silent}}
  d: {{type: loner, invocation: async, function: away, note: silent}}
""",
        files=FILES,
    )
    assert loaded.problems == []
    assert loaded.config is not None
    functions = loaded.config.functions
    letters = DestinationAddress("sns", "arn:aws:sns:eu-west-1:111122223333:letters")
    assert functions["orders"].policy == AsyncPolicy(
        max_retries=1, retry_delays=(5.0,), max_event_age=7200.0, on_failure=sqs("shared"), dead_letter=letters
    )
    assert functions["plain"].policy == AsyncPolicy(max_retries=5, max_event_age=7200.0, on_failure=sqs("shared"))
    assert functions["away"].policy.delivery == "managed"
    a, b, *_ = loaded.config.triggers
    assert (a.policies, a.durability, a.accepts) == ({}, Durability.DISK, True)
    assert (b.durability, b.policies["orders"]) == (
        Durability.OS,
        AsyncPolicy(max_retries=0, retry_delays=(5.0,), max_event_age=7200.0, on_failure=sqs("own"), dead_letter=letters),
    )


def test_nothing_written_is_aws_defaults(load_text: LoadText) -> None:
    loaded = load_text(
        f"{HEAD}functions: {{f: {ARN}}}\ntriggers: {{t: {{type: loner, invocation: async, function: f, note: silent}}}}\n"
    )
    assert loaded.config is not None
    assert loaded.config.functions["f"].policy == AsyncPolicy(None, 2, (60.0, 120.0), 21_600.0)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sqs:q", sqs("q")),
        ("sns:t", DestinationAddress("sns", "arn:aws:sns:eu-west-1:111122223333:t")),
        ("events:bus", DestinationAddress("events", "arn:aws:events:eu-west-1:111122223333:event-bus/bus")),
        ("s3:photos", DestinationAddress("s3", "arn:aws:s3:::photos")),
        ("arn:aws:sqs:us-east-1:999988887777:q", DestinationAddress("sqs", "arn:aws:sqs:us-east-1:999988887777:q")),
        ("arn:aws:s3:::photos", DestinationAddress("s3", "arn:aws:s3:::photos")),
    ],
)
def test_where_destinations_lie(text: str, address: DestinationAddress, load_text: LoadText) -> None:
    loaded = load_text(
        f'{HEAD}functions: {{f: {{{LOCAL}, async: {{on_failure: "{text}"}}}}}}\n'
        "triggers: {t: {type: loner, invocation: async, function: f, note: silent}}\n",
        files=FILES,
    )
    assert (loaded.problems, loaded.config and loaded.config.functions["f"].policy.on_failure) == ([], address)


def test_regions_and_names_of_addresses() -> None:
    assert [(one.region, one.name) for one in (sqs("q"), DestinationAddress("s3", "arn:aws:s3:::photos"))] == [
        ("eu-west-1", "q"),
        ("", "photos"),
    ]
    assert DestinationAddress("events", "arn:aws:events:eu-west-1:111122223333:event-bus/bus").name == "bus"


def test_a_function_can_be_a_destination_and_is_then_in_use(load_text: LoadText) -> None:
    loaded = load_text(
        f"""{HEAD}
functions:
  f: {{{LOCAL}, async: {{on_success: "function:sink:live", on_failure: {ARN}:prod}}}}
  sink: {{{LOCAL}}}
triggers: {{t: {{type: loner, invocation: async, function: f, note: silent}}}}
""",
        files=FILES,
    )
    assert loaded.problems == []
    assert loaded.config is not None
    functions = loaded.config.functions
    policy = functions["f"].policy
    assert policy.on_success == DestinationAddress(
        "lambda", "arn:aws:lambda:eu-west-1:111122223333:function:sink:live", Target(functions["sink"], "live")
    )
    assert policy.on_failure is not None
    assert policy.on_failure.target == Target(functions["orders"], "prod")


def test_namespaces_hold_for_function_destinations(load_text: LoadText) -> None:
    included = f"""
namespace: shop
functions:
  f: {{{LOCAL}, async: {{on_failure: "function:sink"}}}}
  sink: {{{LOCAL}}}
triggers: {{t: {{type: loner, invocation: async, function: f, note: silent}}}}
"""
    loaded = load_text(f"{HEAD}include: shop.yaml\n", files={**FILES, "shop.yaml": included})
    assert loaded.problems == []
    assert loaded.config is not None
    address = loaded.config.functions["shop.f"].policy.on_failure
    assert address is not None
    assert address.target == Target(loaded.config.functions["shop.sink"])


T = "triggers: {t: {type: loner, invocation: async, function: f, note: silent}}"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("on_failure: queue", "bad-destination", "it starts with neither `arn:` nor `sqs:`"),
        ("on_failure: 'sqs:q.fifo'", "bad-destination", "a FIFO queue cannot be a destination; a standard one can"),
        ("on_failure: 'arn:aws:sns:eu-west-1:111122223333:t.fifo'", "bad-destination", "a FIFO topic cannot be a destination"),
        ("on_failure: 'sqs:a b'", "bad-destination", "`a b` cannot be the name of a queue"),
        ("on_failure: 'arn:aws:dynamodb:eu-west-1:111122223333:table/x'", "bad-destination", "it is not the ARN of"),
        ("on_failure: 'arn:aws:s3:eu-west-1::b'", "bad-destination", "the ARN of a bucket has no region and account"),
        ("on_failure: 'arn:aws:sqs:::q'", "bad-destination", "the ARN of a queue needs a region and account"),
        ("on_success: 's3:photos'", "bad-destination", "a bucket takes the records of failures alone"),
        ("dead_letter: 'events:bus'", "bad-destination", "cannot be a dead-letter queue"),
        ("dead_letter: 'function:f'", "bad-destination", "cannot be a dead-letter queue"),
        ("on_failure: 'function:nobody'", "unknown-function", "there is no function `nobody`"),
        ("max_event_age: 59s", "bad-age", "lies between 1m and 6h"),
        ("max_event_age: 7h", "bad-age", "lies between 1m and 6h"),
        ("retry_delays: [1m, 0s]", "bad-delay", "a retry waits longer than 0"),
        ("max_retries: -1", "too-small", "`-1` is less than 0"),
        ("delivery: delegated", "without-effect", "`f` has no ARN"),
    ],
)  # fmt: skip
def test_what_a_block_does_not_take(text: str, code: str, message: str, load_text: LoadText) -> None:
    loaded = load_text(f"{HEAD}functions: {{f: {{{LOCAL}, async: {{{text}}}}}}}\n{T}\n", files=FILES)
    (problem,) = loaded.problems
    assert (problem.code, message in problem.message) == (code, True), problem


@pytest.mark.parametrize(
    "key",
    [
        *("max_retries: 1", "retry_delays: 1m", "max_event_age: 1h"),
        *("on_success: 'sqs:q'", "on_failure: 'sqs:q'", "dead_letter: 'sqs:q'"),
    ],
)
@pytest.mark.parametrize("delivery", ["", ", delivery: delegated"])
def test_what_only_managed_delivery_knows_is_refused_where_lambda_owns_it(key: str, delivery: str, load_text: LoadText) -> None:
    loaded = load_text(f"{HEAD}functions: {{f: {{arn: {ARN}, async: {{{key}{delivery}}}}}}}\n{T}\n")
    (problem,) = loaded.problems
    assert (problem.code, problem.help) == (
        "managed-only",
        "write `delivery: managed` beside it, or remove it and configure the function in AWS",
    )
    assert problem.message == (
        f"`{key.partition(':')[0]}` has no effect: the function `f` is delegated to Lambda, which has its own settings for that"
    )
    managed = load_text(f"{HEAD}functions: {{f: {{arn: {ARN}, async: {{{key}, delivery: managed}}}}}}\n{T}\n")
    assert managed.problems == []
    either = load_text(f"{HEAD}functions: {{f: {{arn: {ARN}, {LOCAL}, async: {{{key}{delivery}}}}}}}\n{T}\n", files=FILES)
    assert [one.code for one in either.problems] == ["managed-only"], "without `run --local` it would be ignored"


def test_a_triggers_keys_need_one_function_that_is_managed(load_text: LoadText) -> None:
    def codes(functions: str, block: str) -> list[tuple[str, str]]:
        trigger = f"{{type: loner, invocation: async, function: f, note: silent, async: {{{block}}}}}"
        loaded = load_text(f"{HEAD}functions: {{f: {functions}}}\ntriggers: {{t: {trigger}}}\n", files=FILES)
        return [(problem.code, problem.message) for problem in loaded.problems]

    assert codes(ARN, "max_retries: 0") == [
        (
            "managed-only",
            "`max_retries` has no effect: every function of `t` is delegated to Lambda, which has its own settings for that",
        )
    ]
    assert codes(ARN, "max_retries: 0, delivery: managed") == []
    assert codes(f"{{{LOCAL}}}", "max_retries: 0") == []


def test_a_trigger_that_accepts_nothing_has_neither_block(found: Callable[..., list[tuple[str, int, int]]]) -> None:
    trigger = "{type: probe, invocation: sync, function: f, async: {}, durability: os}"
    text = f"functions: {{f: {ARN}}}\ntriggers:\n  t: {trigger}\n"
    assert found(f"version: 1\n{text}") == [("without-effect", 4, 51), ("without-effect", 4, 62)]


def test_defaults_that_nothing_takes_up_are_warned_of(load_text: LoadText) -> None:
    block = "defaults: {async: {max_retries: 1}}\n"
    loaded = load_text(f"{HEAD}{block}functions: {{f: {ARN}}}\n{T}\n")
    assert [(problem.code, problem.severity.value, problem.path) for problem in loaded.problems] == [
        ("unused-defaults", "warning", ("defaults", "async"))
    ]
    managed = f"functions: {{f: {{arn: {ARN}, async: {{delivery: managed}}}}}}\n"
    assert load_text(f"{HEAD}{block}{managed}{T}\n").problems == []


def test_shared_defaults_belong_into_the_main_file(load_text: LoadText) -> None:
    included = f"defaults: {{async: {{max_retries: 1}}}}\nfunctions: {{f: {ARN}}}\n{T}\n"
    loaded = load_text(f"{HEAD}include: more.yaml\n", files={"more.yaml": included})
    assert [(problem.code, problem.message) for problem in loaded.problems] == [
        ("not-includable", "`defaults.async` may not stand in an included file")
    ]


def test_what_is_not_known_is_not_judged(load_text: LoadText) -> None:
    text = f'functions: {{f: {{arn: {ARN}, async: {{delivery: "${{HOW}}", max_retries: 1, on_failure: "${{WHERE}}"}}}}}}\n{T}\n'
    assert load_text(f"{HEAD}{text}", require_env=False).problems == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("function:orders:live", Named("lambda", reference="orders:live")),
        (f"{ARN}:live", Named("lambda", reference=f"{ARN}:live")),
        ("sqs:q", Named("sqs", "q")),
        ("arn:aws:sns:eu-west-1:111122223333:t", Named("sns", "t", "arn:aws:sns:eu-west-1:111122223333:t")),
    ],
)
def test_parts_of_a_destination(text: str, named: Named) -> None:
    assert parse_destination(text) == named
