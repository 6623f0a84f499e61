"""The daemon beside real API servers: `start` runs a process, `serve` one in this process; `ministack` plays AWS."""

import os
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.error import URLError

import boto3
import pytest

from router.config import load
from router.files import LocalFiles
from router.generation import LocalSelection
from router.runtime import Daemon
from tests.e2e.running import PATIENCE, Running

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


Start = Callable[..., Running]


@pytest.fixture
def launch(tmp_path: Path, clean_environment: None) -> Iterator[Start]:
    """`launch(yaml, *arguments, **environment)` runs the daemon on a file with this text."""
    launched: list[Running] = []

    def launch_(text: str, *arguments: str, **environment: str) -> Running:
        (tmp_path / "router.yaml").write_text(text)
        running = Running(tmp_path, "router.yaml", *arguments, environment=os.environ | environment)
        launched.append(running)
        return running

    yield launch_
    for running in launched:
        running.close()


@pytest.fixture
def start(tmp_path: Path, launch: Start) -> Start:
    """As `launch`, with credentials, until it is ready. `PRINTER` is the code folder of `app.show`, which prints its event."""
    (tmp_path / "printer").mkdir()
    (tmp_path / "printer" / "app.py").write_text("import json\n\n\ndef show(event, context):\n    print(json.dumps(event))\n")

    def start_(text: str, *options: str, **environment: str) -> Running:
        running = launch(text.replace("PRINTER", str(tmp_path / "printer")), *options, **(CREDENTIALS | environment))
        running.logged("Ready.")
        return running

    return start_


Serve = Callable[..., Awaitable[Daemon]]


@pytest.fixture
async def serve(tmp_path: Path, clean_environment: None) -> AsyncIterator[Serve]:
    """`await serve(yaml, code, **variables)`: a started daemon on a free port; `code` is the module `app` of its functions."""
    async with AsyncExitStack() as stack:

        async def started(text: str, code: str, **variables: str) -> Daemon:
            (tmp_path / "app.py").write_text(code)
            file = tmp_path / "router.yaml"
            file.write_text("version: 1\nlisteners: {main: 127.0.0.1:0}\nadmin: {listen: 127.0.0.1:0}\n" + text)
            loaded = load([str(file)], files=LocalFiles(), env={**os.environ, **variables})
            assert loaded.config is not None, loaded.problems
            daemon = Daemon(loaded.config, LocalSelection(), os.environ)
            stack.push_async_callback(daemon.close)
            await daemon.start()
            return daemon

        yield started


class MiniStack:
    """An emulator at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):
                return
        except (URLError, OSError):
            threading.Event().wait(0.05)
    raise AssertionError("ministack did not come up")


@pytest.fixture(scope="session")
def ministack(ministack_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """SNS, SQS, S3, EventBridge and Step Functions of `ministack`, on a port of its own."""
    folder = tmp_path_factory.mktemp("ministack")
    port = free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "sns,sqs,s3,events,states",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
    }
    with (folder / "log").open("wb") as log:
        command = [ministack_python, "-c", "from ministack.app import main; main()"]
        process = subprocess.Popen(command, cwd=folder, env=os.environ | settings, stdout=log, stderr=log)
        try:
            url = f"http://localhost:{port}"
            wait_until_healthy(url, process)
            yield MiniStack(url)
        finally:
            process.terminate()
            process.wait(PATIENCE)
