"""Letters arrive in queues, topics, event buses and buckets of moto's server; what cannot arrive says whether to repeat."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from router.backends.aws.destinations import AwsDestinations
from router.deliveries import Letter
from router.errors import DestinationError
from router.fakes import FakeClock
from router.functions import DestinationAddress
from router.settings import Aws

REGION, ACCOUNT = "eu-west-1", "123456789012"
TRACE = "Root=1-6a514b28-0123456789abcdef01234567;RouterHops=1"
RECORD = Letter(b'{"version":"1.0"}', TRACE)
ATTRIBUTES = (
    ("RequestID", "String", "c9b8fa9f"),
    ("ErrorCode", "Number", "200"),
    ("ErrorMessage", "String", "boom \N{SNOWMAN}"),
)
DEAD = Letter(b'{"any": "event"}', TRACE, ATTRIBUTES)

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def client(moto: str) -> Callable[[str], Any]:
    def make(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=moto, **keys)

    return make


@pytest.fixture
async def destinations(moto: str) -> AsyncIterator[AwsDestinations]:
    made = AwsDestinations(Aws(REGION, ACCOUNT, endpoint_url=moto), FakeClock(time.time()))
    yield made
    await made.close()


def arn(service: str, name: str) -> DestinationAddress:
    return DestinationAddress(service, f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}")


def received(sqs: Any, url: str) -> list[Any]:
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )
    return answer.get("Messages", [])


def told(message: Any) -> list[tuple[str, str, str]]:
    return sorted((name, each["DataType"], each["StringValue"]) for name, each in message.get("MessageAttributes", {}).items())


async def test_a_queue_gets_records_and_dead_letters(destinations: AwsDestinations, client: Any) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="failed")["QueueUrl"]
    for letter in (RECORD, DEAD):
        await destinations.send(arn("sqs", "failed"), letter)
    found = {message["Body"]: message for message in received(sqs, url)}
    assert set(found) == {'{"version":"1.0"}', '{"any": "event"}'}
    assert told(found['{"any": "event"}']) == sorted(ATTRIBUTES)
    assert told(found['{"version":"1.0"}']) == []
    assert {message["Attributes"]["AWSTraceHeader"] for message in found.values()} == {TRACE}


async def test_a_topic_gets_the_same(destinations: AwsDestinations, client: Any) -> None:
    sns, sqs = client("sns"), client("sqs")
    url = sqs.create_queue(QueueName="of-topic")["QueueUrl"]
    topic = sns.create_topic(Name="letters")["TopicArn"]
    endpoint = f"arn:aws:sqs:{REGION}:{ACCOUNT}:of-topic"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes={"RawMessageDelivery": "true"})
    await destinations.send(DestinationAddress("sns", topic), DEAD)
    (message,) = received(sqs, url)
    assert (message["Body"], told(message)) == ('{"any": "event"}', sorted(ATTRIBUTES))


@pytest.mark.parametrize(("source", "name"), [("lambda", "recorded"), ("aws.lambda", "documented")])
async def test_an_event_bus_gets_an_event_of_lambda(moto: str, client: Any, source: str, name: str) -> None:
    events, logs = client("events"), client("sqs")
    url = logs.create_queue(QueueName=name)["QueueUrl"]
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    events.put_rule(Name="all", EventBusName=name, EventPattern=json.dumps({"source": [source]}))
    target = {"Id": "q", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"}
    events.put_targets(Rule="all", EventBusName=name, Targets=[target])
    aws = Aws(REGION, ACCOUNT, endpoint_url=moto, destination_event_source=source)
    destinations = AwsDestinations(aws, FakeClock(time.time()))
    letter = replace(RECORD, detail_type="Lambda Function Invocation Result - Failure", resources=(bus, "arn:f:$LATEST"))
    await destinations.send(DestinationAddress("events", bus), letter)
    await destinations.close()
    (message,) = received(logs, url)
    event = json.loads(message["Body"])
    assert {name: event[name] for name in ("source", "detail-type", "resources", "detail")} == {
        "source": source,
        "detail-type": "Lambda Function Invocation Result - Failure",
        "resources": [bus, "arn:f:$LATEST"],
        "detail": {"version": "1.0"},
    }


async def test_a_bucket_gets_an_object(destinations: AwsDestinations, client: Any) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="records", CreateBucketConfiguration={"LocationConstraint": REGION})
    key = "aws/lambda/async/f/2026/03/01/2026-03-01T12.00.00-c9b8fa9f"
    await destinations.send(DestinationAddress("s3", "arn:aws:s3:::records"), replace(RECORD, key=key))
    found = s3.get_object(Bucket="records", Key=key)
    assert (found["Body"].read(), found["ContentType"]) == (b'{"version":"1.0"}', "application/json")


@pytest.mark.parametrize(
    "address",
    [arn("sqs", "nowhere"), arn("sns", "nowhere"), DestinationAddress("s3", "arn:aws:s3:::nowhere-at-all")],
    ids=lambda address: address.service,
)
async def test_what_is_not_there_is_not_asked_again(address: DestinationAddress, destinations: AwsDestinations) -> None:
    with pytest.raises(DestinationError) as caught:
        await destinations.send(address, replace(RECORD, key="k"))
    assert caught.value.permanent


async def test_what_cannot_be_reached_is_worth_another_try(unused_tcp_port: int) -> None:
    made = AwsDestinations(Aws(REGION, ACCOUNT, endpoint_url=f"http://127.0.0.1:{unused_tcp_port}"), FakeClock(time.time()))
    with pytest.raises(DestinationError) as caught:
        await made.send(arn("sqs", "failed"), RECORD)
    assert not caught.value.permanent
    await made.close()
