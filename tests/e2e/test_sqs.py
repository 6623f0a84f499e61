"""SQS end to end: queues of ministack and of moto's server, worked on by functions of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.running import PATIENCE

pytestmark = pytest.mark.slow

SETTINGS = """
version: 1
listeners: {main: "127.0.0.1:0"}
aws: {region: us-east-1, endpoint_url: EMULATOR}
functions:
  worker: {timeout: 30s, local: {runtime: python, handler: jobs.work, code: FOLDER}}
triggers:
  jobs: {type: sqs, invocation: async, queue: QUEUE, function: worker, report_batch_item_failures: true, MORE}
"""
WORKER = '''
import json, os, pathlib, time

HERE = pathlib.Path(__file__).parent

def work(event, context):
    """Prints its records; `poison` fails, and `hang` hangs until there is a file `released`."""
    failures = []
    for record in event["Records"]:
        while record["body"] == "hang" and not (HERE / "released").exists():
            time.sleep(0.05)
        print(json.dumps(record), flush=True)
        if record["body"] == "poison":
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
'''


MOTO = """
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
server._thread.join()
"""


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of moto's server, on a port of its own."""
    with (tmp_path_factory.mktemp("moto") / "log").open("wb") as log:
        command = [sys.executable, "-W", "ignore", "-c", MOTO]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(params=["ministack", "moto"])
def emulator(request: pytest.FixtureRequest) -> str:
    """The URL of something that plays SQS."""
    found = request.getfixturevalue(request.param)
    return str(getattr(found, "url", found))


class Queue:
    """A queue of its own, with those who ask it."""

    def __init__(self, emulator: str, name: str, attributes: dict[str, str]) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.sqs = boto3.client("sqs", endpoint_url=emulator, region_name="us-east-1", **keys)
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = self.attribute("QueueArn")

    def attribute(self, name: str) -> str:
        return str(self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])["Attributes"][name])

    def send(self, body: str, **more: Any) -> str:
        return str(self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)["MessageId"])

    @property
    def left(self) -> int:
        return sum(int(self.attribute(f"ApproximateNumberOfMessages{kind}")) for kind in ("", "NotVisible"))

    def drained(self, expected: int = 0) -> int:
        """How many messages are left; waits until it is `expected`."""
        deadline = time.monotonic() + PATIENCE
        while (left := self.left) != expected and time.monotonic() < deadline:
            time.sleep(0.05)
        return left


@pytest.fixture
def queue(emulator: str, request: pytest.FixtureRequest) -> Callable[..., Queue]:
    """`queue(name, **attributes)`."""
    stem = request.node.originalname.removeprefix("test_").replace("_", "-")[:50]
    return lambda name="jobs", **attributes: Queue(emulator, f"{stem}-{name}", attributes)


@pytest.fixture
def run(start: Callable[[str], Any], emulator: str, tmp_path: Path) -> Callable[..., Any]:
    """`run(queue, more)`: the daemon, working on a queue; `more`: settings of the trigger, as YAML's flow."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "jobs.py").write_text(WORKER)

    def run_(queue: str, more: str = "batch_size: 10") -> Any:
        text = SETTINGS.replace("EMULATOR", emulator).replace("FOLDER", str(tmp_path / "jobs"))
        return start(text.replace("QUEUE", queue).replace("MORE", more))

    return run_


def bodies(running: Any, count: int) -> list[str]:
    return [record["body"] for record in running.printed("worker", count)]


def test_a_message_arrives_as_it_was_sent(queue: Callable[..., Queue], run: Callable[..., Any]) -> None:
    jobs = queue()
    body = '{"a": 1,  "b": [2.0, "ünï \U0001f600"], "c": "\\u2028"}\n\t<&>'
    attributes = {
        "n": {"DataType": "Number", "StringValue": "6"},
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01\x02"},
    }
    sent = jobs.sqs.send_message(QueueUrl=jobs.url, MessageBody=body, MessageAttributes=attributes)

    [record] = run(jobs.arn).printed("worker", 1)

    assert {name: record[name] for name in ("messageId", "body", "md5OfBody", "md5OfMessageAttributes")} == {
        "messageId": sent["MessageId"],
        "body": body,
        "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
    }
    assert record["messageAttributes"] == {
        "n": {"stringValue": "6", "stringListValues": [], "binaryListValues": [], "dataType": "Number"},
        "b": {"binaryValue": "AAEC", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
    }
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", jobs.arn, "us-east-1")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert jobs.drained() == 0


def test_after_a_kill_exactly_the_pending_messages_run(
    queue: Callable[..., Queue], run: Callable[..., Any], tmp_path: Path
) -> None:
    jobs = queue(VisibilityTimeout="2")
    first = run(jobs.url, "batch_size: 1")
    done = [f"done-{number}" for number in range(5)]
    for body in done:
        jobs.send(body)
    assert sorted(bodies(first, 5)) == done
    assert jobs.drained() == 0
    jobs.send("hang")
    first_seen = time.monotonic()
    while jobs.attribute("ApproximateNumberOfMessagesNotVisible") != "1":
        assert time.monotonic() < first_seen + PATIENCE
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(PATIENCE)
    pending = sorted([*(f"pending-{number}" for number in range(5)), "hang"])
    for body in pending:
        if body != "hang":
            jobs.send(body)
    (tmp_path / "jobs" / "released").touch()

    second = run(jobs.url, "batch_size: 1")

    assert sorted(bodies(second, 6)) == pending
    assert jobs.drained() == 0
    assert len([line for line in second.lines if line.get("function") == "worker" and "messageId" in line["message"]]) == 6


def test_a_poison_message_reaches_the_dead_letter_queue(queue: Callable[..., Queue], run: Callable[..., Any]) -> None:
    dead = queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "2"})
    jobs = queue(VisibilityTimeout="1", RedrivePolicy=redrive)
    jobs.send("poison")
    jobs.send("good")

    running = run(jobs.arn.split(":")[-1])

    assert sorted(bodies(running, 3)) == ["good", "poison", "poison"]
    assert (dead.drained(1), jobs.drained()) == (1, 0)


def test_a_fifo_queue_keeps_the_order_of_each_group(queue: Callable[..., Queue], run: Callable[..., Any]) -> None:
    jobs = queue("jobs.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for number in range(12):
        for group in ("one", "two"):
            jobs.send(f"{group}-{number:02}", MessageGroupId=group)

    seen = bodies(run(jobs.arn, "batch_size: 3"), 24)

    for group in ("one", "two"):
        assert [body for body in seen if body.startswith(group)] == [f"{group}-{number:02}" for number in range(12)]
    assert jobs.drained() == 0


def test_a_large_batch_is_gathered_in_its_window_and_filtered(queue: Callable[..., Queue], run: Callable[..., Any]) -> None:
    jobs = queue()
    for number in range(40):
        jobs.send(json.dumps({"kind": "resize" if number % 2 else "crop", "number": number}))

    running = run(jobs.arn, "batch_size: 100, batching_window: 2s, filters: [{body: {kind: [resize]}}]")

    assert sorted(json.loads(body)["number"] for body in bodies(running, 20)) == list(range(1, 40, 2))
    assert jobs.drained() == 0
    requests = {line["request_id"] for line in running.lines if line.get("function") == "worker" and "request_id" in line}
    assert len(requests) <= 2


def test_a_queue_that_comes_later_is_found(queue: Callable[..., Queue], run: Callable[..., Any]) -> None:
    name = queue("other").arn.split(":")[-1].replace("other", "later")

    running = run(name)

    failed = running.logged("A call of SQS failed.", operation="poll")
    assert failed["detail"].startswith("Error occurred while ReceiveMessage. SQS Error Code: ")
    later = queue("later")
    later.send("a")
    assert bodies(running, 1) == ["a"]
