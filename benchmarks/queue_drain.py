"""How fast a queue is drained: messages a second at batches of ten, through everything but the function.

A stub of SQS runs in a process of its own and answers every receive with ten messages of 1 KiB. Beside the router's poller the
same run shows what the AWS client alone can do: the same number of loops that receive and delete, and do nothing else.

    python -m benchmarks.queue_drain [messages]
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import multiprocessing.connection
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from aiohttp import web

from router.arn import FunctionArn
from router.backends.aws.queues import AwsQueue
from router.batches import EventCount, QueueSource
from router.clock import SystemClock
from router.driver import Driver
from router.fakes import FakeInvoker, FakeMetrics
from router.ingress.queue_poller import QueuePoller
from router.model import Function, Place, Scope, Target, Trigger
from router.settings import Aws
from router.triggers import TYPES

ARN = "arn:aws:sqs:eu-west-1:111122223333:jobs"
BODY = json.dumps({"kind": "resize", "pad": "x" * 990})
MD5 = hashlib.md5(BODY.encode()).hexdigest()
SYSTEM = {
    "ApproximateReceiveCount": "1",
    "SentTimestamp": "1545082649183",
    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
    "ApproximateFirstReceiveTimestamp": "1545082649185",
}
CONCURRENCY = 20


def stub(port: multiprocessing.connection.Connection) -> None:
    """SQS without a queue: every receive brings ten messages, every delete succeeds."""

    async def handle(request: web.Request) -> web.Response:
        asked = json.loads(await request.read())
        return web.Response(body=json.dumps(answers[request.headers["X-Amz-Target"]](asked)).encode(), content_type=JSON)

    def message() -> dict[str, Any]:
        name = str(uuid.uuid4())
        return {"MessageId": name, "ReceiptHandle": name, "Body": BODY, "MD5OfBody": MD5, "Attributes": SYSTEM}

    answers: dict[str, Callable[[Any], Any]] = {
        "AmazonSQS.GetQueueUrl": lambda asked: {"QueueUrl": "http://stub/jobs"},
        "AmazonSQS.GetQueueAttributes": lambda asked: {"Attributes": {"QueueArn": ARN, "VisibilityTimeout": "30"}},
        "AmazonSQS.ReceiveMessage": lambda asked: {"Messages": [message() for _ in range(10)]},
        "AmazonSQS.DeleteMessageBatch": lambda asked: {"Successful": [{"Id": each["Id"]} for each in asked["Entries"]]},
        "AmazonSQS.ChangeMessageVisibilityBatch": lambda asked: {"Successful": []},
    }

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    uvloop.run(serve())


JSON = "application/x-amz-json-1.0"


class Counter(FakeMetrics):
    """Sets `enough` when so many messages were deleted."""

    def __init__(self, messages: int) -> None:
        super().__init__()
        self.messages = messages
        self.enough = asyncio.Event()

    def events_counted(self, trigger: str, what: EventCount, number: int) -> None:
        super().events_counted(trigger, what, number)
        if self.events[EventCount.DELETED] >= self.messages:
            self.enough.set()


def aws_of(url: str) -> Aws:
    return Aws("eu-west-1", "111122223333", endpoint_url=url)


async def router_drains(url: str, messages: int) -> None:
    """The poller with its filter, event, driver and settlement; the function answers at once."""
    kind = TYPES["sqs"]
    worker = Target(Function("worker", FunctionArn("eu-west-1", "111122223333", "worker"), 30.0))
    settings = {
        "queue": ARN,
        "function": "worker",
        "batch_size": 10,
        "batching_window": 0.0,
        "report_batch_item_failures": True,
        "max_concurrency": CONCURRENCY,
        "filters": [{"body": {"kind": ["resize"]}}],
    }
    built = kind.build(settings, Scope("jobs", "111122223333", "eu-west-1", lambda reference: worker, {}))
    trigger = Trigger("jobs", kind, frozenset({"async"}), "main", (), built, {}, Place("router.yaml", 1, 1))
    metrics, clock, source = Counter(messages), SystemClock(), built.source
    queue = AwsQueue(aws_of(url), source, clock)
    driver = Driver(FakeInvoker(), clock, random.random, metrics)
    poller = QueuePoller(
        *(trigger, source, queue, driver, metrics, clock), draw=random.random, new_id=lambda: str(uuid.uuid4())
    )
    await queue.start()
    poller.start()
    await metrics.enough.wait()
    await poller.close(5.0)


async def client_drains(url: str, messages: int) -> None:
    """The same client in bare loops: what there is to win at most."""
    queue = AwsQueue(aws_of(url), QueueSource(ARN, "eu-west-1", 30.0, max_concurrency=CONCURRENCY), SystemClock())
    await queue.start()
    left = messages

    async def loop() -> None:
        nonlocal left
        while left > 0:
            found = await queue.receive(10, 20.0, None)
            await queue.delete([message.handle for message in found])
            left -= len(found)

    await asyncio.gather(*(loop() for _ in range(CONCURRENCY)))
    await queue.close()


def measured(name: str, drain: Callable[[str, int], Awaitable[None]], url: str, messages: int) -> None:
    async def run() -> None:
        await drain(url, messages)

    started, cpu = time.perf_counter(), time.process_time()
    uvloop.run(run())
    seconds, busy = time.perf_counter() - started, time.process_time() - cpu
    print(f"{name:<28} {messages / seconds:>8.0f} messages/s   {busy / messages * 1e6:>6.0f} µs of CPU each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("messages", type=int, nargs="?", default=20_000)
    messages = parser.parse_args().messages
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=stub, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    print(f"{messages} messages of 1 KiB, batches of 10, {CONCURRENCY} at the same time")
    for name, drain in (("lambda-router", router_drains), ("its AWS client alone", client_drains)):
        measured(name, drain, url, messages)
    server.terminate()
    server.join()


if __name__ == "__main__":
    main()
