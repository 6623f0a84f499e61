"""AWS as moto's server plays it, and endpoints that are down, refuse, or say nothing."""

import asyncio
import io
import json
import logging
import re
import urllib.request
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from router.config import load
from router.doctor.findings import Result, Status
from router.doctor.visit import visit
from router.files import LocalFiles
from router.generation import LocalSelection

REGION, ACCOUNT = "eu-west-1", "123456789012"

Findings = dict[tuple[str, str], list[tuple[Status, str]]]
Doctor = Callable[..., Awaitable[list[Result]]]


class Aws:
    """moto's server. `client(service)`: of the test's own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def function(self, name: str, **settings: Any) -> str:
        """Make a function; its ARN. `settings`: of CreateFunction."""
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handler(event, context):\n    return event\n")
        role = f"arn:aws:iam::{ACCOUNT}:role/function"
        made = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
            **{"Timeout": 3, **settings},
        )
        return str(made["FunctionArn"])

    def queue(self, name: str, **attributes: str) -> str:
        """Make a queue; its ARN."""
        self.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto: str, clean_environment: None) -> Aws:
    """Empty but for the role of functions."""
    for path, settings in (("reset", {}), ("config", {"lambda": {"use_docker": False}})):
        request = urllib.request.Request(f"{moto}/moto-api/{path}", json.dumps(settings).encode(), method="POST")
        urllib.request.urlopen(request).close()
    aws = Aws(moto)
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=trust)
    return aws


@pytest.fixture
def doctor(tmp_path: Path, clean_environment: None) -> Doctor:
    """`await doctor(text, endpoint)`: the results for a configuration whose calls go to that endpoint."""

    async def look(text: str, endpoint: str | None = None, **options: Any) -> list[Result]:
        file = tmp_path / "router.yaml"
        url = f", endpoint_url: '{endpoint}'" if endpoint else ""
        file.write_text(f"version: 1\nlisteners: {{main: '127.0.0.1:0'}}\naws: {{region: {REGION}{url}}}\n{text}")
        loaded = load([str(file)], files=LocalFiles(), env={})
        assert loaded.config is not None, loaded.problems
        assert loaded.written is not None
        return await visit(loaded.config, LocalSelection(), loaded.written.place, 10, **options)

    return look


def found(results: list[Result], *checks: str) -> Findings:
    """What was found, by check and subject; of these checks, or all."""
    by_subject: Findings = {}
    for result in results:
        if not checks or result.check in checks:
            key = (result.check, result.subject)
            by_subject.setdefault(key, []).append((result.finding.status, result.finding.message))
    return by_subject


@pytest.fixture
def findings() -> Callable[..., Findings]:
    """`findings(results, *checks)`."""
    return found


class Silent:
    """An endpoint that takes requests and says nothing. `pause`: a clock on which time passes once it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def pause(self, seconds: float) -> None:
        await self.asked.wait()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if await reader.read(1):
            self.asked.set()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)
        await self._server.wait_closed()


@pytest.fixture
async def silent() -> AsyncIterator[Silent]:
    server = Silent()
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def forbidding() -> AsyncIterator[str]:
    """An endpoint where nothing is allowed but to ask who one is."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            writer.write(_identity() if b"GetCallerIdentity" in body else _denial())
            await writer.drain()
        writer.close()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


def _identity() -> bytes:
    text = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{ACCOUNT}:user/nobody</Arn><UserId>U</UserId><Account>{ACCOUNT}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    return _response("200 OK", "text/xml", text, "")


def _denial() -> bytes:
    error = "AccessDeniedException"
    text = json.dumps({"__type": error, "message": "not allowed"})
    return _response("403 Forbidden", "application/json", text, f"x-amzn-errortype: {error}\r\n")


def _response(status: str, kind: str, text: str, headers: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{headers}Content-Length: {len(text)}\r\n\r\n"
    return (head + text).encode()
