"""Whatever callers send, a bus answers with a whole document, and nothing is accepted that the answer does not name."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
DETAILS = st.dictionaries(st.sampled_from(["total", "items", "a.b"]), JSON, max_size=3).map(json.dumps)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "Source": st.sampled_from(["shop", "aws.s3", ""]) | JSON,
        "DetailType": st.just("OrderPaid") | JSON,
        "Detail": DETAILS | JSON,
        "EventBusName": st.sampled_from(["default", "other"]) | JSON,
        "Resources": st.lists(st.text(max_size=3), max_size=2) | JSON,
        "Time": st.floats(0, 4e9) | JSON,
        "TraceHeader": st.text(max_size=3) | JSON,
    },
)
GOOD = st.fixed_dictionaries(
    {"Source": st.sampled_from(["shop", "mill"]), "DetailType": st.text(min_size=1, max_size=5), "Detail": DETAILS}
)
CALLS = st.fixed_dictionaries({"Entries": st.lists(ENTRIES | GOOD, max_size=11) | JSON}) | JSON
RULES = {
    "all": {"pattern": {"source": [{"prefix": ""}]}, "function": "f"},
    "some": {
        "pattern": {"detail": {"items": {"x": [{"exists": False}]}, "a.b": [{"numeric": [">", 0]}, None, "x"]}},
        "function": "f",
    },
    "made": {
        "pattern": {"source": ["shop"]},
        "targets": {
            "path": {"function": "f", "input_path": "$.detail.total"},
            "text": {
                "function": "f",
                "input_transformer": {"paths": {"v": "$.detail.total"}, "template": '{"v": "<v>", "w": <v>}'},
            },
        },
    },
}
quick = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@quick
@given(CALLS)
def test_put_events(door: Callable[..., Any], call: Any) -> None:
    bus = door({"type": "eventbridge", "auth": "none", "rules": RULES})
    reply = bus.call("POST", "/", [("X-Amz-Target", "AWSEvents.PutEvents")], json.dumps(call).encode())
    document = json.loads(reply.body)

    if reply.status != 200:
        assert (reply.status, document.keys(), bus.accepted) == (400, {"__type", "message"}, [])
        return
    assert len(document["Entries"]) == len(call["Entries"])
    assert document["FailedEntryCount"] == sum("ErrorCode" in entry for entry in document["Entries"])
    known = {entry.get("EventId") for entry in document["Entries"]}
    for acceptance in (each for commit in bus.accepted for each in commit):
        json.loads(acceptance.payload)
        assert acceptance.deduplication_id in known


@quick
@given(JSON | st.binary(max_size=20), st.sampled_from(["POST", "PUT", "GET"]))
def test_api_destinations(door: Callable[..., Any], body: Any, method: str) -> None:
    hook = door(
        {"type": "eventbridge", "auth": "none", "source": {"http": "/hook"}, "rules": {"every": {"function": "f"}, **RULES}}
    )
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = hook.call(method, "/hook", [], sent)

    assert reply.status == (200 if hook.accepted else 400)
    assert all(json.loads(each.payload) is not ... for commit in hook.accepted for each in commit)


@quick
@given(st.text(max_size=30) | JSON.map(json.dumps), JSON)
def test_patterns(door: Callable[..., Any], pattern: str, detail: Any) -> None:
    bus = door({"type": "eventbridge", "auth": "none", "rules": RULES})
    event = dict.fromkeys(("id", "account", "source", "time", "region", "detail-type"), "x") | {"detail": detail}
    call = {"EventPattern": pattern, "Event": json.dumps(event)}
    reply = bus.call("POST", "/", [("X-Amz-Target", "AWSEvents.TestEventPattern")], json.dumps(call).encode())
    document = json.loads(reply.body)

    assert reply.status == 200 or document["__type"] == "InvalidEventPatternException"
