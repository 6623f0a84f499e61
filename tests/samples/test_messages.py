"""Messages of SNS, SQS and EventBridge: ids, sums, signatures' forms and attributes belong together."""

import hashlib
import json
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from router.envelopes import HttpEnvelope, QueueEnvelope
from router.samples import Context, SampleError, make

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
SUBSCRIPTION = f"{TOPIC}:5c3cc75a-5a5b-4d4b-8f0e-000000000001"


def posted(name: str, context: Context, **options: Any) -> HttpEnvelope:
    envelope = make(name, options, context).envelope
    assert isinstance(envelope, HttpEnvelope)
    return envelope


def queued(name: str, context: Context, **options: Any) -> QueueEnvelope:
    envelope = make(name, options, context).envelope
    assert isinstance(envelope, QueueEnvelope)
    return envelope


# --- SNS -------------------------------------------------------------------------------------------------------------


def test_a_notification(context: Context) -> None:
    made = posted("sns/notification", context, attributes={"n": 1, "tags": ["a", True]}, message={"a": "ü"})
    document = json.loads(made.body)
    signature = document.pop("Signature")
    assert document == {
        "Type": "Notification",
        "MessageId": "5c3cc75a-5a5b-4d4b-8f0e-000000000002",
        "TopicArn": TOPIC,
        "Subject": "Disk",
        "Message": '{"a":"ü"}',
        "Timestamp": "2026-03-01T02:00:00.123Z",
        "SignatureVersion": "1",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem",
        "UnsubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}",
        "MessageAttributes": {
            "n": {"Type": "Number", "Value": "1"},
            "tags": {"Type": "String.Array", "Value": '["a",true]'},
        },
    }
    assert len(b64decode(signature)) == 256
    assert made.headers == (
        ("Host", "hooks.example.com"),
        ("x-amz-sns-message-type", "Notification"),
        ("x-amz-sns-message-id", "5c3cc75a-5a5b-4d4b-8f0e-000000000002"),
        ("x-amz-sns-topic-arn", TOPIC),
        ("x-amz-sns-subscription-arn", SUBSCRIPTION),
        ("Content-Type", "text/plain; charset=UTF-8"),
        ("User-Agent", "Amazon Simple Notification Service Agent"),
        ("Accept-Encoding", "gzip,deflate"),
    )


def test_what_was_not_given_is_not_there(context: Context) -> None:
    document = json.loads(posted("sns", context, subject="", attributes={}).body)
    assert not {"Subject", "MessageAttributes"} & document.keys()


def test_a_raw_delivery_is_the_text_alone(context: Context) -> None:
    made = posted("sns/raw", context, message="plain")
    assert made.body == b"plain"
    assert dict(made.headers)["x-amz-sns-rawdelivery"] == "true"


@pytest.mark.parametrize(
    ("variant", "type", "begins", "names_subscription"),
    [
        ("subscription-confirmation", "SubscriptionConfirmation", f"You have chosen to subscribe to the topic {TOPIC}.", False),
        (
            "unsubscribe",
            "UnsubscribeConfirmation",
            f"You have chosen to deactivate subscription {SUBSCRIPTION}.",
            True,
        ),
    ],
)
def test_the_handshake(variant: str, type: str, begins: str, names_subscription: bool, context: Context) -> None:
    made = posted(f"sns/{variant}", context)
    document = json.loads(made.body)
    assert list(document) == [
        *("Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp"),
        *("SignatureVersion", "Signature", "SigningCertURL"),
    ]
    assert document["Message"].startswith(begins)
    query = dict(parse_qsl(urlsplit(document["SubscribeURL"]).query))
    assert query == {"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": document["Token"]}
    assert (document["Type"], "x-amz-sns-subscription-arn" in dict(made.headers)) == (type, names_subscription)


def test_a_subscribed_queue_gets_the_envelope_or_raw_the_attributes(context: Context) -> None:
    (enveloped,) = queued("sns/sqs", context).messages
    assert json.loads(enveloped.body)["Message"] == "The disk is full."
    assert "MessageAttributes" not in enveloped.attributes
    attributes = {"severity": "high", "sum": {"Type": "Binary", "Value": "AAE="}}
    (raw,) = queued("sns/sqs-raw", context, attributes=attributes).messages
    assert raw.body == "The disk is full."
    assert raw.attributes["MessageAttributes"] == {
        "severity": {"DataType": "String", "StringValue": "high"},
        "sum": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }


# --- SQS -------------------------------------------------------------------------------------------------------------


def test_a_message_of_a_queue(context: Context) -> None:
    envelope = queued(
        "sqs/attributes", context, queue="https://sqs.eu-west-1.amazonaws.com/1/jobs", body="ü", attributes=RECORDED
    )
    (message,) = envelope.messages
    assert envelope.queue_arn == "arn:aws:sqs:eu-west-1:111122223333:jobs"
    assert (message.body, message.id, message.group) == ("ü", "5c3cc75a-5a5b-4d4b-8f0e-000000000001", None)
    assert message.handle.startswith("AQEB")
    assert message.attributes == {
        "MD5OfBody": hashlib.md5("ü".encode(), usedforsecurity=False).hexdigest(),
        "Attributes": {
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1772330400123",
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1772330400097",
        },
        "MD5OfMessageAttributes": "d25a6aea97eb8f585bfa92d314504a92",
        "MessageAttributes": RECORDED,
    }


RECORDED = {
    "WeeksOn": {"DataType": "Number", "StringValue": "6"},
    "Author": {"DataType": "String", "StringValue": "John Grisham"},
    "Title": {"DataType": "String", "StringValue": "The Whistler"},
}
"""Whose MD5 was recorded from AWS (semantics/async.md §B.7)."""


def test_messages_of_a_group_have_their_order(context: Context) -> None:
    messages = queued("sqs/fifo", context, count=3, group="g").messages
    assert [message.group for message in messages] == ["g", "g", "g"]
    numbers = [message.attributes["Attributes"]["SequenceNumber"] for message in messages]
    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {20}
    assert len({message.id for message in messages} | {message.handle for message in messages}) == 6


def test_what_else_is_said_of_a_message(context: Context) -> None:
    (message,) = queued("sqs/repeated", context, trace="Root=1-a").messages
    assert message.attributes["Attributes"]["ApproximateReceiveCount"] == "3"
    assert message.attributes["Attributes"]["AWSTraceHeader"] == "Root=1-a"


# --- EventBridge -----------------------------------------------------------------------------------------------------


def test_put_events(context: Context) -> None:
    made = posted("eventbridge/put-events", context, bus="orders", resources="a,b", time="2026-03-01T01:00:00Z", count=2)
    entry = {
        "Time": 1772326800.0,
        "Source": "shop",
        "DetailType": "OrderPaid",
        "Detail": '{"order":"o-1","total":12.5}',
        "EventBusName": "orders",
        "Resources": ["a", "b"],
    }
    assert json.loads(made.body) == {"Entries": [entry, entry]}
    headers = dict(made.headers)
    assert (made.method, made.target) == ("POST", "/")
    assert headers["X-Amz-Target"] == "AWSEvents.PutEvents"
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["X-Amz-Date"] == "20260301T020000Z"


def test_an_api_destination_posts_the_event(context: Context) -> None:
    made = posted("eventbridge/api-destination", context, detail='{"a": 1}', account="999900001111", id="i")
    assert json.loads(made.body) == {
        "version": "0",
        "id": "i",
        "detail-type": "OrderPaid",
        "source": "shop",
        "account": "999900001111",
        "time": "2026-03-01T02:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"a": 1},
    }
    assert dict(made.headers)["User-Agent"] == "Amazon/EventBridge/ApiDestinations"


def test_keys_of_a_service_s_detail_can_be_replaced(context: Context) -> None:
    event = json.loads(posted("eventbridge/ec2-state-change", context, detail={"state": "stopped"}).body)
    assert (event["source"], event["detail"]) == ("aws.ec2", {"instance-id": "i-0123456789abcdef0", "state": "stopped"})


def test_an_event_in_a_message_in_a_message(context: Context) -> None:
    (message,) = queued("eventbridge/scheduled", context, via=["sns", "sqs"]).messages
    assert json.loads(json.loads(message.body)["Message"])["detail-type"] == "Scheduled Event"


# --- Lambda, Step Functions ------------------------------------------------------------------------------------------


def test_an_invocation(context: Context) -> None:
    made = posted("lambda_api/sync", context, function="arn:aws:lambda:eu-west-1:111122223333:function:f", qualifier="live",
                  client_context={"custom": {"a": 1}}, log_tail=True, payload="[1]")  # fmt: skip
    assert made.target == (
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Af/invocations?Qualifier=live"
    )
    headers = dict(made.headers)
    assert headers["X-Amz-Log-Type"] == "Tail"
    assert json.loads(b64decode(headers["X-Amz-Client-Context"])) == {"custom": {"a": 1}}
    assert made.body == b"[1]"


def test_a_form_of_a_task(context: Context) -> None:
    made = posted("step_functions/http-task-form", context, input={"a": [1, "x y"], "b": {"c": 1}})
    assert made.body == b"a[0]=1&a[1]=x+y&b=%7B%22c%22%3A1%7D"
    assert posted("step_functions/http-task-get", context).target == "/tasks/resize?width=640&height=480&to=320"
    with pytest.raises(SampleError, match="option `input`: a map is wanted"):
        make("step_functions/http-task-form", {"input": [1]}, context)


def test_an_event_of_a_user_pool(context: Context) -> None:
    made = posted(
        "cognito/PreSignUp_SignUp", context, attributes={"custom:plan": "gold"}, request={"clientMetadata": {"a": "b"}}
    )
    assert json.loads(made.body) == {
        "version": "1",
        "triggerSource": "PreSignUp_SignUp",
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_Customers",
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "4qg5k3example7oe2m9q1ab2cd"},
        "request": {
            "userAttributes": {
                "sub": "5c3cc75a-5a5b-4d4b-8f0e-000000000005",
                "cognito:user_status": "UNCONFIRMED",
                "email_verified": "false",
                "email": "ada@example.com",
                "custom:plan": "gold",
            },
            "validationData": None,
            "clientMetadata": {"a": "b"},
        },
        "response": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    }
