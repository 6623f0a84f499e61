"""The router as an event bus: PutEvents in AWS JSON 1.1, entry by entry, and what is accepted for which rule."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import Unavailable
from router.fakes import request
from router.model import Place, Reply, Request, Trigger
from router.routing import compile_tables
from router.triggers.eventbridge import TYPE

ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
NOON = 1_767_225_600.9
PAID = {"source": ["shop"], "detail-type": ["OrderPaid"]}
EVERY = {"source": [{"prefix": ""}]}
RULES = {"paid": {"pattern": PAID, "function": "billing"}, "audit": {"pattern": EVERY, "function": "audit:live"}}
ENTRY = {"Source": "shop", "DetailType": "OrderPaid", "Detail": '{"total": 1.50}'}


@pytest.fixture
def bus(door: Callable[..., Any]) -> Callable[..., Any]:
    """A bus with two rules; settings are added."""
    return lambda name="bus", **settings: door({"type": "eventbridge", "auth": "none", "rules": RULES} | settings, name=name)


def call(operation: str, document: Any, *headers: tuple[str, str], raw: bytes | None = None) -> Request:
    body = json.dumps(document).encode() if raw is None else raw
    all_headers = [("X-Amz-Target", f"AWSEvents.{operation}"), ("Content-Type", "application/x-amz-json-1.1"), *headers]
    return request("POST", "/", all_headers, body, received_at=NOON)


def put(*entries: Any, headers: tuple[tuple[str, str], ...] = ()) -> Request:
    return call("PutEvents", {"Entries": list(entries)}, *headers)


def answer(reply: Reply) -> tuple[int, Any]:
    assert isinstance(reply.body, bytes)
    assert reply.headers[:2] == [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", ID)]
    return reply.status, json.loads(reply.body)


def refused(type: str, message: str) -> tuple[int, Any]:
    return 400, {"__type": type, "message": message}


def accepted(trigger: Any) -> list[list[tuple[str, str, str]]]:
    """Trigger, route and function of every acceptance, by commit."""
    return [[(each.trigger, each.route, each.target.function.name) for each in commit] for commit in trigger.accepted]


def test_an_event_is_the_envelope_around_its_detail_as_it_was_written(bus: Callable[..., Any]) -> None:
    trigger = bus()
    detail = '{ "total": 1.50, "ids": [12345678901234567890],\n "name": "Zoë \\ud83d" }'
    status, document = answer(
        trigger.send(
            put({**ENTRY, "Detail": detail, "Time": 1700000000.75, "Resources": ["arn:x"], "TraceHeader": "Root=1-a-b"})
        )
    )
    id = document["Entries"][0]["EventId"]
    [[paid, audit]] = trigger.accepted
    envelope = (
        f'{{"version":"0","id":"{id}","detail-type":"OrderPaid","source":"shop","account":"111122223333",'
        '"time":"2023-11-14T22:13:20Z","region":"eu-west-1","resources":["arn:x"],"detail":'
    )

    assert (status, document) == (200, {"FailedEntryCount": 0, "Entries": [{"EventId": id}]})
    assert paid.payload.decode() == f"{envelope}{detail}}}"
    assert paid.attributes == {
        "eventbridge.id": id,
        "eventbridge.source": "shop",
        "eventbridge.detail_type": "OrderPaid",
    }
    assert (paid.deduplication_id, paid.trace_id, paid.group, paid.failed) == (id, "Root=1-a-b", None, None)
    assert (audit.payload, audit.target.qualifier) == (paid.payload, "live")
    assert accepted(trigger) == [[("bus", "paid", "billing"), ("bus", "audit", "audit")]]


def test_an_entry_without_time_has_the_time_of_receipt(bus: Callable[..., Any]) -> None:
    trigger = bus()
    trigger.send(put(ENTRY))
    event = json.loads(trigger.accepted[0][0].payload)
    assert (event["time"], event["resources"]) == ("2026-01-01T00:00:00Z", [])


REQUIRED = "Parameter {0} is not valid. Reason: {0} is a required argument."


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        *(({name: None}, "InvalidArgument", REQUIRED.format(name)) for name in ("Source", "DetailType", "Detail")),
        *(({name: ""}, "InvalidArgument", REQUIRED.format(name)) for name in ("Source", "DetailType", "Detail")),
        *(
            ({"Detail": text}, "MalformedDetail", "Detail is malformed.")
            for text in ("{", "[]", '"x"', "1", "NaN", '{"a":NaN}')
        ),
        ({"Detail": '{"a":' * 1500 + "1" + "}" * 1500}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_entry_that_is_wrong_fails_alone(bus: Callable[..., Any], change: dict[str, Any], code: str, message: str) -> None:
    trigger = bus()
    status, document = answer(trigger.send(put({**ENTRY, **change}, ENTRY)))
    id = document["Entries"][1]["EventId"]

    expected = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": message}, {"EventId": id}]}
    assert (status, document) == (200, expected)
    assert [each.deduplication_id for each in trigger.accepted[0]] == [id, id]


def test_all_entries_are_accepted_in_one_commit_in_their_order(bus: Callable[..., Any]) -> None:
    trigger = bus()
    entries = [{**ENTRY, "DetailType": name} for name in ("OrderPaid", "Other", "OrderPaid")]
    _, document = answer(trigger.send(put(*entries)))
    first, second, third = (entry["EventId"] for entry in document["Entries"])

    assert len({first, second, third}) == 3
    assert [(each.route, each.deduplication_id) for each in trigger.accepted[0]] == [
        ("paid", first),
        ("audit", first),
        ("audit", second),
        ("paid", third),
        ("audit", third),
    ]


def test_nothing_is_committed_where_no_rule_wants_anything(bus: Callable[..., Any]) -> None:
    trigger = bus(rules={"paid": RULES["paid"]})
    _, document = answer(trigger.send(put({**ENTRY, "Source": "other"}, {**ENTRY, "Source": "others"})))

    assert (document["FailedEntryCount"], trigger.accepted) == (0, [])
    assert [(remark.name, remark.fields) for remark in trigger.remarks] == [("filtered", {"events": "2"})]


def test_a_repetition_by_the_sdk_has_the_same_ids(bus: Callable[..., Any]) -> None:
    def ids(id: str | None, *entries: Any, request_id: str = ID) -> list[str]:
        asked = put(*entries, headers=() if id is None else (("amz-sdk-invocation-id", id),))
        asked.id = request_id
        reply = bus().send(asked)
        assert isinstance(reply.body, bytes)
        return [entry["EventId"] for entry in json.loads(reply.body)["Entries"]]

    once = ids("one", ENTRY, ENTRY)
    assert len({*once}) == 2
    assert ids("one", ENTRY, ENTRY, request_id="another") == once
    assert {*ids("two", ENTRY, ENTRY)}.isdisjoint(once)
    assert {*ids("one", ENTRY)}.isdisjoint(once), "an id that never changes must not swallow another event"
    assert ids(None, ENTRY) == ids(None, ENTRY)
    assert {*ids(None, ENTRY, request_id="another")}.isdisjoint(ids(None, ENTRY))


SHOWN = (
    "PutEventsRequestEntry(time=null, source=shop, resources=[a, b], detailType=OrderPaid, detail={}, eventBusName=null,"
    " traceHeader=null)"
)
VIOLATED = "1 validation error detected: Value {} at '{}' failed to satisfy constraint: {}"
LENGTH = "Member must have length {} than or equal to {}"
SHORT = {**ENTRY, "Detail": "{}", "Resources": ["a", "b"]}


@pytest.mark.parametrize(
    ("document", "type", "message"),
    [
        ({}, "ValidationException", VIOLATED.format("null", "entries", "Member must not be null")),
        ({"Entries": []}, "ValidationException", VIOLATED.format("'[]'", "entries", LENGTH.format("greater", 1))),
        (
            {"Entries": [SHORT] * 11},
            "ValidationException",
            VIOLATED.format(f"'[{', '.join([SHOWN] * 11)}]'", "entries", LENGTH.format("less", 10)),
        ),
        (
            {"Entries": [ENTRY, {**ENTRY, "DetailType": "x" * 129}]},
            "ValidationException",
            VIOLATED.format(f"'{'x' * 129}'", "entries.2.member.detailType", LENGTH.format("less", 128)),
        ),
        ([], "SerializationException", "The request is not a structure."),
        ({"Entries": {}}, "SerializationException", "Entries is not a list."),
        ({"Entries": [1]}, "SerializationException", "An entry is not a structure."),
        ({"Entries": [{**ENTRY, "Source": 1}]}, "SerializationException", "Source is not a string."),
        ({"Entries": [{**ENTRY, "Resources": "x"}]}, "SerializationException", "Resources is not a list of strings."),
        *(
            (
                {"Entries": [{**ENTRY, "Time": time}]},
                "SerializationException",
                "Time is not a timestamp in seconds since the epoch.",
            )
            for time in ("2023-11-14", True, 1e300, -1e15)
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_request_that_is_wrong_is_refused_whole(bus: Callable[..., Any], document: Any, type: str, message: str) -> None:
    trigger = bus()
    assert answer(trigger.send(call("PutEvents", document))) == refused(type, message)
    assert trigger.accepted == []


def test_a_request_that_is_no_json_is_refused(bus: Callable[..., Any]) -> None:
    status, document = answer(bus().send(call("PutEvents", None, raw=b"{")))
    assert (status, document["__type"]) == (400, "SerializationException")


OVER = refused("ValidationException", "Total size of the entries in the request is over the limit.")


def test_the_size_is_counted_as_eventbridge_counts(bus: Callable[..., Any]) -> None:
    """Bytes of source, detail type, detail and resources, and 14 where there is a time."""
    entry = {"Source": "é", "DetailType": "t", "Detail": '{"a":"' + "x" * 80 + '"}', "Resources": ["12345"], "Time": 1}
    size = 2 + 1 + 88 + 5 + 14

    assert answer(bus(max_request_size=f"{2 * size}B").send(put(entry, entry)))[1]["FailedEntryCount"] == 0
    assert answer(bus(max_request_size=f"{2 * size - 1}B").send(put(entry, entry))) == OVER
    assert answer(bus(max_request_size="100B").send(put({**ENTRY, "Detail": "x" * 2_000_000}))) == OVER


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (None, True),
        ("default", True),
        ("arn:aws:events:eu-west-1:111122223333:event-bus/default", True),
        ("arn:aws:events:eu-west-1:999999999999:event-bus/default", False),
        ("other", False),
    ],
)
def test_a_bus_has_a_name_and_an_arn(bus: Callable[..., Any], name: str | None, known: bool) -> None:
    accepting, rejecting = bus(), bus(unknown_bus="reject")
    entry = ENTRY if name is None else {**ENTRY, "EventBusName": name}
    _, document = answer(accepting.send(put(entry)))
    _, rejected = answer(rejecting.send(put(entry)))

    assert document == {"FailedEntryCount": 0, "Entries": [{"EventId": document["Entries"][0]["EventId"]}]}
    assert bool(accepting.accepted) is known
    error = {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"Event bus {name} does not exist."}
    assert rejected == (document if known else {"FailedEntryCount": 1, "Entries": [error]})
    assert [(each.name, each.fields) for each in accepting.remarks] == ([] if known else [("unknown_bus", {"bus": name})])


def test_a_bus_may_be_declared_by_its_arn(bus: Callable[..., Any]) -> None:
    trigger = bus(bus="arn:aws:events:us-east-1:444455556666:event-bus/orders")
    trigger.send(put({**ENTRY, "EventBusName": "orders"}))
    event = json.loads(trigger.accepted[0][0].payload)
    assert (event["account"], event["region"]) == ("444455556666", "us-east-1")


def introduced(*doors: Any) -> Any:
    """The door that gets the requests, where all stand behind one listener."""
    place = Place("router.yaml", 1, 1)
    triggers = [
        Trigger(each.name, TYPE, frozenset({"async"}), "main", TYPE.claims(each.settings), each.built, {}, place)
        for each in doors
    ]
    owner = compile_tables(triggers)["main"].match(put(ENTRY))
    assert owner is not None
    return next(each for each in doors if each.name == owner.name)


def test_triggers_with_different_buses_share_one_endpoint(bus: Callable[..., Any]) -> None:
    door = introduced(
        bus("a", bus="a"), bus("b", bus="b", rules={"only": RULES["audit"]}), bus("c", bus="a", rules={"more": RULES["paid"]})
    )
    entries = [{**ENTRY, "EventBusName": name} for name in ("a", "b", "c")]
    _, document = answer(door.send(put(*entries)))

    assert document["FailedEntryCount"] == 0
    assert accepted(door) == [
        [("a", "paid", "billing"), ("a", "audit", "audit"), ("c", "more", "billing"), ("b", "only", "audit")]
    ]
    assert [remark.fields for remark in door.remarks] == [{"bus": "c"}]


def test_the_safest_of_the_sharers_accepts_for_all(bus: Callable[..., Any]) -> None:
    careless, careful = bus("careless", bus="a", durability="os"), bus("careful", bus="b")
    assert introduced(careless, careful) is careful
    assert introduced(careful, careless) is careful


def test_each_bus_asks_for_its_own_proof(bus: Callable[..., Any]) -> None:
    door = introduced(bus("a", bus="a", auth={"bearer": "one"}), bus("b", bus="b", auth={"bearer": "two"}))
    entries = [{**ENTRY, "EventBusName": name} for name in ("a", "b")]
    _, document = answer(door.send(put(*entries, headers=(("Authorization", "Bearer two"),))))
    arn = "arn:aws:events:eu-west-1:111122223333:event-bus/a"
    reason = f"The caller is not authorized to perform: events:PutEvents on resource: {arn}"

    assert document["Entries"][0] == {"ErrorCode": "AccessDeniedException", "ErrorMessage": reason}
    assert accepted(door) == [[("b", "paid", "billing"), ("b", "audit", "audit")]]
    reply = door.send(put(*entries))
    assert answer(reply) == (
        401,
        {"__type": "MissingAuthenticationTokenException", "message": "The caller does not prove who it is."},
    )
    assert reply.headers[2:] == [("www-authenticate", "Bearer")]
    assert len(door.accepted) == 1


def test_who_calls_from_elsewhere_is_refused(bus: Callable[..., Any]) -> None:
    status, document = answer(bus(auth={"source_ip": "192.0.2.0/24"}).send(put(ENTRY)))
    assert (status, document["__type"]) == (403, "AccessDeniedException")


def test_a_full_journal_is_a_fault_that_sdks_repeat(bus: Callable[..., Any]) -> None:
    trigger = bus()
    trigger.full = Unavailable("the journal is full", 7)
    reply = trigger.send(put(ENTRY))
    assert answer(reply) == (
        503,
        {"__type": "InternalException", "message": "The events cannot be stored at the moment. Please try again later."},
    )
    assert (reply.error.name, reply.error.invoked, reply.error.retry_after) == ("unavailable", "no", 7)


SERVED = "This endpoint serves PutEvents and TestEventPattern."


@pytest.mark.parametrize(
    ("target", "type", "message"),
    [
        (
            "AWSEvents.PutRule",
            "OperationDisabledException",
            "PutRule is not served here: buses, rules and targets stand in the router's configuration. " + SERVED,
        ),
        ("AWSEvents.", "UnknownOperationException", SERVED),
        ("AWSEvents", "UnknownOperationException", SERVED),
        ("AWSEvents.Put\x7f", "UnknownOperationException", SERVED),
    ],
)
def test_other_operations_are_refused_with_a_type(bus: Callable[..., Any], target: str, type: str, message: str) -> None:
    assert answer(bus().send(request("POST", "/", [("X-Amz-Target", target)], b"{}"))) == refused(type, message)
