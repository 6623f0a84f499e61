"""The daemon as a process, beside real API servers: `start` runs it on a file, `ministack` plays AWS without Docker."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError

import boto3
import pytest

PATIENCE = 60
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


class Running:
    """A daemon process and what it logs."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
        self.lines: list[dict[str, Any]] = []
        self.text: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._more:
                self.text.append(line)
                if line.startswith("{"):
                    self.lines.append(json.loads(line))
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    def find(self, fits: Callable[[dict[str, Any]], bool], count: int = 1) -> list[dict[str, Any]]:
        """The first `count` log lines that fit; waits for them."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines if fits(line)][:count]

        with self._more:
            self._more.wait_for(lambda: len(found()) == count or self.process.poll() is not None, PATIENCE)
            lines = found()
        assert len(lines) == count, f"not logged:\n{''.join(self.text)}"
        return lines

    def logged(self, message: str, **fields: Any) -> dict[str, Any]:
        """The first log line with this message and these fields; waits for it."""
        return self.find(lambda line: line["message"] == message and fields.items() <= line.items())[0]

    def printed(self, function: str, count: int) -> list[Any]:
        """The first JSON lines that a function printed; waits for them."""
        lines = self.find(lambda line: line.get("function") == function and line["message"].startswith("{"), count)
        return [json.loads(line["message"]) for line in lines]

    def address(self) -> str:
        return str(self.logged("Listening.", listener="main")["address"])

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stderr is not None
        self.process.stderr.close()


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, clean_environment: None) -> Iterator[Start]:
    """Run the daemon on a file with this text; `PRINTER` in it is the code folder of `app.show`, which prints its event."""
    started: list[Running] = []
    (tmp_path / "printer").mkdir()
    (tmp_path / "printer" / "app.py").write_text("import json\n\n\ndef show(event, context):\n    print(json.dumps(event))\n")

    def start_(text: str, *options: str, **environment: str) -> Running:
        (tmp_path / "router.yaml").write_text(text.replace("PRINTER", str(tmp_path / "printer")))
        command = [sys.executable, "-m", "router", "run", "router.yaml", *options]
        running = Running(command, tmp_path, os.environ | CREDENTIALS | environment)
        started.append(running)
        running.logged("Ready.")
        return running

    yield start_
    for running in started:
        running.end()


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
    """SNS, SQS, S3 and EventBridge of `ministack`, on a port of its own."""
    folder = tmp_path_factory.mktemp("ministack")
    port = free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "sns,sqs,s3,events",
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
