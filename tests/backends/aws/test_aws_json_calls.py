"""Calls past botocore: signed as it signs, errors as it reads them, and it makes the calls where they need a proxy."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import trustme
from aiobotocore.client import AioBaseClient
from botocore.parsers import create_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from router.backends.aws.json_calls import answer, refusal
from router.backends.aws.queues import AwsQueue
from router.batches import QueueSource
from router.errors import SourceError
from router.fakes import FakeClock
from router.net.response import Response
from router.settings import Aws

URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
RECEIVE = botocore.session.Session().get_service_model("sqs").operation_model("ReceiveMessage").output_shape

names = st.sampled_from(["QueueDoesNotExist", "com.amazonaws.sqs#OverLimit", "AccessDenied:http://x", "a#b:c#d", "aws#X:y", ""])
queried = st.sampled_from([None, "AWS.SimpleQueueService.NonExistentQueue;Sender", "OverLimit;", "no separator"])
said = st.fixed_dictionaries(
    {}, optional={"__type": names, "message": st.text(max_size=9), "Message": st.text(max_size=9), "more": st.integers()}
)
bodies = st.one_of(
    said.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"<html>Service Unavailable</html>", b" \n<html>", b"not json", b"{"]),
)


@settings(deadline=None)
@given(st.sampled_from([301, 400, 403, 404, 413, 500, 502, 503, 599]), bodies, queried)
def test_errors_are_read_as_botocore_reads_them(status: int, body: bytes, query_error: str | None) -> None:
    headers = {} if query_error is None else {"x-amzn-query-error": query_error}
    found = refusal(Response(status, [(name.encode(), value.encode()) for name, value in headers.items()], body))
    parsed = create_parser("json").parse({"status_code": status, "headers": headers, "body": body}, RECEIVE)
    assert (found.code, str(found)) == (parsed["Error"]["Code"], parsed["Error"]["Message"])


def test_an_error_that_is_no_text_is_still_one() -> None:
    found = refusal(Response(400, [], b"\xff"))
    assert (found.code, str(found)) == ("400", "\ufffd")


@pytest.mark.parametrize("body", [b"[]", b"null", b"{", b'"Messages"'])
def test_what_is_no_object_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        answer(body)


def test_nothing_is_an_empty_answer() -> None:
    assert answer(b"") == {}


Connect = Callable[[str], Any]


@pytest.fixture
async def connect(keys_in_environment: None) -> AsyncIterator[Connect]:
    """`await connect(url)`: a started queue behind this endpoint."""
    opened: list[AwsQueue] = []

    async def started(url: str) -> AwsQueue:
        source = QueueSource(URL, "eu-west-1", 30.0)
        opened.append(AwsQueue(Aws("eu-west-1", "111122223333", endpoints={"sqs": url}), source, FakeClock()))
        await opened[-1].start()
        return opened[-1]

    yield started
    for queue in opened:
        await queue.close()


async def test_a_call_is_signed_as_botocore_signs_it(endpoint: Any, reply_with: Any, connect: Connect) -> None:
    endpoint.answers = [reply_with(200, b'{"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"\xc3\xa9"}]}')]
    queue = await connect(f"{endpoint.url}/behind/it")
    [message] = await queue.receive(10, 20.0, 7.0)
    assert (message.id, message.handle, message.body) == ("m", "r", "é")
    [request] = endpoint.requests
    assert request.line == "POST /behind/it/ HTTP/1.1"
    assert (request.headers["x-amz-target"], request.headers["content-type"]) == (
        "AmazonSQS.ReceiveMessage",
        "application/x-amz-json-1.0",
    )
    assert request.signed_by("secret", "eu-west-1", "sqs")
    assert json.loads(request.body)["VisibilityTimeout"] == 7


@pytest.mark.parametrize("answered", [b"[]", b"<html>", b"{"])
async def test_an_answer_that_is_none_is_an_error_of_the_source(
    answered: bytes, endpoint: Any, reply_with: Any, connect: Connect
) -> None:
    endpoint.answers = [reply_with(200, answered)]
    with pytest.raises(SourceError):
        await (await connect(endpoint.url)).delete(["h"])
    assert len(endpoint.requests) == 1


async def test_a_connection_that_breaks_is_an_error_of_the_source(endpoint: Any, connect: Connect) -> None:
    endpoint.answers = [None]
    with pytest.raises(SourceError) as caught:
        await (await connect(endpoint.url)).receive(1, 0.0, None)
    assert caught.value.code == "ConnectionLost"
    assert len(endpoint.requests) == 1, "nothing is asked twice: messages may be hidden by now"


async def test_a_poll_that_is_cancelled_is_broken_off(endpoint: Any, connect: Connect) -> None:
    endpoint.answers = [asyncio.get_running_loop().create_future()]
    queue = await connect(endpoint.url)
    poll = asyncio.ensure_future(queue.receive(10, 20.0, None))
    await endpoint.arrived.get()
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    connection = queue._client._connection
    assert connection is not None
    async with asyncio.timeout(5):
        while connection.json_calls._pool.status()["connections"]:
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("breaks_off", "error"), [(False, SourceError), (True, asyncio.CancelledError)], ids=["no bundle", "cancelled"]
)
async def test_a_connection_that_is_not_made_leaves_no_client(
    breaks_off: bool, error: type[BaseException], connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_clients: list[object] = []
    enter, leave = AioBaseClient.__aenter__, AioBaseClient.__aexit__

    async def entered(client: Any) -> Any:
        open_clients.append(client)
        if breaks_off:
            calling.cancel()
        return await enter(client)

    async def left(client: Any, *raised: Any) -> None:
        open_clients.remove(client)
        await leave(client, *raised)

    monkeypatch.setattr(AioBaseClient, "__aenter__", entered)
    monkeypatch.setattr(AioBaseClient, "__aexit__", left)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
    calling = asyncio.ensure_future((await connect("https://localhost:1")).receive(1, 0.0, None))
    with pytest.raises(error):
        await calling
    assert open_clients == []


@pytest.mark.parametrize(
    "others", [{"NO_PROXY": "x.test"}, {"HTTPS_PROXY": "http://127.0.0.1:1"}, {"ALL_PROXY": "http://127.0.0.1:1"}]
)
async def test_a_proxy_for_something_else_changes_nothing(
    others: dict[str, str], endpoint: Any, reply_with: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in others.items():
        monkeypatch.setenv(name, value)
    endpoint.answers = [reply_with(200, b"{}")]
    assert await (await connect(endpoint.url)).delete(["h"]) == []
    assert endpoint.requests[0].headers["user-agent"].startswith("lambda-router/")


async def test_through_a_proxy_botocore_calls(
    endpoint: Any, reply_with: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "router.backends.aws.client")
    monkeypatch.setenv("HTTP_PROXY", endpoint.url)
    endpoint.answers = [reply_with(200, b'{"Failed":[{"Id":"0","Code":"x","SenderFault":true}]}')]
    queue = await connect("http://queues.example.com")
    assert await queue.delete(["h"]) == ["h"]
    [request] = endpoint.requests
    assert request.line.startswith("POST http://queues.example.com/")
    assert "aiobotocore" in request.headers["user-agent"]
    assert [record.message for record in caplog.records if record.name == "router.backends.aws.client"] == [
        "The way leads through a proxy: botocore makes all calls, which takes more of the processor."
    ]


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
async def test_the_endpoint_is_verified_with_the_ca_bundle(
    name: str, endpoint: Any, reply_with: Any, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    await endpoint.stop()
    await endpoint.start(ssl=context)
    endpoint.answers = [reply_with(200, b"{}")]
    url = f"https://localhost:{endpoint.port}"
    with pytest.raises(SourceError, match="CERTIFICATE_VERIFY_FAILED"):
        await (await connect(url)).receive(1, 0.0, None)
    monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    assert await (await connect(url)).receive(1, 0.0, None) == []
