"""Whatever is asked and whatever a function answers: the conversation ends in a reply that HTTP can carry."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.fakes import request, succeeded
from router.model import Reply
from router.triggers._replies import header_name, header_value

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

DOORS: dict[str, dict[str, Any]] = {
    "rest": {
        "type": "api_gateway",
        "api": "rest",
        "stage": "prod",
        "binary_media_types": ["image/*"],
        "routes": {"ANY /": "f", "GET /a/{b}": "f", "ANY /{proxy+}": "f"},
    },
    "http": {
        "type": "api_gateway",
        "api": "http",
        "cors": {"allow_origins": ["https://a"]},
        "routes": {"GET /a/{b}": "f", "$default": "f"},
    },
    "http-1": {"type": "api_gateway", "api": "http", "payload": "1.0", "stage": "prod", "routes": {"ANY /{proxy+}": "f"}},
    "url": {"type": "function_url", "function": "f", "cors": {"allow_origins": ["*"]}},
    "alb": {
        "type": "alb",
        "rules": {
            "beta": {"host": "*.x", "path": "/a*?%", "headers": {"x": "*a*"}, "query": {"*a": "?*"}, "function": "f"},
            "moved": {"path": "//*", "redirect": {"path": "/"}},
        },
        "default": "f",
    },
    "alb-multi": {"type": "alb", "multi_value_headers": True, "default": "f"},
}

text = st.text(max_size=20)
header_names = st.one_of(st.sampled_from(["cookie", "Content-Type", "Accept", "X-HTTP-Method-Override", "Origin", "x"]), text)
headers = st.lists(st.tuples(header_names, text), max_size=8)
paths = st.text(alphabet=st.one_of(st.sampled_from("/%aF2?{}."), st.characters()), max_size=30).map(lambda path: "/" + path)
methods = st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "BREW", ""])

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)
values = st.one_of(st.sampled_from(["a\r\nb: c", "\0", "\ud800", "ok", "é"]), scalars, anything)
answers = st.fixed_dictionaries(
    {},
    optional={
        "statusCode": st.one_of(st.sampled_from([200, "201", 204, 304, 100, 999]), scalars),
        "headers": st.one_of(st.dictionaries(st.one_of(text, st.just("content-length")), values, max_size=3), anything),
        "multiValueHeaders": st.one_of(st.dictionaries(text, st.lists(values, max_size=2), max_size=3), anything),
        "cookies": st.one_of(st.lists(values, max_size=3), anything),
        "body": st.one_of(text, anything),
        "isBase64Encoded": st.one_of(st.booleans(), anything),
    },
)
payloads = st.one_of(
    st.binary(max_size=40),
    anything.map(lambda value: json.dumps(value).encode()),
    answers.map(lambda value: json.dumps(value).encode()),
)


def assert_sendable(reply: Reply) -> None:
    assert isinstance(reply, Reply)
    assert 200 <= reply.status <= 599
    assert isinstance(reply.body, bytes)
    assert reply.status not in (204, 304) or reply.body == b""
    for name, value in reply.headers:
        assert header_name(name) not in ("content-length", "date", "connection", "transfer-encoding")
        assert header_value(value) == value
        assert not {"\r", "\n", "\0"} & set(value)


@pytest.mark.parametrize("kind", DOORS)
@QUICK
@given(method=methods, path=paths, query=text, sent=headers, body=st.binary(max_size=50))
def test_any_request(
    door: Callable[..., Any], kind: str, method: str, path: str, query: str, sent: list[tuple[str, str]], body: bytes
) -> None:
    trigger = door(dict(DOORS[kind]))
    prefix = "/prod" if DOORS[kind].get("stage") else ""
    asked = request(method, "/", sent, body, path=prefix + path, query=query)

    reply = trigger.send(asked)

    assert reply.status < 500
    for step in trigger.invoked:
        assert isinstance(json.loads(step.payload), dict)


@pytest.mark.parametrize("kind", DOORS)
@QUICK
@given(payload=payloads)
def test_any_answer(door: Callable[..., Any], kind: str, payload: bytes) -> None:
    trigger = door(dict(DOORS[kind]))
    prefix = "/prod" if DOORS[kind].get("stage") else ""

    reply = trigger.call("GET", f"{prefix}/a/b", [("Origin", "https://a")], answer=succeeded(payload))

    assert_sendable(reply)
    if reply.error is not None:
        assert (reply.error.name, reply.error.invoked) == ("bad_response", "yes")
        assert reply.status in (500, 502)
