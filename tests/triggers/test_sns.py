"""The SNS subscriber without signatures: events, filter policies, the handshake, what SNS is told (semantics/async.md §C)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import SNSEvent
from aws_lambda_powertools.utilities.parser import parse
from aws_lambda_powertools.utilities.parser.models import SnsModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import BodyIncomplete, FetchFailed, Invoked, Unavailable
from router.fakes import play, request, trigger
from router.model import Accept, ErrorNote, Fetch, Headers, PathClaim, ReadBody, Remark, Reply, Request
from router.routing import Table
from router.triggers import TYPES

TOPIC = "arn:aws:sns:us-east-1:000000000000:alerts"
OTHER = "arn:aws:sns:us-east-1:000000000000:others"
SUBSCRIPTION = f"{TOPIC}:21be56ed-a058-49f5-8c98-aedd2564c486"
EMULATOR = "http://localhost:4566"
ID = "95df01b4-ee98-5cb9-9903-4c221d41eb5e"
LIMIT = 2 * 1024 * 1024
JSON: tuple[str, str] = ("Content-Type", "application/json")
OK = Reply(200, [])
ACCEPTED = Reply(200, [("x-router-durability", "disk")])
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": ID,
    "TopicArn": TOPIC,
    "Message": "The disk is full.",
    "Timestamp": "2026-05-02T00:54:06.655Z",
    "SignatureVersion": "1",
    "Signature": "FAKE",
    "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-fake.pem",
    "UnsubscribeURL": f"{EMULATOR}/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}",
}
CONFIRMATION = {
    **{key: value for key, value in NOTIFICATION.items() if key != "UnsubscribeURL"},
    "Type": "SubscriptionConfirmation",
    "Token": "t0k",
    "SubscribeURL": f"{EMULATOR}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0k",
}


@pytest.fixture
def inbox(door: Callable[..., Any]) -> Callable[..., Any]:
    """A trigger that trusts an emulator; settings are added."""
    base = {
        "type": "sns",
        "source": {"http": "/hooks/sns"},
        "topics": [TOPIC],
        "signature": {"verify": False, "certificate_hosts": [EMULATOR]},
        "subscriptions": {"audit": "audit"},
    }
    return lambda **settings: door(base | settings)


def post(inbox: Any, message: Any, *headers: tuple[str, str], **fields: Any) -> Reply:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    reply: Reply = inbox.call("POST", "/hooks/sns", [("Host", "localhost"), *headers], body, **fields)
    return reply


def refused(status: int, words: str, name: str, detail: str | None = None, *headers: tuple[str, str]) -> Reply:
    body = json.dumps({"message": words}, separators=(",", ":")).encode()
    return Reply(status, [JSON, *headers], body, ErrorNote(name, Invoked.NO, detail=detail or words))


def whom(inbox: Any) -> list[list[str]]:
    return [[acceptance.route for acceptance in commit] for commit in inbox.accepted]


# --- events ----------------------------------------------------------------------------------------------------------


def test_the_event_is_awss_to_the_byte(inbox: Callable[..., Any]) -> None:
    front = inbox()
    attributes = {"n": {"Type": "Number", "Value": "1"}, "a": {"Type": "String.Array", "Value": "[]"}}

    assert post(front, {"MessageAttributes": attributes, "Subject": "ø", **NOTIFICATION}) == ACCEPTED
    [[acceptance]] = front.accepted
    assert acceptance.payload.decode() == (
        '{"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"' + SUBSCRIPTION + '","Sns":{'
        f'"Type":"Notification","MessageId":"{ID}","TopicArn":"{TOPIC}","Subject":"ø","Message":"The disk is full.",'
        '"Timestamp":"2026-05-02T00:54:06.655Z","SignatureVersion":"1","Signature":"FAKE",'
        '"SigningCertUrl":"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-fake.pem",'
        f'"UnsubscribeUrl":"{EMULATOR}/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}",'
        '"MessageAttributes":{"n":{"Type":"Number","Value":"1"},"a":{"Type":"String.Array","Value":"[]"}}}}]}'
    )
    assert (acceptance.route, acceptance.deduplication_id, acceptance.group) == ("audit", ID, None)
    assert acceptance.attributes == {"sns.topic_arn": TOPIC, "sns.message_id": ID}


def event_of(inbox: Any) -> Any:
    return json.loads(inbox.accepted[-1][-1].payload)


@pytest.mark.parametrize(
    ("header", "unsubscribe", "arn"),
    [
        (f"{TOPIC}:from-header", NOTIFICATION["UnsubscribeURL"], f"{TOPIC}:from-header"),
        (None, NOTIFICATION["UnsubscribeURL"], SUBSCRIPTION),
        # What does not belong to the topic is not believed; then something stable stands for the trigger.
        (f"{OTHER}:from-header", NOTIFICATION["UnsubscribeURL"], f"{TOPIC}:88ead399-a65e-419e-82ab-2219b73a60c1"),
        (None, None, f"{TOPIC}:88ead399-a65e-419e-82ab-2219b73a60c1"),
        (None, "http://[", f"{TOPIC}:88ead399-a65e-419e-82ab-2219b73a60c1"),
    ],
)
def test_the_subscription(inbox: Callable[..., Any], header: str | None, unsubscribe: str | None, arn: str) -> None:
    front = inbox()
    headers = [("X-Amz-Sns-Subscription-Arn", header)] if header is not None else []

    assert post(front, NOTIFICATION | {"UnsubscribeURL": unsubscribe}, *headers) == ACCEPTED
    assert event_of(front)["Records"][0]["EventSubscriptionArn"] == arn


def test_the_other_spelling_of_the_certificate(inbox: Callable[..., Any]) -> None:
    front = inbox()
    message = {key: value for key, value in NOTIFICATION.items() if key != "SigningCertURL"}

    assert post(front, message | {"SigningCertUrl": "https://x/a.pem"}) == ACCEPTED
    assert event_of(front)["Records"][0]["Sns"]["SigningCertUrl"] == "https://x/a.pem"


def test_powertools_reads_the_event(inbox: Callable[..., Any]) -> None:
    front = inbox()
    post(front, NOTIFICATION | {"MessageAttributes": {"severity": {"Type": "String", "Value": "high"}}})
    raw = inbox(signature={"allow_raw": True}, auth={"bearer": "t"})
    raw_headers = [("x-amz-sns-rawdelivery", "true"), ("x-amz-sns-message-id", ID), ("x-amz-sns-topic-arn", TOPIC)]
    assert post(raw, b"text", *raw_headers, ("Authorization", "Bearer t")) == ACCEPTED

    model = parse(event=event_of(front), model=SnsModel)
    record = model.Records[0].Sns
    assert (record.MessageId, record.Message, str(record.UnsubscribeUrl)) == (
        ID,
        "The disk is full.",
        NOTIFICATION["UnsubscribeURL"],
    )
    for event in (event_of(front), event_of(raw)):
        [data] = SNSEvent(event).records
        assert data.sns.topic_arn == TOPIC
    assert SNSEvent(event_of(raw)).sns_message == "text"


def test_the_durability_is_told(inbox: Callable[..., Any]) -> None:
    assert post(inbox(durability="os"), NOTIFICATION) == Reply(200, [("x-router-durability", "os")])


# --- subscriptions ---------------------------------------------------------------------------------------------------

SUBSCRIPTIONS = {
    "page": {"function": "page:live", "filter_policy": {"severity": ["high"]}},
    "bill": {
        "function": "bill",
        "filter_policy": {"order": {"total": [{"numeric": [">", 100]}]}},
        "filter_policy_scope": "MessageBody",
    },
    "audit": "audit",
}


@pytest.mark.parametrize(
    ("changes", "routes"),
    [
        ({}, ["audit"]),
        ({"MessageAttributes": {"severity": {"Type": "String", "Value": "high"}}}, ["page", "audit"]),
        ({"MessageAttributes": {"severity": {"Type": "Binary", "Value": "high"}}}, ["audit"]),
        ({"Message": '{"order": {"total": 101}}'}, ["bill", "audit"]),
        ({"Message": '{"order": {"total": "101"}}'}, ["audit"]),
    ],
)
def test_everybody_who_wants_it_gets_it_in_one_commit(
    inbox: Callable[..., Any], changes: dict[str, Any], routes: list[str]
) -> None:
    front = inbox(subscriptions=SUBSCRIPTIONS)

    assert post(front, NOTIFICATION | changes) == ACCEPTED
    assert whom(front) == [routes]
    assert len({acceptance.payload for acceptance in front.accepted[0]}) == 1
    assert front.remarks == []


def test_nobody_wants_it(inbox: Callable[..., Any]) -> None:
    front = inbox(subscriptions={"page": SUBSCRIPTIONS["page"]})

    assert post(front, NOTIFICATION) == OK
    assert front.accepted == []
    assert front.remarks == [Remark("filtered", "No subscription wants a message.", {"topic": TOPIC, "message_id": ID})]


def test_the_answer_comes_after_the_commit(inbox: Callable[..., Any]) -> None:
    front = inbox()
    asked = request("POST", "/hooks/sns")
    steps, reply = play(front.type.handle(asked, front.built), json.dumps(NOTIFICATION).encode(), ["receipt"])

    assert [type(step) for step in steps] == [ReadBody, Accept]
    assert reply == ACCEPTED


# --- the handshake ---------------------------------------------------------------------------------------------------


def test_a_declared_topic_is_confirmed(inbox: Callable[..., Any]) -> None:
    front = inbox()
    front.web = {CONFIRMATION["SubscribeURL"]: b"<ConfirmSubscriptionResponse/>"}

    assert post(front, CONFIRMATION) == OK
    assert front.fetched == [Fetch(CONFIRMATION["SubscribeURL"], (EMULATOR,))]
    assert front.remarks == [Remark("subscription_confirmed", "A subscription is confirmed.", {"topic": TOPIC})]
    assert front.accepted == []


def test_a_confirmation_that_fails_is_repeated_by_sns(inbox: Callable[..., Any]) -> None:
    front = inbox()
    front.web = {CONFIRMATION["SubscribeURL"]: FetchFailed("it answered 500")}

    assert post(front, CONFIRMATION) == refused(503, "Service Unavailable", "fetch_failed", "it answered 500")
    assert front.remarks == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TopicArn": OTHER}, "Its topic is not declared."),
        (
            {"SubscribeURL": CONFIRMATION["SubscribeURL"].replace("localhost", "evil.example")},
            "The SubscribeURL is not followed: http://evil.example:4566 is neither SNS's own endpoint nor one of"
            " `certificate_hosts`.",
        ),
        (
            {"SubscribeURL": CONFIRMATION["SubscribeURL"].replace("ConfirmSubscription", "DeleteTopic")},
            "The SubscribeURL is not followed: its Action is not that of the message.",
        ),
        ({"Token": "other"}, "The SubscribeURL is not followed: its Token is not that of the message."),
    ],
)
def test_what_is_not_confirmed(inbox: Callable[..., Any], changes: dict[str, str], words: str) -> None:
    front = inbox()

    assert post(front, CONFIRMATION | changes) == refused(403, words, "forbidden")
    assert front.fetched == []


def test_the_end_of_a_subscription_is_told_and_never_undone(inbox: Callable[..., Any]) -> None:
    front = inbox()

    assert post(front, CONFIRMATION | {"Type": "UnsubscribeConfirmation"}) == OK
    assert front.fetched == []
    assert front.remarks == [Remark("unsubscribed", "SNS ended a subscription; it is not renewed.", {"topic": TOPIC})]


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"[]", "The body is not a JSON object."),
        (b"null", "The body is not a JSON object."),
        (NOTIFICATION | {"Type": "Other"}, "Its Type is none of SNS's messages."),
        (NOTIFICATION | {"Type": ["Notification"]}, "Its Type is none of SNS's messages."),
        ({"Message": "text"}, "Its Type is none of SNS's messages."),
        (NOTIFICATION | {"Message": {"a": 1}}, "Its Message is not text."),
        (NOTIFICATION | {"Message": None}, "Its Message is not text."),
        (NOTIFICATION | {"Subject": 1}, "Its Subject is not text."),
        (NOTIFICATION | {"Subject": "a\nMessageId\nb"}, "Its Subject has several lines."),
        (NOTIFICATION | {"MessageId": "a\nb"}, "Its MessageId is no identifier."),
        (NOTIFICATION | {"MessageId": ""}, "Its MessageId is no identifier."),
        (NOTIFICATION | {"Timestamp": 0}, "Its Timestamp is not text."),
        (NOTIFICATION | {"Signature": 0}, "Its Signature is not text."),
        (NOTIFICATION | {"MessageAttributes": []}, "Its MessageAttributes are no object."),
        (NOTIFICATION | {"MessageAttributes": {"a": "b"}}, "One of its MessageAttributes has no Type and Value."),
        (
            NOTIFICATION | {"MessageAttributes": {"a": {"Type": "String"}}},
            "One of its MessageAttributes has no Type and Value.",
        ),
        ({**CONFIRMATION, "Token": None}, "Its Token is not text."),
        ({**CONFIRMATION, "SubscribeURL": 1}, "Its SubscribeURL is not text."),
    ],
)
def test_what_cannot_be_parsed(inbox: Callable[..., Any], message: Any, words: str) -> None:
    front = inbox()

    assert post(front, message) == refused(400, words, "bad_request")
    assert (front.accepted, front.fetched) == ([], [])


def test_limits_and_trouble(inbox: Callable[..., Any]) -> None:
    front = inbox()
    assert post(front, b"x" * (LIMIT + 1)) == refused(413, f"the request body exceeds {LIMIT} bytes", "request_too_large")
    front.full = Unavailable("the journal is full", 30)
    reply = refused(503, "Service Unavailable", "unavailable", "the journal is full")
    assert reply.error is not None
    reply.error.retry_after = 30
    assert post(front, NOTIFICATION) == reply

    conversation = front.type.handle(request("POST", "/hooks/sns"), front.built)
    _, gone = play(conversation, BodyIncomplete("the caller went away"))
    assert gone == refused(400, "the caller went away", "incomplete_request")


def test_strangers_are_turned_away_before_their_body_is_read(inbox: Callable[..., Any]) -> None:
    front = inbox(auth={"basic": {"user": "sns", "password": "pw"}})
    steps, reply = play(front.type.handle(request("POST", "/hooks/sns"), front.built))

    challenge = ("www-authenticate", 'Basic realm="shop", charset="UTF-8"')
    detail = "the header authorization stands 0 times"
    assert (steps, reply) == ([], refused(401, "Unauthorized", "unauthorized", detail, challenge))


def test_only_the_log_knows_what_auth_wants(inbox: Callable[..., Any]) -> None:
    front = inbox(auth={"source_ip": ["10.0.0.0/8"]})
    detail = "203.0.113.7 is in none of the networks of source_ip"
    assert post(front, NOTIFICATION) == refused(403, "Forbidden", "forbidden", detail)


# --- raw deliveries --------------------------------------------------------------------------------------------------

RAW: Headers = [
    ("x-amz-sns-rawdelivery", "true"),
    ("x-amz-sns-message-id", ID),
    ("x-amz-sns-topic-arn", TOPIC),
    ("x-amz-sns-subscription-arn", SUBSCRIPTION),
    ("Authorization", "Bearer t"),
]


@pytest.fixture
def raw_inbox(inbox: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **settings: inbox(signature={"allow_raw": True}, auth={"bearer": "t"}, **settings)


def test_a_raw_message_that_looks_like_an_envelope_stays_raw(raw_inbox: Callable[..., Any]) -> None:
    front = raw_inbox()

    assert post(front, NOTIFICATION | {"TopicArn": OTHER, "Message": "forged"}, *RAW) == ACCEPTED
    record = event_of(front)["Records"][0]["Sns"]
    assert (json.loads(record["Message"])["Message"], record["TopicArn"], record["Signature"]) == ("forged", TOPIC, "")


@pytest.mark.parametrize(
    ("header", "value", "reply"),
    [
        (
            1,
            None,
            refused(400, "A raw delivery needs the headers x-amz-sns-message-id and x-amz-sns-topic-arn.", "bad_request"),
        ),
        (
            1,
            "a b",
            refused(400, "A raw delivery needs the headers x-amz-sns-message-id and x-amz-sns-topic-arn.", "bad_request"),
        ),
        (
            2,
            None,
            refused(400, "A raw delivery needs the headers x-amz-sns-message-id and x-amz-sns-topic-arn.", "bad_request"),
        ),
        (2, OTHER, refused(403, "Its topic is not declared.", "forbidden")),
    ],
)
def test_a_raw_delivery_that_is_refused(raw_inbox: Callable[..., Any], header: int, value: str | None, reply: Reply) -> None:
    name = RAW[header][0]
    headers = [pair for pair in RAW if pair[0] != name] + ([(name, value)] if value is not None else [])

    assert post(raw_inbox(), b"text", *headers) == reply


def test_a_raw_delivery_that_is_not_text(raw_inbox: Callable[..., Any]) -> None:
    assert post(raw_inbox(), b"\xff", *RAW) == refused(400, "The raw message is not UTF-8.", "bad_request")


# --- sharing a path --------------------------------------------------------------------------------------------------


def test_triggers_share_a_path_by_topic(inbox: Callable[..., Any]) -> None:
    kind = TYPES["sns"]
    one, other = inbox(), inbox(topics=[OTHER])
    triggers = [trigger(name, kind.handle, (PathClaim("/hooks/sns"),)) for name in ("one", "other")]
    for each, built in zip(triggers, (one.built, other.built), strict=True):
        each.type, each.built = kind, built
    table = Table(triggers)

    def owner(asked: Request) -> str | None:
        found = table.match(asked)
        return found and found.name

    assert owner(request("POST", "/hooks/sns", [("X-Amz-Sns-Topic-Arn", OTHER)])) == "other"
    assert owner(request("POST", "/hooks/sns", [("X-Amz-Sns-Topic-Arn", TOPIC)])) == "one"
    assert owner(request("POST", "/hooks/sns")) == "one"
    assert kind.route_keys is not None
    assert kind.route_keys(one.settings) == [(("topics", 0), TOPIC)]


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"topics": f"{TOPIC}.fifo"}, [(("topics", 0), "fifo-topic")]),
        ({"topics": f"{TOPIC}.fifo", "source": {"sqs": "inbox.fifo"}}, []),
        ({"source": {"sqs": "inbox"}, "auth": "none"}, [(("auth",), "without-effect")]),
        ({"source": {"sqs": "inbox"}, "signature": {}}, [(("signature",), "without-effect")]),
        ({"signature": {"allow_raw": True}}, [(("signature", "allow_raw"), "raw-without-auth")]),
        ({"signature": {"allow_raw": True}, "auth": "none"}, [(("signature", "allow_raw"), "raw-without-auth")]),
        ({"signature": {"allow_raw": True}, "auth": {"bearer": "t"}}, []),
        ({"signature": {"verify": False, "max_age": "2h"}}, [(("signature", "max_age"), "without-effect")]),
        ({"signature": {"certificate_hosts": "a/b"}}, [(("signature", "certificate_hosts", 0), "bad-host")]),
        (
            {"signature": {"certificate_hosts": ["a", EMULATOR]}},
            [(("signature", "certificate_hosts", 1), "unsafe-certificate-host")],
        ),
        (
            {"subscriptions": {"a": {"function": "a", "filter_policy_scope": "MessageBody"}}},
            [(("subscriptions", "a", "filter_policy_scope"), "without-effect")],
        ),
        (
            {"subscriptions": {"a": {"function": "a", "filter_policy": {"k": ["x", {"wildcard": "*"}]}}}},
            [(("subscriptions", "a", "filter_policy", "k", 1), "bad-filter-policy")],
        ),
        (
            {"auth": [{"bearer": "a"}, {"basic": {"user": "u", "password": "p"}}]},
            [(("auth", 1, "basic"), "auth-contradiction")],
        ),
    ],
)
def test_findings(findings: Callable[..., Any], changes: dict[str, Any], expected: list[Any]) -> None:
    base = {"type": "sns", "source": {"http": "/hooks/sns"}, "topics": TOPIC, "subscriptions": {"audit": "audit"}}
    assert findings(base | changes) == expected


def test_what_stands_for_a_signature_block_that_is_not_written(inbox: Callable[..., Any], door: Callable[..., Any]) -> None:
    """Its defaults are the schema's: the same with an empty block and with none."""
    base = {"type": "sns", "source": {"http": "/a"}, "topics": [TOPIC], "subscriptions": {"audit": "audit"}}
    silent, empty = door(base), door(base | {"signature": {}})
    assert silent.built == empty.built
    assert silent.built.proof.verify


# --- anything --------------------------------------------------------------------------------------------------------

words = st.text(max_size=12)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)
messages = st.builds(
    lambda base, changes, gone: {key: value for key, value in (base | changes).items() if key not in gone},
    st.sampled_from([NOTIFICATION, CONFIRMATION, CONFIRMATION | {"Type": "UnsubscribeConfirmation"}]),
    st.dictionaries(st.sampled_from([*CONFIRMATION, "Subject", "MessageAttributes", "UnsubscribeURL"]), anything, max_size=2),
    st.sets(st.sampled_from([*CONFIRMATION]), max_size=1),
)
headers = st.lists(
    st.tuples(
        st.sampled_from([name for name, _ in RAW]),
        st.one_of(words, st.sampled_from([value for _, value in RAW])),
    ),
    max_size=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=60), anything.map(lambda value: json.dumps(value).encode()), messages.map(json.dumps).map(str.encode)
    ),
    sent=headers,
    verify=st.booleans(),
)
def test_any_body_ends_in_a_reply(inbox: Callable[..., Any], body: bytes, sent: Headers, verify: bool) -> None:
    front = inbox(
        subscriptions=SUBSCRIPTIONS,
        signature={"verify": verify, "certificate_hosts": "sns.example.com", "allow_raw": True},
        auth={"bearer": "t"},
    )
    reply = front.send(request("POST", "/hooks/sns", [*sent, ("Authorization", "Bearer t")], body))

    assert reply.status in (200, 400, 401, 403, 503)
    assert (reply.status == 200) is (reply.error is None)
    assert front.accepted == [] or reply.status == 200
