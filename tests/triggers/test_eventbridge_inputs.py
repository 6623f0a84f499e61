"""What a target gets of an event: every row of semantics/async.md §D.8."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.deliveries import Condition
from router.fakes import request

DETAIL = (
    '{"id": "o-1", "n": 1.50, "yes": true, "none": null, "quote": "say \\"x\\"", "list": ["ACTIVE", "INACTIVE"],'
    ' "map": {"acc_id": "0a78", "sf_id": "baz"}, "items": [{"id": 1}, {"id": 2}, 3], "a key": "spaced"}'
)
NOON = 1_767_225_600.0


def entry(detail: str = DETAIL) -> bytes:
    put = {"Source": "shop", "DetailType": "Paid", "Detail": detail, "Time": 1_700_000_000, "Resources": ["arn:x"]}
    return json.dumps({"Entries": [put]}).encode()


@pytest.fixture
def made(door: Callable[..., Any]) -> Callable[..., Any]:
    """The acceptance of one event by a target with this input."""

    def accept(bus: str = "default", detail: str = DETAIL, **form: Any) -> Any:
        rules = {"paid": {"pattern": {"source": ["shop"]}, "targets": {"one": {"function": "f", **form}}}}
        trigger = door({"type": "eventbridge", "auth": "none", "bus": bus, "rules": rules})
        body = entry(detail).replace(b'"Source"', b'"EventBusName": "' + bus.encode() + b'", "Source"')
        trigger.send(request("POST", "/", [("X-Amz-Target", "AWSEvents.PutEvents")], body, received_at=NOON))
        [[acceptance]] = trigger.accepted
        assert acceptance.route == "paid/one"
        return acceptance

    return accept


def transformer(template: str, **paths: str) -> dict[str, Any]:
    return {"input_transformer": {"paths": paths, "template": template}}


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        ({"input": {"kind": "daily"}}, '{"kind":"daily"}'),
        ({"input": "text"}, '"text"'),
        ({"input": 0}, "0"),
        ({"input_path": "$.detail.id"}, '"o-1"'),
        ({"input_path": "$.detail"}, DETAIL),
        ({"input_path": "$.detail.map"}, '{"acc_id":"0a78","sf_id":"baz"}'),
        ({"input_path": "$.detail-type"}, '"Paid"'),
        ({"input_path": "$.detail.items[1].id"}, "2"),
        ({"input_path": "$.detail.items[*].id"}, "[1,2]"),
        ({"input_path": "$.detail.map.*"}, '["0a78","baz"]'),
        ({"input_path": "$.detail['a key']"}, '"spaced"'),
        ({"input_path": "$.detail.none"}, "null"),
        ({"input_path": "$.resources[0]"}, '"arn:x"'),
    ],
)
def test_constants_and_paths(made: Callable[..., Any], form: dict[str, Any], payload: str) -> None:
    acceptance = made(**form)
    assert (acceptance.payload.decode(), acceptance.failed) == (payload, None)


@pytest.mark.parametrize("path", ["$.detail.missing", "$.detail.items[3]", "$.detail.id.x", "$.detail.id[0]", "$.detail.id[*]"])
def test_a_path_that_leads_nowhere_makes_a_dead_letter_with_the_event(made: Callable[..., Any], path: str) -> None:
    acceptance = made(input_path=path)
    assert (acceptance.failed, acceptance.detail) == (Condition.RENDERING_FAILED, f"the event has nothing at {path}")
    assert acceptance.payload == made().payload


@pytest.mark.parametrize(
    ("template", "paths", "payload"),
    [
        # JSON templates: JSON outside quotes, text inside
        ('{"order": <v>}', {"v": "$.detail.id"}, '{"order": "o-1"}'),
        ('{"n": <v>, "yes": <w>}', {"v": "$.detail.n", "w": "$.detail.yes"}, '{"n": 1.5, "yes": true}'),
        ('{"list": <v>}', {"v": "$.detail.list"}, '{"list": ["ACTIVE","INACTIVE"]}'),
        ('{"map": <v>}', {"v": "$.detail.map"}, '{"map": {"acc_id":"0a78","sf_id":"baz"}}'),
        ('{"none": <v>}', {"v": "$.detail.none"}, '{"none": null}'),
        ('{"text": "is <v>, <w>"}', {"v": "$.detail.id", "w": "$.detail.n"}, '{"text": "is o-1, 1.5"}'),
        ("{<v>: 1}", {"v": "$.detail.id"}, '{"o-1": 1}'),
        ('{"kept":   <v> }', {"v": "$.detail.id"}, '{"kept":   "o-1" }'),
        ('{"all": <v>}', {"v": "$.detail"}, f'{{"all": {DETAIL}}}'),
        # a path that is not in the event
        ('{"order": <v>, "text": "<v>."}', {"v": "$.detail.missing"}, '{"order": "", "text": "."}'),
        # quotes inside quotes
        ('{"text": "\\"<v>\\"", "order": <v>}', {"v": "$.detail.id"}, '{"text": "\\"o-1\\"", "order": "o-1"}'),
        # texts
        ('"order <v>"', {"v": "$.detail.id"}, '"order o-1"'),
        ('"map <v>"', {"v": "$.detail.map"}, '"map {acc_id:0a78,sf_id:baz}"'),
        ('"list <v>"', {"v": "$.detail.list"}, '"list [ACTIVE,INACTIVE]"'),
        ('"yes <v>"', {"v": "$.detail.yes"}, '"yes true"'),
        ('"none<v>"', {"v": "$.detail.missing"}, '"none"'),
        # a variable alone
        ("<v>", {"v": "$.detail.map"}, '{"acc_id":"0a78","sf_id":"baz"}'),
        ("<v>", {"v": "$.detail.id"}, '"o-1"'),
        # EventBridge's own variables
        ('{"rule": <aws.events.rule-name>}', {}, '{"rule": "paid"}'),
        ('"<aws.events.rule-arn>"', {}, '"arn:aws:events:eu-west-1:111122223333:rule/paid"'),
        ('"<aws.events.event.ingestion-time>"', {}, '"2026-01-01T00:00:00Z"'),
        ('"1 < 2 and <not a variable>"', {}, '"1 < 2 and <not a variable>"'),
    ],
)
def test_templates(made: Callable[..., Any], template: str, paths: dict[str, str], payload: str) -> None:
    acceptance = made(**transformer(template, **paths))
    assert (acceptance.payload.decode(), acceptance.failed) == (payload, None)


def test_the_event_itself(made: Callable[..., Any]) -> None:
    whole = made()
    event = json.loads(whole.payload)
    acceptance = made(**transformer("<aws.events.event.json>"))
    assert (acceptance.payload, acceptance.failed) == (whole.payload, None)
    assert made(input_path="$").payload == whole.payload

    summary = json.loads(made(**transformer('{"event": <aws.events.event>}')).payload)["event"]
    assert [*summary] == ["id", "account", "detailType", "time", "source", "region", "resources", "version"]
    assert summary == {
        "id": event["id"],
        "account": "111122223333",
        "detailType": "Paid",
        "time": "2026-01-01T00:00:00Z",
        "source": "shop",
        "region": "eu-west-1",
        "resources": ["arn:x"],
        "version": "0",
    }


def test_rules_of_other_buses_have_the_bus_in_their_arn(made: Callable[..., Any]) -> None:
    arn = made(bus="orders", **transformer('"<aws.events.rule-arn>"')).payload.decode()
    assert arn == '"arn:aws:events:eu-west-1:111122223333:rule/orders/paid"'


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ('{"text": "<v>"}', "$.detail.quote"),
        ('"text <v>"', "$.detail.quote"),
        ('{"text": "<v>"}', "$.detail.map"),
        ('{"text": "<v>"}', "$.detail.list"),
        ("{<v>: 1}", "$.detail.n"),
    ],
)
def test_what_is_no_json_becomes_a_dead_letter_with_the_event(made: Callable[..., Any], template: str, path: str) -> None:
    """AWS does not invoke the target, and says so to nobody."""
    acceptance = made(**transformer(template, v=path))
    assert acceptance.failed is Condition.RENDERING_FAILED
    assert acceptance.detail.startswith("the rendered input is not JSON: ")
    assert acceptance.payload == made().payload


def test_lone_surrogates_stay_escapes(made: Callable[..., Any]) -> None:
    acceptance = made(detail='{"a": "\\ud83d"}', **transformer('{"a": "<v>"}', v="$.detail.a"))
    assert (acceptance.payload, acceptance.failed) == (b'{"a": "\\ud83d"}', None)
    assert made(detail='{"a": "\ud83d"}', input_path="$.detail").payload == b'{"a": "\\ud83d"}'
