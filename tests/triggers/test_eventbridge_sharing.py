"""Several triggers behind one endpoint or path, and what callers must prove to each of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.fakes import request
from router.model import Place, ReadBody, Reply, Trigger
from router.routing import compile_tables
from router.triggers.eventbridge import TYPE

ENTRY = {"Source": "awsome.shop", "DetailType": "OrderPaid", "Detail": "{}"}
EVERY = {"pattern": {"source": [{"prefix": ""}]}, "function": "f"}
ONE, TWO = {"bearer": "one"}, {"api_key": {"header": "x-key", "value": "two"}}
PROOF_ONE, PROOF_TWO = ("Authorization", "Bearer one"), ("X-Key", "two")


@pytest.fixture
def shared(door: Callable[..., Any]) -> Callable[..., Any]:
    """The door that gets the requests of triggers with these settings, named `a`, `b`, …, each with a rule of its own."""

    def introduce(*settings: dict[str, Any]) -> Any:
        doors = [
            door({"type": "eventbridge", "auth": "none", "rules": {name: EVERY}} | each, name=name)
            for name, each in zip("abc", settings, strict=False)
        ]
        place = Place("router.yaml", 1, 1)
        triggers = [
            Trigger(each.name, TYPE, frozenset({"async"}), "main", TYPE.claims(each.settings), each.built, {}, place)
            for each in doors
        ]
        compile_tables(triggers)
        return doors[0]

    return introduce


def put(*headers: tuple[str, str], **entry: Any) -> Any:
    body = json.dumps({"Entries": [ENTRY | entry]}).encode()
    return request("POST", "/", [("X-Amz-Target", "AWSEvents.PutEvents"), *headers], body)


def entries(reply: Reply) -> Any:
    assert isinstance(reply.body, bytes)
    return json.loads(reply.body)["Entries"]


@pytest.mark.parametrize(("proofs", "taken"), [([PROOF_ONE, PROOF_TWO], ["a", "b"]), ([PROOF_ONE], []), ([PROOF_TWO], [])])
def test_who_declares_the_same_bus_must_be_convinced_too(shared: Callable[..., Any], proofs: Any, taken: list[str]) -> None:
    trigger = shared({"auth": ONE}, {"auth": TWO})
    [entry] = entries(trigger.send(put(*proofs)))

    assert [each.trigger for commit in trigger.accepted for each in commit] == taken
    assert entry.get("ErrorCode") == (None if taken else "AccessDeniedException")


@pytest.mark.parametrize(
    ("proofs", "status"), [([PROOF_ONE, PROOF_TWO], 200), ([PROOF_ONE], 401), ([PROOF_TWO], 401), ([], 401)]
)
def test_a_path_that_several_share_wants_every_proof(shared: Callable[..., Any], proofs: Any, status: int) -> None:
    hook = {"source": {"http": "/hook"}}
    trigger = shared(hook | {"auth": ONE}, hook | {"auth": TWO})
    reply = trigger.call("POST", "/hook", proofs, b'{"source":"x"}')

    assert reply.status == status
    assert [each.trigger for commit in trigger.accepted for each in commit] == (["a", "b"] if status == 200 else [])


def test_one_that_rejects_unknown_buses_is_enough(shared: Callable[..., Any]) -> None:
    trigger = shared({"bus": "a"}, {"bus": "b", "unknown_bus": "reject"})
    [entry] = entries(trigger.send(put(EventBusName="c")))

    assert entry["ErrorCode"] == "ResourceNotFoundException"


def test_the_largest_limit_counts_for_all(shared: Callable[..., Any]) -> None:
    trigger = shared({"bus": "a", "max_request_size": "1KiB"}, {"bus": "b"})
    detail = json.dumps({"text": '"' * 500_000})

    assert "EventId" in entries(trigger.send(put(Detail=detail, EventBusName="b")))[0]


def test_the_body_of_a_stranger_is_not_read(door: Callable[..., Any]) -> None:
    trigger = door({"type": "eventbridge", "auth": ONE, "rules": {"r": EVERY}})
    with pytest.raises(StopIteration) as stopped:
        next(trigger.type.handle(put(), trigger.built))
    assert stopped.value.value.status == 401
    step = next(trigger.type.handle(put(PROOF_ONE), trigger.built))
    assert step == ReadBody(3 * 1024 * 1024)


def test_a_proof_of_the_body_is_asked_for_after_it_was_read(shared: Callable[..., Any]) -> None:
    hmac = {"hmac": {"header": "x-signature", "secret": "s", "algorithm": "sha256"}}
    trigger = shared({"bus": "a", "auth": hmac}, {"bus": "b", "auth": ONE})
    signed = ("X-Signature", "0" * 64)

    assert trigger.send(put(signed, EventBusName="a")).status == 401
    assert entries(trigger.send(put(signed, PROOF_ONE, EventBusName="a")))[0]["ErrorCode"] == "AccessDeniedException"
    assert "EventId" in entries(trigger.send(put(signed, PROOF_ONE, EventBusName="b")))[0]
