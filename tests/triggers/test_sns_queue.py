"""SNS messages inside SQS: in their envelope or raw, accepted in one commit, kept where they cannot be used."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.batches import Batch, Completed, Message, QueueSource, Rejected, Settlement
from router.errors import FetchFailed, Unavailable
from router.model import Fetch, Remark
from router.triggers import TYPES

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
OTHER = "arn:aws:sns:eu-west-1:111122223333:others"
SUBSCRIPTION = f"{TOPIC}:21be56ed-a058-49f5-8c98-aedd2564c486"
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
    "TopicArn": TOPIC,
    "Message": "The disk is full.",
    "Timestamp": "2026-05-02T00:54:06.655Z",
    "SignatureVersion": "1",
    "Signature": "EXAMPLE",
    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "UnsubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}",
}
CONFIRM_URL = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0k"
CONFIRMATION = NOTIFICATION | {"Type": "SubscriptionConfirmation", "Token": "t0k", "SubscribeURL": CONFIRM_URL}
PAGE = {"function": "page", "filter_policy": {"severity": ["high"]}}


@pytest.fixture
def inbox(door: Callable[..., Any]) -> Callable[..., Any]:
    """A trigger that reads a queue; settings are added."""
    base = {"type": "sns", "source": {"sqs": "alerts-inbox"}, "topics": [TOPIC], "subscriptions": {"audit": "audit"}}
    return lambda **settings: door(base | settings)


def batch(*messages: Message) -> Batch:
    arn = "arn:aws:sqs:eu-west-1:111122223333:alerts-inbox"
    return Batch(messages, "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "Root=1-a-b", 1_783_711_144.123, arn)


def received(body: Any, number: int = 1, **fields: Any) -> Message:
    text = body if isinstance(body, str) else json.dumps(body)
    return Message(f"receipt-{number}", text, id=f"00000000-0000-4000-8000-00000000000{number}", **fields)


def accepted(inbox: Any) -> list[list[tuple[str, str | None, str | None]]]:
    return [[(each.route, each.deduplication_id, each.group) for each in commit] for commit in inbox.accepted]


def test_what_is_polled(inbox: Callable[..., Any]) -> None:
    source, claims = TYPES["sns"].source, TYPES["sns"].claims
    assert source is not None
    polled = inbox(source={"sqs": {"queue": "arn:aws:sqs:eu-central-1:111122223333:inbox", "max_concurrency": 5}})

    assert source(polled.built) == QueueSource(
        "arn:aws:sqs:eu-central-1:111122223333:inbox", "eu-central-1", 30.0, max_concurrency=5
    )
    assert claims(polled.settings) == ()


def test_an_envelope_makes_the_same_event_as_over_http(inbox: Callable[..., Any]) -> None:
    front = inbox()

    assert front.settle(batch(received(NOTIFICATION))) == Settlement((Completed("receipt-1"),))
    assert accepted(front) == [[("audit", NOTIFICATION["MessageId"], None)]]
    [record] = json.loads(front.accepted[0][0].payload)["Records"]
    assert record == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": SUBSCRIPTION,
        "Sns": {
            "Type": "Notification",
            "MessageId": NOTIFICATION["MessageId"],
            "TopicArn": TOPIC,
            "Subject": None,
            "Message": "The disk is full.",
            "Timestamp": "2026-05-02T00:54:06.655Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": NOTIFICATION["SigningCertURL"],
            "UnsubscribeUrl": NOTIFICATION["UnsubscribeURL"],
            "MessageAttributes": {},
        },
    }


def test_a_raw_message_brings_the_attributes_of_the_queue(inbox: Callable[..., Any]) -> None:
    front = inbox(subscriptions={"page": PAGE})
    attributes = {
        "Attributes": {"SentTimestamp": "1777683246655"},
        "MessageAttributes": {
            "severity": {"DataType": "String", "StringValue": "high"},
            "picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    }

    settled = front.settle(batch(received('{"Type": "not SNS\'s"}', attributes=attributes, group="disk")))

    assert settled == Settlement((Completed("receipt-1"),))
    assert accepted(front) == [[("page", "00000000-0000-4000-8000-000000000001", "disk")]]
    [record] = json.loads(front.accepted[0][0].payload)["Records"]
    assert record["Sns"] == {
        "Type": "Notification",
        "MessageId": "00000000-0000-4000-8000-000000000001",
        "TopicArn": TOPIC,
        "Subject": None,
        "Message": '{"Type": "not SNS\'s"}',
        "Timestamp": "2026-05-02T00:54:06.655Z",
        "SignatureVersion": "",
        "Signature": "",
        "SigningCertUrl": "",
        "UnsubscribeUrl": "",
        "MessageAttributes": {
            "severity": {"Type": "String", "Value": "high"},
            "picture": {"Type": "Binary", "Value": "AP8="},
        },
    }


def test_a_raw_message_without_a_time_has_that_of_its_batch(inbox: Callable[..., Any]) -> None:
    front = inbox()
    front.settle(batch(received("text")))
    assert json.loads(front.accepted[0][0].payload)["Records"][0]["Sns"]["Timestamp"] == "2026-07-10T19:19:04.123Z"


def test_a_batch_is_one_commit(inbox: Callable[..., Any]) -> None:
    front = inbox(subscriptions={"page": PAGE, "audit": "audit"}, topics=[TOPIC, OTHER])
    high = {"severity": {"Type": "String", "Value": "high"}}

    settled = front.settle(
        batch(
            received(NOTIFICATION | {"MessageId": "a", "MessageAttributes": high}, 1),
            received(NOTIFICATION | {"MessageId": "b", "TopicArn": OTHER}, 2),
        )
    )

    assert settled == Settlement((Completed("receipt-1"), Completed("receipt-2")))
    assert accepted(front) == [[("page", "a", None), ("audit", "a", None), ("audit", "b", None)]]


def test_what_nobody_wants_is_deleted_and_told(inbox: Callable[..., Any]) -> None:
    front = inbox(subscriptions={"page": PAGE})

    assert front.settle(batch(received(NOTIFICATION))) == Settlement((Completed("receipt-1"),))
    assert front.accepted == []
    fields = {"topic": TOPIC, "message_id": NOTIFICATION["MessageId"]}
    assert front.remarks == [Remark("filtered", "No subscription wants a message.", fields)]


@pytest.mark.parametrize(
    ("body", "topics", "error", "cause"),
    [
        (NOTIFICATION | {"TopicArn": OTHER}, [TOPIC], "forbidden", "Its topic is not declared."),
        (NOTIFICATION | {"Message": 1}, [TOPIC], "bad_request", "Its Message is not text."),
        (NOTIFICATION | {"Type": "Other"}, [TOPIC], "bad_request", "Its Type is none of SNS's messages."),
        (
            "text",
            [TOPIC, OTHER],
            "bad_request",
            "It is raw, and with several topics nobody can say from which it came.",
        ),
    ],
)
def test_what_cannot_be_used_stays_and_holds_nothing_up(
    inbox: Callable[..., Any], body: Any, topics: list[str], error: str, cause: str
) -> None:
    front = inbox(topics=topics)

    settled = front.settle(batch(received(body, 1), received(NOTIFICATION, 2)))

    assert settled == Settlement((Rejected("receipt-1", error, cause), Completed("receipt-2")), error, cause)
    assert accepted(front) == [[("audit", NOTIFICATION["MessageId"], None)]]


def test_a_full_journal_keeps_everything_in_the_queue(inbox: Callable[..., Any]) -> None:
    front = inbox()
    front.full = Unavailable("the journal is full")

    settled = front.settle(batch(received(NOTIFICATION, 1), received("text", 2)))

    results = tuple(Rejected(f"receipt-{number}", "unavailable", "the journal is full") for number in (1, 2))
    assert settled == Settlement(results, "unavailable", "the journal is full", again=True)


def test_a_queue_of_another_account_is_confirmed(inbox: Callable[..., Any]) -> None:
    front = inbox()
    front.web = {CONFIRM_URL: b"<ConfirmSubscriptionResponse/>"}

    assert front.settle(batch(received(CONFIRMATION))) == Settlement((Completed("receipt-1"),))
    assert front.fetched == [Fetch(CONFIRM_URL)]
    assert [remark.name for remark in front.remarks] == ["subscription_confirmed"]


def test_a_confirmation_that_fails_stays(inbox: Callable[..., Any]) -> None:
    front = inbox()
    front.web = {CONFIRM_URL: FetchFailed("it hangs")}

    settled = front.settle(batch(received(CONFIRMATION)))

    assert settled == Settlement((Rejected("receipt-1", "fetch_failed", "it hangs"),), "fetch_failed", "it hangs")
    assert front.accepted == []
