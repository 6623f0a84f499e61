"""A Lambda endpoint that answers as told and keeps every request; a world without the machine's AWS settings."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


@dataclass
class Received:
    """One request as it came. Header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes

    def signed_by(self, secret_key: str, region: str, service: str = "lambda") -> bool:
        """Whether botocore, given the same request, keys and time, makes the same Authorization header."""
        authorization = self.headers["authorization"]
        signed = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
        method, target, _ = self.line.split(" ")
        fields = {name: self.headers[name] for name in signed if name not in ("x-amz-date", "x-amz-security-token")}
        request = AWSRequest(method, f"http://{self.headers['host']}{target}", fields, self.body)
        access_key = authorization.split("Credential=")[1].split("/")[0]
        keys = Credentials(access_key, secret_key, self.headers.get("x-amz-security-token"))
        now = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        with patch("botocore.auth.get_current_datetime", return_value=now):
            SigV4Auth(keys, service, region).add_auth(request)
        return bool(request.headers["Authorization"] == authorization)


class LambdaEndpoint:
    """Answers requests with `answers` in turn, the last one again and again; None: closes the connection instead."""

    def __init__(self) -> None:
        self.port = 0
        self.url = ""
        self.requests: list[Received] = []
        self.arrived = asyncio.Queue[Received]()
        self.answers: list[bytes | asyncio.Future[bytes] | None] = [reply(200, b"null")]
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, **options: Any) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, **options)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                request = await self._read(reader)
                number = len(self.requests)
                self.requests.append(request)
                self.arrived.put_nowait(request)
                answer = self.answers[min(number, len(self.answers) - 1)]
                if answer is None:
                    break
                writer.write(answer if isinstance(answer, bytes) else await answer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _read(self, reader: asyncio.StreamReader) -> Received:
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (text.partition(": ") for text in lines if text)}
        return Received(line, headers, await reader.readexactly(int(headers["content-length"])))


def reply(status: int, body: bytes, **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Any\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def reply_with() -> object:
    return reply


@pytest.fixture
async def endpoint() -> AsyncIterator[LambdaEndpoint]:
    endpoint = LambdaEndpoint()
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


@pytest.fixture
def aws_home(clean_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that AWS's `config` and `credentials` are read from."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


@pytest.fixture
def keys_in_environment(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
