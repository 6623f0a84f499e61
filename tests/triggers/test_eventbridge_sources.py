"""Events that a bus in AWS sends: over an API destination, and through a queue."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.batches import Batch, Completed, Message, QueueSource, Rejected, Settlement
from router.deliveries import MAX_EVENT
from router.errors import BodyTooLarge, Unavailable
from router.model import Reply

EVENT = (
    b'{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"OrderPaid","source":"shop",'
    b'"account":"444455556666","time":"2026-12-22T18:43:48Z","region":"us-west-1","resources":[],"detail":{"total":1.50}}'
)
AWS_EVENT = EVENT.replace(b'"shop"', b'"aws.s3"')
RULES = {"paid": {"pattern": {"source": ["shop"]}, "function": "billing"}, "all": {"function": "audit"}}
HEADERS = [
    ("User-Agent", "Amazon/EventBridge/ApiDestinations"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Range", "bytes=0-1048575"),
    ("Accept-Encoding", "gzip,deflate"),
]


@pytest.fixture
def hook(door: Callable[..., Any]) -> Callable[..., Any]:
    """The receiver of an API destination; settings are added."""
    base = {"type": "eventbridge", "auth": "none", "source": {"http": "/hooks/events"}, "rules": RULES}
    return lambda **settings: door(base | settings)


def accepted(trigger: Any) -> list[list[tuple[str, bytes, str | None, str | None]]]:
    return [[(each.route, each.payload, each.deduplication_id, each.group) for each in commit] for commit in trigger.accepted]


ID = "6a7e8feb-b491-4cf7-a9f1-bf3703467718"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_event_is_taken_as_it_came(hook: Callable[..., Any], method: str) -> None:
    trigger = hook()
    assert trigger.call(method, "/hooks/events", HEADERS, EVENT) == Reply(200, [("x-router-durability", "disk")])
    assert accepted(trigger) == [[("paid", EVENT, ID, None), ("all", EVENT, ID, None)]]


def test_events_of_aws_services_come_this_way(hook: Callable[..., Any]) -> None:
    trigger = hook()
    trigger.call("POST", "/hooks/events", HEADERS, AWS_EVENT)
    assert accepted(trigger) == [[("all", AWS_EVENT, ID, None)]]


@pytest.mark.parametrize("body", [b'{"order": 7}', b'{"id": 7, "source": {"x": 1}}', b'{"id": ""}', b"{}"])
def test_a_transformed_event_may_be_any_object(hook: Callable[..., Any], body: bytes) -> None:
    trigger = hook()
    assert trigger.call("POST", "/hooks/events", HEADERS, body).status == 200
    assert accepted(trigger) == [[("all", body, None, None)]]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "the body is no event: Expecting value: line 1 column 1 (char 0)"),
        (b"[]", "the body is no event: the event is not a JSON object"),
        (b'"x"', "the body is no event: the event is not a JSON object"),
        (b'{"a":NaN}', "the body is no event: NaN is not JSON"),
    ],
)
def test_what_is_no_event_is_refused_for_good(hook: Callable[..., Any], body: bytes, why: str) -> None:
    trigger = hook()
    reply = trigger.call("POST", "/hooks/events", HEADERS, body)
    assert (reply.status, reply.error.name, trigger.accepted) == (400, "bad_request", [])
    assert json.loads(reply.body) == {"message": why}


def test_bytes_that_are_no_text_are_refused(hook: Callable[..., Any]) -> None:
    assert hook().call("POST", "/hooks/events", HEADERS, b'{"a":"\xff"}').status == 400


def test_what_no_rule_wants_is_remarked(hook: Callable[..., Any]) -> None:
    trigger = hook(rules={"paid": RULES["paid"]})
    assert trigger.call("POST", "/hooks/events", HEADERS, AWS_EVENT) == Reply(200, [("x-router-durability", "disk")])
    assert (trigger.accepted, [remark.name for remark in trigger.remarks]) == ([], ["filtered"])


@pytest.mark.parametrize(
    ("settings", "headers", "status", "message"),
    [
        ({"auth": {"basic": {"user": "u", "password": "p"}}}, [], 401, "Unauthorized"),
        ({"auth": {"api_key": {"header": "x-key", "value": "k"}}}, [("X-Key", "no")], 401, "Unauthorized"),
        ({"auth": {"api_key": {"header": "x-key", "value": "k"}}}, [("X-Key", "k")], 200, None),
        ({"auth": {"bearer": "t"}}, [("Authorization", "Bearer t")], 200, None),
        ({"auth": {"source_ip": "192.0.2.0/24"}}, [], 403, "Forbidden"),
    ],
)
def test_the_connection_proves_itself(
    hook: Callable[..., Any], settings: dict[str, Any], headers: Any, status: int, message: str | None
) -> None:
    trigger = hook(**settings)
    reply = trigger.call("POST", "/hooks/events", HEADERS + headers, EVENT)
    assert reply.status == status
    assert (json.loads(reply.body)["message"] if reply.body else None) == message
    assert bool(trigger.accepted) is (status == 200)


def test_a_full_journal_makes_eventbridge_try_again(hook: Callable[..., Any]) -> None:
    trigger = hook()
    trigger.full = Unavailable("full", 7)
    reply = trigger.call("POST", "/hooks/events", HEADERS, EVENT)
    assert (reply.status, reply.error.retry_after, json.loads(reply.body)) == (503, 7, {"message": "Service Unavailable"})


def test_an_event_that_lambda_would_not_take_is_refused(hook: Callable[..., Any]) -> None:
    reply = hook().call("POST", "/hooks/events", HEADERS, b'{"a":"' + b"x" * MAX_EVENT + b'"}')
    assert (reply.status, json.loads(reply.body)["message"]) == (413, str(BodyTooLarge(MAX_EVENT)))


# --- queues ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def inbox(door: Callable[..., Any]) -> Callable[..., Any]:
    """A queue that is a target of a rule; settings are added."""
    return lambda **settings: door({"type": "eventbridge", "source": {"sqs": "inbox"}, "rules": RULES} | settings)


def batch(*bodies: str, group: str | None = None) -> Batch:
    messages = tuple(Message(f"h{position}", body, group=group) for position, body in enumerate(bodies))
    return Batch(messages, "b", "Root=1-a-b", 1_767_225_600.0)


def test_the_queue_is_polled_and_nothing_claimed(inbox: Callable[..., Any]) -> None:
    trigger = inbox(source={"sqs": {"queue": "inbox", "max_concurrency": 7}})
    assert trigger.type.claims(trigger.settings) == ()
    assert trigger.type.source(trigger.built) == QueueSource("inbox", "eu-west-1", 30.0, max_concurrency=7)


def test_messages_are_deleted_after_one_commit_for_all(inbox: Callable[..., Any]) -> None:
    trigger = inbox()
    settlement = trigger.settle(batch(EVENT.decode(), AWS_EVENT.decode(), group="g"))
    assert settlement == Settlement((Completed("h0"), Completed("h1")))
    assert accepted(trigger) == [[("paid", EVENT, ID, "g"), ("all", EVENT, ID, "g"), ("all", AWS_EVENT, ID, "g")]]


def test_what_is_no_event_stays_for_the_queues_own_dead_letters(inbox: Callable[..., Any]) -> None:
    trigger = inbox()
    settlement = trigger.settle(batch("[]", EVENT.decode()))
    cause = "the message is no event: the event is not a JSON object"
    assert settlement == Settlement((Rejected("h0", "bad_request", cause), Completed("h1")), "bad_request", cause)
    assert len(trigger.accepted[0]) == 2


def test_what_no_rule_wants_is_deleted(inbox: Callable[..., Any]) -> None:
    trigger = inbox(rules={"paid": RULES["paid"]})
    assert trigger.settle(batch(AWS_EVENT.decode())) == Settlement((Completed("h0"),))
    assert ([remark.fields for remark in trigger.remarks], trigger.accepted) == ([{"events": "1"}], [])


def test_a_full_journal_deletes_nothing(inbox: Callable[..., Any]) -> None:
    trigger = inbox()
    trigger.full = Unavailable("the journal is full", 7)
    rejected = Rejected("h0", "unavailable", "the journal is full")
    assert trigger.settle(batch(EVENT.decode())) == Settlement((rejected,), "unavailable", "the journal is full", again=True)
