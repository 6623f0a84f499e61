"""The trace header goes with every call to AWS for an event: what tells SNS which trace a notification belongs to."""

import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from router.backends.aws.destinations import AwsDestinations
from router.deliveries import Letter
from router.fakes import FakeClock
from router.functions import DestinationAddress
from router.settings import Aws

pytestmark = pytest.mark.usefixtures("clean_environment")

TOPIC = DestinationAddress("sns", "arn:aws:sns:eu-west-1:123456789012:failures")
BUCKET = DestinationAddress("s3", "arn:aws:s3:::records")
ANSWER = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>'
    "</PublishResult></PublishResponse>"
)


class Recorder:
    """A service that takes everything; `traces` are the headers that came."""

    def __init__(self) -> None:
        self.traces: list[str | None] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        await request.read()
        self.traces.append(request.headers.get("X-Amzn-Trace-Id"))
        return web.Response(text=ANSWER, content_type="text/xml")


@pytest.fixture
async def recorder(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Recorder]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    service = Recorder()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


async def test_every_call_for_a_letter_carries_its_trace(recorder: Recorder) -> None:
    destinations = AwsDestinations(Aws("eu-west-1", "123456789012", endpoint_url=recorder.url), FakeClock(time.time()))
    trace = "Root=1-6a514b28-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:fe460cdd:0"
    await destinations.send(TOPIC, Letter(b"{}", trace))
    await destinations.send(BUCKET, Letter(b"{}", trace, key="k"))
    await destinations.send(TOPIC, Letter(b"{}", "a\r\nb: c"))
    await destinations.send(TOPIC, Letter(b"{}"))
    await destinations.close()
    assert recorder.traces == [trace, trace, None, None]
