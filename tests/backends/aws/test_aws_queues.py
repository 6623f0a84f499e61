"""Queues through the real client: what goes over the wire, and what each answer of SQS means."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from router.backends.aws.queues import AwsQueue
from router.batches import Message, QueueFacts, QueueSource
from router.errors import MessageGone, SourceError, SourceRefused
from router.fakes import FakeClock
from router.settings import Aws

ARN = "arn:aws:sqs:eu-west-1:111122223333:jobs"
URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
FACTS = {"Attributes": {"QueueArn": ARN, "VisibilityTimeout": "45"}}
ASKED = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}


class Service:
    """Answers in the order of `answers` with `(status, body)`; remembers what was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, Any]] = []
        self.signed: set[str] = set()
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.headers["X-Amz-Target"].removeprefix("AmazonSQS."), json.loads(await request.read())))
        self.signed.add(request.headers["Authorization"].partition("Credential=")[2].partition(",")[0])
        status, body = self.answers.pop(0) if self.answers else (200, {})
        headers = {"x-amzn-query-error": f"{body['query']};Sender"} if "query" in body else {}
        return web.json_response(body, status=status, headers=headers, content_type="application/x-amz-json-1.0")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Something that speaks SQS's AWS JSON protocol."""
    service = Service()
    app = web.Application()
    app.router.add_post("/", service.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


Connect = Callable[..., Awaitable[AwsQueue]]


@pytest.fixture
async def connect(service: Service, keys_in_environment: None) -> AsyncIterator[Connect]:
    """`await connect(queue, …)`: a started `AwsQueue` of the service."""
    opened: list[AwsQueue] = []

    async def started(queue: str = ARN, aws: Aws | None = None, region: str = "eu-west-1") -> AwsQueue:
        aws = aws or Aws("eu-west-1", "111122223333", endpoints={"sqs": service.url})
        made = AwsQueue(aws, QueueSource(queue, region, 30.0), FakeClock())
        opened.append(made)
        await made.start()
        return made

    yield started
    for queue in opened:
        await queue.close()


@pytest.mark.parametrize(
    ("queue", "asked"),
    [(ARN, {"QueueName": "jobs", "QueueOwnerAWSAccountId": "111122223333"}), ("jobs", {"QueueName": "jobs"})],
)
async def test_a_queue_by_arn_or_name_is_looked_up_once(queue: str, asked: Any, connect: Connect, service: Service) -> None:
    service.answers = [(200, {"QueueUrl": URL}), (200, FACTS), (200, {}), (200, FACTS)]
    made = await connect(queue)
    assert await made.describe() == QueueFacts(ARN, 45.0)
    assert await made.receive(10, 20.0, None) == []
    await made.describe()
    assert service.asked == [
        ("GetQueueUrl", asked),
        ("GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": ["All"]}),
        ("ReceiveMessage", {"QueueUrl": URL, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20, **ASKED}),
        ("GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": ["All"]}),
    ]


async def test_a_queue_by_its_url_is_asked_there(connect: Connect, service: Service) -> None:
    service.answers = [(200, {"Attributes": {"QueueArn": f"{ARN}.fifo", "FifoQueue": "true"}})]
    made = await connect(f"{service.url}/000000000000/jobs.fifo", Aws("eu-west-1", "1"), "eu-north-1")
    assert await made.describe() == QueueFacts(f"{ARN}.fifo", 30.0, True)
    assert service.asked == [
        ("GetQueueAttributes", {"QueueUrl": f"{service.url}/000000000000/jobs.fifo", "AttributeNames": ["All"]})
    ]
    assert [scope.split("/")[2:4] for scope in service.signed] == [["eu-north-1", "sqs"]]


async def test_a_poller_that_may_not_look_up_the_url_makes_it_of_the_arn(connect: Connect, service: Service) -> None:
    service.answers = [(403, {"__type": "AccessDeniedException", "message": "no"}), (200, FACTS)]
    made = await connect()
    await made.describe()
    assert service.asked[1][1]["QueueUrl"] == f"{service.url}/111122223333/jobs"


async def test_a_message_with_everything(connect: Connect, service: Service) -> None:
    said = {
        "MessageId": "m-1",
        "ReceiptHandle": "h-1",
        "MD5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "Body": 'Test "message" \u2028\ud83d\ude00',
        "Attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "g"},
        "MD5OfMessageAttributes": "x",
        "MessageAttributes": {
            "b": {"DataType": "Binary", "BinaryValue": "AAEC"},
            "n": {"DataType": "Number", "StringValue": "6"},
        },
    }
    service.answers = [(200, {"QueueUrl": URL}), (200, {"Messages": [said]})]
    made = await connect()
    attributes = {
        "MD5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "Attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "g"},
        "MD5OfMessageAttributes": "x",
        "MessageAttributes": {
            "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01\x02"},
            "n": {"DataType": "Number", "StringValue": "6"},
        },
    }
    assert await made.receive(1, 0.0, 65.0) == [Message("h-1", 'Test "message" \u2028\U0001f600', attributes, "m-1", "g")]
    assert service.asked[1][1] == {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 1,
        "WaitTimeSeconds": 0,
        "VisibilityTimeout": 65,
        **ASKED,
    }


@pytest.mark.parametrize(
    "spoilt",
    [
        {"MessageAttributes": {"b": {"DataType": "Binary", "BinaryValue": "A"}}},
        {"MessageAttributes": {"b": "text"}},
        {"MessageAttributes": ["b"]},
        {"Attributes": "text"},
        {"ReceiptHandle": None},
        {"MessageId": None},
        "text",
    ],
)
async def test_a_message_that_cannot_be_read_takes_no_other_with_it(
    spoilt: Any, connect: Connect, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    good = {"MessageId": "m-1", "ReceiptHandle": "h-1", "Body": "a"}
    bad = spoilt if isinstance(spoilt, str) else {"MessageId": "m-2", "ReceiptHandle": "h-2", "Body": "b"} | spoilt
    service.answers = [(200, {"QueueUrl": URL}), (200, {"Messages": [bad, good]})]
    assert [message.id for message in await (await connect()).receive(10, 0.0, None)] == ["m-1"]
    [record] = [record for record in caplog.records if record.name == "router.backends.aws.queues"]
    assert record.message == "A message cannot be read; it stays in the queue."


@pytest.mark.parametrize("messages", ["text", 7, {"MessageId": "m"}])
async def test_messages_that_are_no_list_are_an_error_of_the_source(messages: Any, connect: Connect, service: Service) -> None:
    service.answers = [(200, {"QueueUrl": URL}), (200, {"Messages": messages})]
    with pytest.raises(SourceError, match="not a list"):
        await (await connect()).receive(10, 0.0, None)


async def test_entries_are_numbered_and_those_that_failed_are_told(connect: Connect, service: Service) -> None:
    failed = {"Failed": [{"Id": "1", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}], "Successful": [{"Id": "0"}]}
    service.answers = [(200, {"QueueUrl": URL}), (200, failed), (200, failed)]
    made = await connect()
    assert await made.delete(["h-1", "h-2"]) == ["h-2"]
    assert await made.change_visibility(["h-1", "h-2"], 0) == ["h-2"]
    plain = [{"Id": "0", "ReceiptHandle": "h-1"}, {"Id": "1", "ReceiptHandle": "h-2"}]
    assert service.asked[1:] == [
        ("DeleteMessageBatch", {"QueueUrl": URL, "Entries": plain}),
        (
            "ChangeMessageVisibilityBatch",
            {"QueueUrl": URL, "Entries": [{**entry, "VisibilityTimeout": 0} for entry in plain]},
        ),
    ]


async def test_a_queue_that_does_not_exist_is_told_in_the_words_of_lambda(connect: Connect, service: Service) -> None:
    code = "AWS.SimpleQueueService.NonExistentQueue"
    body = {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist.", "query": code}
    service.answers = [(400, body)]
    made = await connect()
    with pytest.raises(SourceRefused) as caught:
        await made.describe()
    assert (caught.value.code, str(caught.value)) == (
        code,
        f"Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: The specified queue does not exist.",
    )


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDeniedException", SourceRefused),
        (400, "ReceiptHandleIsInvalid", MessageGone),
        (400, "OverLimit", SourceError),
        (400, "RequestThrottled", SourceError),
        (500, "InternalFailure", SourceError),
    ],
)
async def test_errors_by_their_code(
    status: int, code: str, kind: type[SourceError], connect: Connect, service: Service
) -> None:
    service.answers = [(200, {"QueueUrl": URL}), (status, {"__type": f"com.amazonaws.sqs#{code}", "message": "no"})]
    made = await connect()
    with pytest.raises(SourceError) as caught:
        await made.delete(["h"])
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert len(service.asked) == 2, "botocore tries nothing again"


async def test_without_credentials_nothing_is_sent(connect: Connect, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    made = await connect(aws=Aws("eu-west-1", "111122223333"))
    with pytest.raises(SourceError, match="no AWS credentials were found"):
        await made.describe()
    assert "no AWS credentials were found" in (made.not_ready() or "")
    assert service.asked == []


async def test_a_command_asks_something_else_of_the_queue(connect: Connect, service: Service) -> None:
    service.answers = [(200, {"QueueUrl": URL}), (200, {"MessageId": "m"})]
    made = await connect()
    assert (await made.ask("send_message", MessageBody="a"))["MessageId"] == "m"
    assert service.asked[1] == ("SendMessage", {"QueueUrl": URL, "MessageBody": "a"})
