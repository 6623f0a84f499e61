"""Whatever is asked, whatever functions and origins answer: the conversation ends in a reply that HTTP can carry."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.fakes import FakeStream, request, succeeded
from router.model import Forward, OriginResponse, Reply
from router.outcome import Outcome
from router.triggers.lambda_edge.headers import is_disallowed

QUICK = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STAGES = ("viewer_request", "origin_request", "origin_response", "viewer_response")
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
TARGET = re.compile(r"/[\x21-\x22\x24-\x7e]*")

text = st.text(max_size=20)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=10
)
values = st.sampled_from(["x", "a\r\nb: c", "\0", "\ud800", "é", ""]) | text
names = (
    st.sampled_from(["host", "x-a", "via", "content-length", "connection", "x-edge-a", "set-cookie", "x\r\ny", "X-A"]) | text
)
entries = st.lists(st.fixed_dictionaries({"value": values}, optional={"key": names}), max_size=2) | anything
headers = st.dictionaries(names, entries, max_size=3) | anything
bodies = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["read-only", "replace"]) | anything,
        "encoding": st.sampled_from(["text", "base64"]) | anything,
        "data": st.sampled_from(["AAEC", "text", "\ud800"]) | anything,
    },
)
customs = st.fixed_dictionaries(
    {"customHeaders": headers, "keepaliveTimeout": st.sampled_from([5, 0]) | anything},
    optional={
        "domainName": st.sampled_from(["o.example.com", "p.example.com", "evil\r\n", "a:80"]) | anything,
        "path": st.sampled_from(["", "/x", "/x\r\n", "x"]) | anything,
        "port": st.sampled_from([80, 443, 22]) | anything,
        "protocol": st.sampled_from(["http", "https"]) | anything,
        "readTimeout": st.sampled_from([30, 0]) | anything,
        "sslProtocols": st.sampled_from([["TLSv1.2"], []]) | anything,
        "responseCompletionTimeout": anything,
        "authMethod": st.sampled_from(["none", "origin-access-identity"]) | anything,
        "region": anything,
    },
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "uri": st.sampled_from(["/x", "/é", "/a b", "//x", "/\r\nHost: y", "/\ud800", "/%zz"]) | text | anything,
        "querystring": st.sampled_from(["a=b", "a b", "#", "é"]) | text | anything,
        "headers": headers,
        "method": st.just("GET") | anything,
        "clientIp": anything,
        "body": bodies | st.sampled_from(["", "text", "AAEC"]) | anything,
        "bodyEncoding": st.sampled_from(["text", "base64"]) | anything,
        "origin": st.fixed_dictionaries({}, optional={"custom": customs | anything, "s3": customs | anything}) | anything,
        "status": st.sampled_from(["200", "204", "304", "100", "404", "999", 200]) | anything,
        "statusDescription": values | anything,
    },
)
results = st.one_of(
    st.binary(max_size=30),
    anything.map(lambda value: json.dumps(value).encode()),
    changes,
    st.tuples(changes),
)
"""Bytes: the whole result. A dict: the whole result. A tuple: what is changed in what the function was given."""


def outcome(payload: bytes, result: Any) -> Outcome:
    if isinstance(result, bytes):
        return succeeded(result)
    if isinstance(result, tuple):
        record = json.loads(payload)["Records"][0]["cf"]
        return succeeded(json.dumps((record.get("response") or record["request"]) | result[0]).encode())
    return succeeded(json.dumps(result).encode())


@pytest.fixture
def edge(door: Callable[..., Any]) -> Any:
    stages: dict[str, Any] = {stage: f"{stage}:1" for stage in STAGES}
    stages["viewer_request"] = {"function": "viewer_request:1", "include_body": True}
    stages["origin_request"] = {"function": "origin_request:1", "include_body": True}
    allowed = ["https://p.example.com", {"type": "s3", "url": "https://s3.example.com"}]
    behavior = {"origin": "http://o.example.com/base", "allowed_origins": allowed, **stages}
    return door({"type": "lambda_edge", "behaviors": {"*": behavior}})


def assert_sendable(reply: Reply) -> None:
    assert 200 <= reply.status <= 599
    assert reply.status not in (204, 304) or reply.body == b"" or isinstance(reply.body, FakeStream)
    assert reply.reason is None or UNSENDABLE.search(reply.reason) is None
    for name, value in reply.headers:
        assert NAME.fullmatch(name)
        assert UNSENDABLE.search(value) is None
        assert name.lower() not in ("connection", "transfer-encoding", "x-router-error")
    assert isinstance(reply.body, FakeStream) or "content-length" not in {name.lower() for name, _ in reply.headers}


def assert_forwardable(step: Forward) -> None:
    assert TARGET.fullmatch(step.target)
    assert step.origin.host in ("o.example.com", "p.example.com", "s3.example.com")
    assert [name.lower() for name, _ in step.headers].count("host") == 1
    for name, value in step.headers:
        assert NAME.fullmatch(name)
        assert UNSENDABLE.search(value) is None
        assert name == "X-Amz-Cf-Id" or not is_disallowed(name.lower())


@QUICK
@given(
    returned=st.lists(results, min_size=4, max_size=4),
    method=st.sampled_from(["GET", "POST"]),
    status=st.integers(200, 599),
)
def test_any_result(edge: Any, returned: list[Any], method: str, status: int) -> None:
    edge.invoked.clear()
    edge.forwarded.clear()
    edge.origin = OriginResponse(status, "reason", [("Content-Length", "4"), ("Via", "x")], FakeStream(b"body"))
    left = [*returned]

    reply = edge.call(method, "/start?q", answer=lambda payload: outcome(payload, left.pop(0)))

    assert_sendable(reply)
    for step in edge.forwarded:
        assert_forwardable(step)
    if reply.error is not None:
        assert (reply.status, reply.error.invoked) == (502, "yes")
        assert reply.error.name in ("bad_response", "undeclared_origin")


@QUICK
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "BREW", ""]),
    path=st.text(alphabet=st.characters(exclude_characters="?#"), max_size=30),
    query=text,
    sent=st.lists(st.tuples(names, text), max_size=6),
    body=st.binary(max_size=50),
)
def test_any_request(edge: Any, method: str, path: str, query: str, sent: list[tuple[str, str]], body: bytes) -> None:
    edge.invoked.clear()
    edge.origin = OriginResponse(200, "OK", [], FakeStream())
    asked = request(method, "/", sent, body, path=f"/{path}", query=query)

    reply = edge.send(asked, lambda payload: outcome(payload, ({},)))

    assert 200 <= reply.status <= 502
    for step in edge.invoked:
        assert isinstance(json.loads(step.payload)["Records"][0]["cf"]["config"]["requestId"], str)


@QUICK
@given(sent=st.lists(st.tuples(names, text), max_size=6), status=st.integers(200, 599))
def test_any_answer_of_an_origin(edge: Any, sent: list[tuple[str, str]], status: int) -> None:
    sendable = [(name, value) for name, value in sent if NAME.fullmatch(name) and UNSENDABLE.search(value) is None]
    edge.origin = OriginResponse(status, "OK", sendable, FakeStream(b"body"))

    reply = edge.call("GET", "/", answer=lambda payload: outcome(payload, ({},)))

    assert (reply.status, reply.error) == (status, None)
    assert_sendable(reply)
