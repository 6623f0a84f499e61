"""The JSON form of envelopes: the same envelope comes back, and what is written by hand may be short."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.batches import Message
from router.envelopes import Addressed, Envelope, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.samples import KINDS, Context, SampleError, make
from router.samples.documents import from_json, is_envelope, to_json

TOKENS = st.text("abcXYZ019-_", min_size=1, max_size=8)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)
ATTRIBUTES = st.dictionaries(
    TOKENS,
    st.builds(lambda text: {"DataType": "String", "StringValue": text}, TEXTS)
    | st.builds(lambda data: {"DataType": "Binary", "BinaryValue": data}, st.binary(max_size=8)),
    max_size=3,
)


def message(handle: str, body: str, id: str, group: str | None, attributes: dict[str, Any]) -> Message:
    system = {"SentTimestamp": "1", **({"MessageGroupId": group} if group is not None else {})}
    said: dict[str, Any] = {"Attributes": system, **({"MessageAttributes": attributes} if attributes else {})}
    return Message(handle, body, said, id, group)


ENVELOPES: st.SearchStrategy[Envelope] = st.one_of(
    st.builds(
        HttpEnvelope,
        st.sampled_from(["GET", "POST", "PATCH"]),
        st.sampled_from(["/", "/a/b?x=1", "/%C3%BC?", "/a?q=%20+"]),
        st.lists(st.tuples(TOKENS, TEXTS), max_size=4).map(tuple),
        st.binary(max_size=20) | TEXTS.map(str.encode),
        st.sampled_from(["203.0.113.7", "::1"]),
        st.sampled_from(["http", "https"]),
        st.none() | TOKENS,
    ),
    st.builds(
        QueueEnvelope,
        st.lists(st.builds(message, TOKENS, TEXTS, TOKENS, st.none() | TOKENS, ATTRIBUTES), min_size=1, max_size=3).map(tuple),
        st.sampled_from(["", "arn:aws:sqs:eu-west-1:111122223333:jobs"]),
    ),
    st.builds(TaskEnvelope, JSON_VALUES.map(json.dumps) | TEXTS),
    st.builds(TickEnvelope, TOKENS, st.none() | st.floats(0, 4e9) | st.integers(0, 4 * 10**9).map(float)),
)


@given(ENVELOPES, st.none() | TOKENS)
def test_the_same_envelope_comes_back_through_text(envelope: Envelope, trigger: str | None) -> None:
    addressed = Addressed(envelope, trigger)
    text = json.dumps(to_json(addressed))
    assert from_json(json.loads(text)) == addressed
    assert is_envelope(json.loads(text))


@given(
    JSON_VALUES | st.dictionaries(st.sampled_from(["request", "messages", "task", "schedule", "at", "trigger"]), JSON_VALUES)
)
def test_whatever_is_given_is_an_envelope_or_an_error_that_says_why(document: Any) -> None:
    try:
        made = from_json(document)
    except SampleError:
        return
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


@pytest.mark.parametrize("name", KINDS)
def test_every_sample_comes_back(name: str, context: Context) -> None:
    made = make(name, {}, context)
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


# --- golden ----------------------------------------------------------------------------------------------------------


def test_a_request_as_a_document(context: Context) -> None:
    made = make("alb/multi-value", {"client_ip": "198.51.100.1"}, context)
    assert to_json(Addressed(made.envelope, "balancer", "a note")) == {
        "request": {
            "method": "GET",
            "target": "/orders/7?tag=red&tag=large",
            "headers": [
                ["Host", "shop-1234567890.eu-west-1.elb.amazonaws.com"],
                ["User-Agent", "curl/8.5.0"],
                ["Accept", "text/html"],
                ["Accept", "application/json"],
                ["X-Flag", "a"],
                ["X-Flag", "b"],
            ],
            "client_ip": "198.51.100.1",
            "scheme": "https",
        },
        "trigger": "balancer",
        "note": "a note",
    }


def test_bytes_are_base64(context: Context) -> None:
    assert to_json(Addressed(HttpEnvelope("PUT", "/", (), b"\xff")))["request"]["body_base64"] == b64encode(b"\xff").decode()
    document = to_json(make("sqs/binary-attribute", {}, context))
    assert document["messages"][0]["MessageAttributes"] == {"Checksum": {"DataType": "Binary", "BinaryValue": "AAEC/w=="}}


def test_what_is_written_by_hand_may_be_short() -> None:
    assert from_json({"request": {"target": "/a"}}) == Addressed(HttpEnvelope("GET", "/a"))
    posted = HttpEnvelope("POST", "/a", (("x", "1"), ("x", "2"), ("Content-Type", "application/json")), b'{"a":1}')
    assert from_json({"request": {"target": "/a", "headers": {"x": [1, 2]}, "body": {"a": 1}}}) == Addressed(posted)
    assert from_json({"task": {"a": 1.0}, "trigger": "worker"}) == Addressed(TaskEnvelope('{"a":1.0}'), "worker")
    assert from_json({"schedule": "report", "at": "2026-03-02T02:00:00Z"}) == Addressed(TickEnvelope("report", 1772416800.0))
    queued: Any = from_json({"messages": ["a", {"Body": {"k": 1}, "Attributes": {"MessageGroupId": "g"}}]}).envelope
    one, other = queued.messages
    assert (one.body, other.body, other.group) == ("a", '{"k":1}', "g")
    assert len({one.id, one.handle, other.id}) == 2


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "the document is no JSON object"),
        ({}, "a document has exactly one of `request`, `messages`, `task`, `task_text`, `schedule`; this one has nothing"),
        ({"request": {}, "task": 1}, "a document has exactly one of `request`, `messages`, `task`, `task_text`, `schedule`;"
         " this one has 'request', 'task'"),
        ({"request": {"path": "/"}}, "request has no `path`; known are `body`, `body_base64`, `client_ip`, `headers`,"
         " `listener`, `method`, `scheme`, `target`"),
        ({"request": {"target": "a"}}, '`target`: a target that begins with `/` is wanted, not `"a"`'),
        ({"request": {"headers": [1]}}, "request: `headers` is a map of names to values, or a list of pairs"),
        ({"request": {"body": "a", "body_base64": "YQ=="}}, "request: `body` and `body_base64` exclude each other"),
        ({"messages": []}, "`messages` is a list of messages"),
        ({"messages": [{"body": "a"}]}, "messages[0] has no `Body`; a message has SQS's own names: `Body`, `Attributes`,"
         " `MessageAttributes`"),
        ({"schedule": "a", "att": 1}, "the document has no `att`; did you mean `at`?"),
    ],
)  # fmt: skip
def test_what_is_no_envelope_is_said(document: Any, text: str) -> None:
    with pytest.raises(SampleError) as raised:
        from_json(document)
    assert str(raised.value) == text


def test_a_service_s_own_document_is_no_envelope(context: Context) -> None:
    posted: Any = make("s3/put", {}, context).envelope
    assert not is_envelope(json.loads(posted.body))
    assert not is_envelope({"task": 1, "else": 2})
    assert is_envelope({"task": 1})
