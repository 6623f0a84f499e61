"""Activities through the real client: what goes over the wire, and what each answer of Step Functions means."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from router.backends.aws.activities import AwsActivities
from router.batches import ActivitySource, Message
from router.errors import MessageGone, SourceError, SourceRefused
from router.fakes import FakeClock
from router.settings import Aws

ARN = "arn:aws:states:eu-west-1:111122223333:activity:resize"
ROLE = "arn:aws:iam::444455556666:role/worker"
ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
SOURCE = ActivitySource(ARN, "eu-west-1", "w-1", 2)


class Service:
    """Answers in the order of `answers` with `(status, body)`, or drops the connection for None; remembers what was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any] | None] = []
        self.asked: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.roles: list[object] = []
        self.url = ""
        self.clock = FakeClock()
        self.connections: Callable[[], list[Any]] = list

    @property
    def keys(self) -> list[str]:
        """The access keys that signed, call by call."""
        return [headers["Authorization"].partition("Credential=")[2].partition("/")[0] for headers in self.headers]

    async def handle(self, request: web.Request) -> web.Response:
        if "X-Amz-Target" not in request.headers:
            self.roles.append(dict(await request.post())["RoleArn"])
            return web.Response(text=ASSUMED, content_type="text/xml")
        self.asked.append((request.headers["X-Amz-Target"], json.loads(await request.read())))
        self.headers.append(dict(request.headers))
        answer = self.answers.pop(0) if self.answers else (200, {})
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        status, body = answer
        return web.json_response(body, status=status, content_type="application/x-amz-json-1.0")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Something that speaks Step Functions' protocol."""
    service = Service()
    app = web.Application()
    app.router.add_post("/", service.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    server = runner.server
    assert server is not None
    service.connections = lambda: server.connections
    yield service
    await runner.cleanup()


Connect = Callable[..., Awaitable[AwsActivities]]


@pytest.fixture
async def connect(
    service: Service, clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> AsyncIterator[Connect]:
    """`await connect(**fields of ActivitySource)`: a started `AwsActivities` of the service."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    opened: list[AwsActivities] = []

    async def started(source: ActivitySource = SOURCE, aws: Aws | None = None) -> AwsActivities:
        aws = aws or Aws("eu-west-1", "111122223333", endpoints={"states": service.url})
        activities = AwsActivities(aws, source, service.clock)
        opened.append(activities)
        await activities.start()
        return activities

    yield started
    for activities in opened:
        await activities.close()


async def test_the_calls(connect: Connect, service: Service) -> None:
    service.answers = [(200, {"taskToken": "t", "input": '{"a": 1}'})]
    activities = await connect()
    assert await activities.get_task() == Message("t", '{"a": 1}')
    await activities.succeed("t", '{"b": 2}')
    await activities.fail("t", "TooSmall", "because")
    await activities.heartbeat("t")
    assert service.asked == [
        ("AWSStepFunctions.GetActivityTask", {"activityArn": ARN, "workerName": "w-1"}),
        ("AWSStepFunctions.SendTaskSuccess", {"taskToken": "t", "output": '{"b": 2}'}),
        ("AWSStepFunctions.SendTaskFailure", {"taskToken": "t", "error": "TooSmall", "cause": "because"}),
        ("AWSStepFunctions.SendTaskHeartbeat", {"taskToken": "t"}),
    ]
    (signed,) = {headers["Authorization"].partition("/")[2].partition(",")[0] for headers in service.headers}
    assert signed.endswith("/eu-west-1/states/aws4_request")
    assert {headers["Content-Type"] for headers in service.headers} == {"application/x-amz-json-1.0"}


@pytest.mark.parametrize("answer", [{}, {"taskToken": None}, {"taskToken": None, "input": None}])
async def test_nothing_came(answer: Any, connect: Connect, service: Service) -> None:
    service.answers = [(200, answer)]
    assert await (await connect()).get_task() is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TaskTimedOut", MessageGone),
        ("TaskDoesNotExist", MessageGone),
        ("InvalidToken", MessageGone),
        ("InvalidOutput", SourceRefused),
        ("ActivityDoesNotExist", SourceRefused),
        ("InvalidArn", SourceRefused),
        ("AccessDeniedException", SourceRefused),
        ("ValidationException", SourceRefused),
        ("KmsAccessDeniedException", SourceRefused),
        ("KmsInvalidStateException", SourceRefused),
        ("ThrottlingException", SourceError),
        ("KmsThrottlingException", SourceError),
        ("ActivityWorkerLimitExceeded", SourceError),
        ("ExpiredTokenException", SourceError),
    ],
)
async def test_errors_by_their_code(code: str, kind: type[SourceError], connect: Connect, service: Service) -> None:
    activities = await connect()
    service.answers = [(400, {"__type": f"com.amazonaws.swf.service.v2.model#{code}", "message": "no"})]
    with pytest.raises(SourceError) as caught:
        await activities.succeed("t", "1")
    assert (type(caught.value), caught.value.code, str(caught.value)) == (kind, code, "no")
    assert len(service.asked) == 1, "botocore tries nothing again"


@pytest.mark.parametrize("answer", [(500, {"__type": "InternalFailure"}), (503, "<html>"), None])
async def test_what_breaks_is_worth_another_try_later(answer: Any, connect: Connect, service: Service) -> None:
    activities = await connect()
    service.answers = [answer, (200, {"taskToken": "t", "input": "1"})]
    with pytest.raises(SourceError) as caught:
        await activities.get_task()
    assert type(caught.value) is SourceError
    assert len(service.asked) == 1
    assert await activities.get_task() == Message("t", "1")


async def test_nobody_there(connect: Connect) -> None:
    activities = await connect(aws=Aws("eu-west-1", "1", endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(SourceError) as caught:
        await activities.get_task()
    assert caught.value.code == "EndpointConnectionError"


async def test_without_credentials_nothing_is_sent(connect: Connect, service: Service) -> None:
    activities = await connect(aws=Aws("eu-west-1", "111122223333"))
    problem = activities.not_ready()
    assert problem is not None
    assert problem.startswith("The credentials of the default chain cannot be fetched: no AWS credentials were found")
    with pytest.raises(SourceError, match="no AWS credentials were found") as caught:
        await activities.get_task()
    assert caught.value.code == "NoCredentials"
    assert service.asked == []


async def test_keys_that_are_renewed_get_a_new_client_and_the_old_one_ends(
    connect: Connect, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDFIRST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "one")
    activities = await connect()
    assert activities.not_ready() is None
    await activities.heartbeat("t")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSECOND")
    service.clock.advance(60)
    service.answers = [(400, {"__type": "ExpiredTokenException", "message": "old"})]
    with pytest.raises(SourceError, match="old"):
        await activities.heartbeat("t")
    async with asyncio.timeout(30):
        while service.keys[-1] != "AKIDSECOND":
            await activities.heartbeat("t")
        while len(service.connections()) > 1:
            await asyncio.sleep(0)
    assert service.keys[:2] == ["AKIDFIRST", "AKIDFIRST"]
    assert activities.not_ready() is None


async def test_a_role_is_assumed_for_polling(connect: Connect, service: Service) -> None:
    source = ActivitySource(ARN, "eu-west-1", "w-1", role_arn=ROLE)
    activities = await connect(source, Aws("eu-west-1", "111122223333", endpoint_url=service.url))
    assert await activities.get_task() is None
    assert (service.roles, service.keys) == ([ROLE], ["ASIAROLE"])
    assert service.headers[0]["X-Amz-Security-Token"] == "session"
