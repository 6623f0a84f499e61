"""SNS end to end: topics of ministack, over HTTP with the handshake and through SQS, into functions of this machine."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest

pytestmark = pytest.mark.slow

FUNCTIONS = """
version: 1
log: {access: true}
listeners: {main: "127.0.0.1:0"}
journal: {url: "sqlite:./journal"}
functions:
  page: {local: {runtime: python, handler: app.show, code: PRINTER}}
  audit: {local: {runtime: python, handler: app.show, code: PRINTER}}
"""
OVER_HTTP = """
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    auth: none
    topics: TOPIC
    signature: {verify: false, certificate_hosts: EMULATOR}
    subscriptions:
      page: {function: page, filter_policy: {severity: [high]}}
      audit: audit
"""
THROUGH_A_QUEUE = """
aws: {endpoint_url: EMULATOR}
triggers:
  alerts:
    type: sns
    invocation: async
    source: {sqs: QUEUE}
    topics: TOPIC
    subscriptions:
      page: {function: page, filter_policy: {severity: [high]}}
      audit: audit
"""
HIGH = {"severity": {"DataType": "String", "StringValue": "high"}}


def published(event: Any) -> tuple[str, str | None, Any]:
    """What a function sees of a message: text, subject, attributes."""
    [record] = event["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    return record["Sns"]["Message"], record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]


def pending(sns: Any, topic: str) -> str:
    """Whether the only subscription of a topic waits for its confirmation."""
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=listed["SubscriptionArn"])["Attributes"]
    return str(attributes["PendingConfirmation"])


def post(url: str, body: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "text/plain"}), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_over_http(start: Callable[[str], Any], ministack: Any) -> None:
    sns = ministack.client("sns")
    topic = sns.create_topic(Name="http-alerts")["TopicArn"]
    running = start((FUNCTIONS + OVER_HTTP).replace("TOPIC", topic).replace("EMULATOR", ministack.url))
    endpoint = f"http://{running.address()}/hooks/sns"

    subscription = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint, ReturnSubscriptionArn=True)
    assert subscription["SubscriptionArn"] == "pending confirmation"
    running.logged("A subscription is confirmed.", trigger="alerts", topic=topic)
    assert pending(sns, topic) == "false"

    sns.publish(TopicArn=topic, Message="nothing much")
    running.printed("audit", 1)
    sns.publish(TopicArn=topic, Message="The disk is full.", Subject="Disk", MessageAttributes=HIGH)

    high = ("The disk is full.", "Disk", {"severity": {"Type": "String", "Value": "high"}})
    assert [published(event) for event in running.printed("audit", 2)] == [("nothing much", None, {}), high]
    assert [published(event) for event in running.printed("page", 1)] == [high]


def test_a_topic_that_is_not_declared_is_not_confirmed(start: Callable[[str], Any], ministack: Any) -> None:
    sns = ministack.client("sns")
    declared, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("declared", "other"))
    running = start((FUNCTIONS + OVER_HTTP).replace("TOPIC", declared).replace("EMULATOR", ministack.url))

    sns.subscribe(TopicArn=other, Protocol="http", Endpoint=f"http://{running.address()}/hooks/sns")

    running.find(lambda line: line.get("status") == 403 and line.get("path") == "/hooks/sns")
    assert pending(sns, other) == "true"


def test_a_delivery_that_sns_repeats_runs_once(start: Callable[[str], Any], ministack: Any) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:repeated"
    running = start((FUNCTIONS + OVER_HTTP).replace("TOPIC", topic).replace("EMULATOR", ministack.url))
    endpoint = f"http://{running.address()}/hooks/sns"

    def message(id: str) -> bytes:
        fields = {
            "Type": "Notification",
            "MessageId": id,
            "TopicArn": topic,
            "Message": id,
            "Timestamp": "2026-05-02T00:54:06.655Z",
        }
        return json.dumps(fields).encode()

    statuses = [post(endpoint, message(id)) for id in ("one", "one", "two", "one", "three")]

    assert statuses == [200] * 5
    assert sorted(published(event)[0] for event in running.printed("audit", 3)) == ["one", "three", "two"]


@pytest.mark.parametrize("raw", ["false", "true"])
def test_through_a_queue(start: Callable[[str], Any], ministack: Any, raw: str) -> None:
    sns, sqs = ministack.client("sns"), ministack.client("sqs")
    topic = sns.create_topic(Name=f"queue-alerts-{raw}")["TopicArn"]
    url = sqs.create_queue(QueueName=f"inbox-{raw}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": raw})
    text = FUNCTIONS + THROUGH_A_QUEUE
    running = start(text.replace("TOPIC", topic).replace("EMULATOR", ministack.url).replace("QUEUE", arn))

    sns.publish(TopicArn=topic, Message="nothing much")
    running.printed("audit", 1)
    sns.publish(TopicArn=topic, Message='{"disk": "full"}', MessageAttributes=HIGH)

    high = ('{"disk": "full"}', None, {"severity": {"Type": "String", "Value": "high"}})
    assert [published(event) for event in running.printed("audit", 2)] == [("nothing much", None, {}), high]
    assert [published(event) for event in running.printed("page", 1)] == [high]
