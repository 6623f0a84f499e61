"""SQS, batch by batch: what is declared, what the function gets, and what becomes of each message (async.md §B)."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.parser.models import SqsModel
from hypothesis import given
from hypothesis import strategies as st

from router.arn import FunctionArn
from router.batches import Batch, Completed, Message, QueueSource, Rejected, Settlement
from router.errors import Unmatched
from router.fakes import play, request, succeeded
from router.model import Function, Scope, Target
from router.outcome import Outcome, OutcomeKind, function_error, refused, throttled, timed_out, transport
from router.triggers import TYPES
from router.triggers.sqs.event import md5_of_attributes

TYPE = TYPES["sqs"]
WORKER = Target(Function("worker", FunctionArn("eu-west-1", "111122223333", "worker"), 900.0))
SCOPE = Scope("jobs", "111122223333", "eu-west-1", lambda reference: WORKER, {})
ARN = "arn:aws:sqs:eu-west-1:111122223333:jobs"
JOBS = {"type": "sqs", "queue": ARN, "function": "worker"}
COMPLETE = {
    "queue": ARN,
    "function": "worker",
    "batch_size": 10,
    "batching_window": 0.0,
    "filters": [],
    "report_batch_item_failures": False,
}
REPORTS = JOBS | {"report_batch_item_failures": True}

Build = Callable[..., Any]


def message(body: str, **attributes: Any) -> Message:
    return Message(f"handle of {body}", body, attributes, f"id of {body}")


def batch_of(*messages: Message) -> Batch:
    return Batch(messages, "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "Root=1-6a514b28-0123456789abcdef01234567", 1.0, ARN)


def fates(settlement: Settlement) -> dict[str, str]:
    """`done` or the class of the failure, by body."""
    return {
        result.handle.removeprefix("handle of "): "done" if isinstance(result, Completed) else result.error
        for result in settlement.results
    }


def bodies(payload: bytes) -> list[str]:
    return [record["body"] for record in json.loads(payload)["Records"]]


# --- what is declared ------------------------------------------------------------------------------------------------


def test_a_queue_is_polled_and_claims_nothing(door: Build) -> None:
    role = "arn:aws:iam::111122223333:role/poller"
    plain = door(JOBS)
    more = door(
        JOBS | {"batch_size": 500, "batching_window": "5s", "max_concurrency": 20, "role_arn": role, "region": "us-east-1"}
    )
    assert TYPE.source is not None
    assert TYPE.claims(plain.settings) == ()
    assert not TYPE.accepts(plain.settings), "no journal is in between, so that `async` and `durability` have no effect"
    found, other = TYPE.source(plain.built), TYPE.source(more.built)
    assert isinstance(found, QueueSource)
    assert isinstance(other, QueueSource)
    assert found == QueueSource(ARN, "eu-west-1", 900.0, max_bytes=6_291_442, measure=found.measure)
    assert other == QueueSource(ARN, "us-east-1", 900.0, role, 500, 5.0, 20, 6_291_442, other.measure)


@pytest.mark.parametrize(
    ("own", "functions", "expected"), [(None, None, None), (20, None, 20), (20, 7, 7), (5, 7, 5), (None, 1, 1), (None, 0, None)]
)
def test_no_more_batches_than_the_function_takes(own: int | None, functions: int | None, expected: int | None) -> None:
    worker = Function("worker", FunctionArn("eu-west-1", "111122223333", "worker"), 900.0, functions)
    scope = Scope("jobs", "111122223333", "eu-west-1", lambda reference: Target(worker), {})
    assert TYPE.build(COMPLETE | {"max_concurrency": own}, scope).source.max_concurrency == expected


@pytest.mark.parametrize(
    ("queue", "region"),
    [
        ("jobs", "eu-west-1"),
        ("arn:aws-cn:sqs:cn-north-1:111122223333:jobs.fifo", "cn-north-1"),
        ("https://sqs.ap-south-2.amazonaws.com/111122223333/jobs", "ap-south-2"),
        ("https://us-east-2.queue.amazonaws.com/111122223333/jobs", "us-east-2"),
        ("http://127.0.0.1:9324/000000000000/jobs", "eu-west-1"),
    ],
)
def test_the_region_is_that_of_the_queue(door: Build, queue: str, region: str) -> None:
    source = door(JOBS | {"queue": queue}).built.source
    assert (source.queue, source.region) == (queue, region)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"batch_size": 11}, [(("batch_size",), "no-window")]),
        ({"batch_size": 11, "batching_window": "500ms"}, [(("batch_size",), "no-window")]),
        ({"batch_size": 10000, "batching_window": "1s"}, []),
        ({"batching_window": "5m"}, []),
        ({"batching_window": "301s"}, [(("batching_window",), "bad-window")]),
        ({"queue": "jobs.fifo"}, []),
        ({"queue": "jobs.fifo", "batch_size": 11}, [(("batch_size",), "bad-batch-size")]),
        ({"queue": f"{ARN}.fifo", "batching_window": "1s"}, [(("batching_window",), "fifo-window")]),
        ({"filters": [{"body": {"a": [1]}}, {"body": "a"}]}, [(("filters", 1, "body"), "bad-filter")]),
        ({"filters": {"body": ["x" * 4090]}}, [(("filters", 0), "filter-too-large")]),
    ],
)
def test_rules(findings: Build, settings: dict[str, Any], expected: list[Any]) -> None:
    assert findings(JOBS | settings) == expected


def test_a_large_batch_without_a_window_is_refused_with_the_text_of_aws(door: Build) -> None:
    said: list[str] = []
    assert TYPE.check is not None
    TYPE.check(door(JOBS).settings | {"batch_size": 11}, lambda path, code, text, **_: said.append(text))
    assert said == ["Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"]


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 0},
        {"batch_size": 10001},
        {"max_concurrency": 1},
        {"max_concurrency": 1001},
        {"queue": "no queue"},
        {"queue": "arn:aws:sns:eu-west-1:111122223333:jobs"},
        {"filters": [{}]},
        {"filters": [{"body": ["a"]}] * 11},
        {"auth": "none"},
    ],
)
def test_what_the_schema_refuses(door: Build, settings: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        door(JOBS | settings)


def test_no_request_belongs_to_a_queue(door: Build) -> None:
    with pytest.raises(Unmatched):
        play(TYPE.handle(request("POST", "/"), door(JOBS).built))


# --- what the function gets ------------------------------------------------------------------------------------------


def test_the_recorded_md5_of_attributes() -> None:
    book = {
        "WeeksOn": {"DataType": "Number", "StringValue": "6"},
        "Author": {"DataType": "String", "StringValue": "John Grisham"},
        "Title": {"DataType": "String", "StringValue": "The Whistler"},
    }
    assert md5_of_attributes(book) == "d25a6aea97eb8f585bfa92d314504a92"


def test_an_event_is_as_large_as_its_records_say(door: Build) -> None:
    messages = [message("plain"), message("ü\u2028\x01\ud800"), message("n", MessageAttributes={"n": {"StringValue": "6"}})]
    trigger = door(JOBS | {"batching_window": "1s"})
    trigger.settle(batch_of(*messages))
    measure = trigger.built.source.measure
    taken = sum(measure(each, ARN) for each in messages)
    assert len(trigger.invoked[-1].payload) == taken - 1 + len('{"Records":[]}')


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_every_body_arrives_as_it_was_sent(texts: list[str]) -> None:
    steps, _ = converse([message(text) for text in texts], succeeded(b"null"))
    assert bodies(steps[0].payload) == texts


@pytest.mark.parametrize("window", ["0s", "5s"])
def test_powertools_reads_the_event(window: str, door: Build) -> None:
    trigger = door(JOBS | {"batching_window": window})
    system = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1545082649183",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
    }
    attributes = {"n": {"DataType": "Number", "StringValue": "6"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    trigger.settle(
        batch_of(message("{}", Attributes=system, MessageAttributes=attributes), message("plain", Attributes=system))
    )
    parsed, plain = SqsModel.model_validate(trigger.event).Records
    read, _ = SQSEvent(trigger.event).records
    assert plain.md5OfMessageAttributes is None
    assert (parsed.messageId, parsed.body, parsed.eventSourceARN, parsed.awsRegion) == ("id of {}", "{}", ARN, "eu-west-1")
    assert (read.queue_url, read.attributes.sender_id, read.message_attributes["n"].string_value) == (
        "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs",
        "AIDAIENQZJOLO23YVJ4VO",
        "6",
    )


# --- what becomes of the messages ------------------------------------------------------------------------------------


def converse(messages: Sequence[Message], outcome: Outcome, **settings: Any) -> tuple[list[Any], Settlement]:
    """The conversation about a batch: its steps, and how it ends."""
    built = TYPE.build(COMPLETE | settings, SCOPE)
    assert TYPE.handle_batch is not None
    conversation = TYPE.handle_batch(batch_of(*messages), built)
    steps: list[Any] = []
    given: Any = None
    try:
        while True:
            steps.append(conversation.send(given))
            given = outcome
    except StopIteration as stop:
        return steps, stop.value


FAILED = {"a": "bad_response", "b": "bad_response"}
DONE = {"a": "done", "b": "done"}
ONE_LEFT = {"a": "done", "b": "batch_item_failures"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"batchItemFailures":[]}', DONE),
        (b'{"batchItemFailures":null}', DONE),
        (b"{}", DONE),
        (b"null", DONE),
        (b"", DONE),
        (b'{"batchItemFailures":[{"itemIdentifier":"id of b"}]}', ONE_LEFT),
        (b'{"batchItemFailures":[{"itemIdentifier":"id of b","x":1},{"itemIdentifier":"id of a"}],"y":2}', None),
        (
            b'{"batchItemFailures":[{"itemIdentifier":"id of b"},{"itemIdentifier":"id of b"}]}',
            {"a": "done", "b": "batch_item_failures"},
        ),
        (b'{"batchItemFailures":', FAILED),
        (b"NaN", FAILED),
        (b'{"batchItemFailures":[{"foo":"x"}]}', FAILED),
        (b'{"batchItemFailures":[{"itemIdentifier":""}]}', FAILED),
        (b'{"batchItemFailures":[{"itemIdentifier":null}]}', FAILED),
        (b'{"batchItemFailures":[{"itemIdentifier":1}]}', FAILED),
        (b'{"batchItemFailures":[{"itemIdentifier":"id of c"}]}', FAILED),
        (b'{"batchItemFailures":[{"itemIdentifier":"id of a"},{"itemIdentifier":"id of c"}]}', FAILED),
        (b'{"batchItemFailures":["id of a"]}', FAILED),
        (b'{"batchItemFailures":[null]}', FAILED),
        (b'{"batchItemFailures":{"itemIdentifier":"id of a"}}', FAILED),
        (b'{"batchItemFailures":"id of a"}', FAILED),
        (b'{"batchItemFailures":0}', FAILED),
        (b'"done"', FAILED),
        (b"[]", FAILED),
        (b"0", FAILED),
        (b"false", FAILED),
    ],
)
def test_answers_that_report_failures(answer: bytes, expected: dict[str, str] | None) -> None:
    batch = [message("a"), message("b")]
    _, reported = converse(batch, succeeded(answer), report_batch_item_failures=True)
    _, ignored = converse(batch, succeeded(answer))
    assert fates(reported) == (expected or {"a": "batch_item_failures", "b": "batch_item_failures"})
    assert (reported.again, reported.slow_down) == (False, False)
    assert fates(ignored) == DONE


@pytest.mark.parametrize("reports", [False, True])
@pytest.mark.parametrize(
    ("outcome", "name", "again", "slows"),
    [
        (function_error(b'{"errorMessage":"no"}', "id"), "function_error", False, False),
        (timed_out(30.0), "timeout", False, False),
        (throttled("ReservedFunctionConcurrentInvocationLimitExceeded"), "throttled", True, True),
        (Outcome(OutcomeKind.SERVICE_ERROR, status=500), "service_error", True, True),
        (transport("connection refused", sent=False), "transport", True, True),
        (transport("connection reset", sent=True), "transport", True, True),
        (refused(404, "ResourceNotFoundException", "Function not found"), "client_error", False, False),
    ],
)
def test_invocations_that_fail(outcome: Outcome, name: str, again: bool, slows: bool, reports: bool) -> None:
    _, settlement = converse([message("a"), message("b")], outcome, report_batch_item_failures=reports)
    assert fates(settlement) == {"a": name, "b": name}
    assert (settlement.error, settlement.again, settlement.slow_down) == (name, again, slows or not reports)


@pytest.mark.parametrize(
    ("pattern", "body", "wanted"),
    [
        ({"body": ["a", "b"]}, "a", True),
        ({"body": ["a", "b"]}, "c", False),
        ({"body": [{"prefix": "ab"}]}, "abc", True),
        ({"body": {"kind": ["resize"]}}, "resize", False),
        ({"body": {"kind": ["resize"]}}, '["resize"]', False),
        ({"body": {"kind": ["resize"]}}, '{"kind": "resize"', False),
        ({"body": ['{"kind": "resize"}']}, '{"kind": "resize"}', False),
        ({"body": {"kind": ["resize"]}}, ' {"kind": "resize", "n": 1}', True),
        ({"body": {"kind": ["resize"]}}, '{"kind": "crop"}', False),
        ({"body": {"kind": [{"exists": False}]}}, '{"n": 1}', True),
        ({"body": {"kind": [{"exists": False}]}}, '{"n": NaN}', False),
        ({"body": {"kind": [{"exists": False}]}}, "plain", False),
        ({"body": [{"exists": False}]}, "{}", False),
        ({"body": {"n": [{"numeric": [">", 5]}]}}, '{"n": 6}', True),
        ({"awsRegion": ["eu-west-1"]}, "anything", True),
        ({"awsRegion": ["us-east-1"]}, "anything", False),
        ({"$or": [{"body": ["a"]}, {"body": {"n": [1]}}]}, '{"n": 1}', True),
    ],
)
def test_filters(pattern: dict[str, Any], body: str, wanted: bool) -> None:
    steps, settlement = converse([message(body)], function_error(b"{}", "id"), filters=[pattern])
    assert [bodies(step.payload) for step in steps] == ([[body]] if wanted else [])
    assert fates(settlement) == {body: "function_error" if wanted else "done"}


def test_several_filters_are_alternatives() -> None:
    steps, settlement = converse(
        [message("a"), message("b"), message("c")], succeeded(b"null"), filters=[{"body": ["a"]}, {"body": ["c"]}]
    )
    assert [bodies(step.payload) for step in steps] == [["a", "c"]]
    assert fates(settlement) == {"a": "done", "b": "done", "c": "done"}


def test_the_batch_processor_of_powertools_reports_what_failed(door: Build) -> None:
    def work(record: SQSRecord) -> None:
        if record.body == "bad":
            raise ValueError(record.body)

    def function(payload: bytes) -> Outcome:
        answer = process_partial_response(json.loads(payload), work, BatchProcessor(EventType.SQS), None)
        return succeeded(json.dumps(answer).encode())

    settlement = door(REPORTS).settle(batch_of(message("good"), message("bad"), message("fine")), function)
    assert fates(settlement) == {"good": "done", "bad": "batch_item_failures", "fine": "done"}


ANSWERS = st.one_of(
    st.binary(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["id of a", "id of b"]),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["batchItemFailures", "itemIdentifier", "x"]), inner),
    ).map(lambda value: json.dumps(value).encode()),
)
OUTCOMES = st.builds(
    lambda kind, payload: Outcome(kind, payload), st.sampled_from(OutcomeKind), st.one_of(ANSWERS, st.just(b"null"))
)
ATTRIBUTES = st.dictionaries(
    st.text(),
    st.fixed_dictionaries({"DataType": st.text()}, optional={"StringValue": st.text(), "BinaryValue": st.binary()}),
)
FILTERS = st.sampled_from(
    [[], [{"body": ["a"]}], [{"body": {"kind": [{"exists": True}]}}], [{"messageId": [{"prefix": "id"}]}]]
)


@given(st.lists(st.text(max_size=8), unique=True, max_size=6), ATTRIBUTES, OUTCOMES, FILTERS, st.booleans())
def test_whatever_comes_ends_in_a_settlement_and_nothing_that_failed_is_deleted(
    texts: list[str], attributes: dict[str, Any], outcome: Outcome, filters: list[Any], reports: bool
) -> None:
    messages = [message(text, MessageAttributes=attributes) for text in texts]
    steps, settlement = converse(messages, outcome, filters=filters, report_batch_item_failures=reports)
    invoked = bodies(steps[0].payload) if steps else []
    told = fates(settlement)
    assert set(told) == set(texts)
    assert len(settlement.results) == len(texts)
    assert all(told[text] == "done" for text in texts if text not in invoked)
    if outcome.kind is not OutcomeKind.OK:
        assert all(told[text] != "done" for text in invoked)
    assert {type(result) for result in settlement.results} <= {Completed, Rejected}
