"""Several processes as one daemon: killed one by one under load, and nothing that was acknowledged is lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import psutil
import pytest

from tests.e2e.running import PATIENCE

CONFIG = """
version: 1
server: {workers: 2, drain_timeout: 10s}
listeners: {main: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
journal: {url: "sqlite:journal"}
functions:
  show: {local: {runtime: python, code: PRINTER, handler: app.show}}
triggers:
  shop:
    type: api_gateway
    api: http
    invocation: sync
    routes:
      GET /now: show
      POST /later: {function: show, invocation: async}
"""

Start = Callable[..., Any]


class Several:
    """A daemon of several processes."""

    def __init__(self, running: Any) -> None:
        self.running = running
        self.up = running.logged("Every process is up.")
        self.url = running.url()
        self.admin = running.admin()

    def call(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{self.url}{path}", body), timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()

    def answers(self, path: str) -> int:
        """The status of an answer; 0 where none comes."""
        try:
            return self.call(path)[0]
        except (URLError, OSError):
            return 0

    def page(self, path: str) -> str:
        """A page of the admin listener; waits for one that is starting anew."""
        admins = [line["address"] for line in self.running.lines if line["message"] == "The admin listener is up."]
        with urllib.request.urlopen(f"http://{admins[-1]}{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def requests(self, status: int) -> float:
        start = f'lambda_router_requests_total{{status="{status}"'
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.page("/metrics").splitlines() if line.startswith(start))


@pytest.fixture
def several(start: Start) -> Several:
    return Several(start(CONFIG))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_both_doors_serve_and_are_seen_as_one(several: Several) -> None:
    assert {several.call("/now")[0] for _ in range(40)} == {200}
    assert several.requests(200) == 40
    status = json.loads(several.page("/status"))
    assert [door["not_ready"] for door in status["doors"]] == [None, None]
    assert {door["pid"] for door in status["doors"]} == set(several.up["doors"])
    assert {door["listeners"]["main"] for door in status["doors"]} == {several.running.address()}
    assert several.page("/readyz") == "ready\n"


def test_a_door_that_dies_is_replaced_and_its_figures_stay(several: Several) -> None:
    assert {several.call("/now")[0] for _ in range(20)} == {200}
    assert several.requests(200) == 20
    doors = [door["pid"] for door in json.loads(several.page("/status"))["doors"]]
    os.kill(doors[0], signal.SIGKILL)
    several.running.logged("A process of the daemon is up again.")
    assert {several.call("/now")[0] for _ in range(20)} == {200}
    assert several.requests(200) == 40


def test_figures_of_a_door_that_died_outlive_the_engine(several: Several) -> None:
    assert {several.call("/now")[0] for _ in range(20)} == {200}
    assert several.requests(200) == 20
    os.kill(several.up["doors"][0], signal.SIGKILL)
    several.running.logged("A process of the daemon is up again.", role="door 1")
    os.kill(several.up["engine"], signal.SIGKILL)
    several.running.logged("A process of the daemon is up again.", role="engine")
    wait_for(lambda: several.answers("/now") == 200)
    assert several.page("/readyz") == "ready\n"
    wait_for(lambda: len(json.loads(several.page("/status"))["doors"]) == 2)
    assert several.requests(200) >= 21


def test_a_door_that_does_not_answer_is_not_waited_for_long(several: Several) -> None:
    """What it told last stands; probes and figures come all the same."""
    assert several.call("/now")[0] == 200
    assert several.requests(200) == 1
    for door in several.up["doors"]:
        os.kill(door, signal.SIGSTOP)
    try:
        assert several.page("/readyz") == "ready\n"
        assert several.requests(200) == 1
    finally:
        for door in several.up["doors"]:
            os.kill(door, signal.SIGCONT)


def test_nothing_that_was_acknowledged_is_lost_when_the_engine_dies(several: Several) -> None:
    accepted: list[str] = []
    refused: list[int] = []
    stop = threading.Event()

    def send(sender: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                status, body = several.call("/later", json.dumps({"sender": sender, "number": number}).encode())
            except (URLError, OSError):
                continue
            if status == 202:
                accepted.append(json.loads(body)["deliveryId"])
            else:
                refused.append(status)

    senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for sender in senders:
        sender.start()
    for round_number in range(3):
        enough = 40 * (round_number + 1)
        wait_for(lambda enough=enough: len(accepted) >= enough)  # type: ignore[misc]
        os.kill(_engine(several), signal.SIGKILL)
        several.running.find(
            lambda line: line["message"] == "A process of the daemon is up again." and line["role"] == "engine",
            round_number + 1,
        )
    stop.set()
    for sender in senders:
        sender.join(PATIENCE)
    assert set(refused) <= {503}
    wanted = set(accepted)
    wait_for(lambda: wanted <= _delivered(several))


def _engine(several: Several) -> int:
    ups = [line for line in several.running.lines if line["message"] == "A process of the daemon is up again."]
    return int(ups[-1]["started_pid"]) if ups else int(several.up["engine"])


def _delivered(several: Several) -> set[str]:
    return {
        str(line["request_id"])
        for line in list(several.running.lines)
        if line.get("function") == "show" and line["message"].startswith("{")
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_drains_when_it_is_told_to_end(several: Several, number: signal.Signals) -> None:
    children = psutil.Process(several.running.process.pid).children(recursive=True)
    assert several.call("/later", b"{}")[0] == 202
    several.running.process.send_signal(number)
    assert several.running.process.wait(PATIENCE) == 0
    assert psutil.wait_procs(children, timeout=PATIENCE)[1] == []


def test_without_its_supervisor_every_process_ends_and_leaves_nothing_behind(start: Start, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    several = Several(start(CONFIG, TMPDIR=str(tmp_path / "t")))
    children = psutil.Process(several.running.process.pid).children(recursive=True)
    assert list((tmp_path / "t").glob("lambda-router-*/engine"))
    several.running.process.kill()
    assert psutil.wait_procs(children, timeout=PATIENCE)[1] == []
    assert list((tmp_path / "t").glob("lambda-router-*/engine")) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_it_runs_where_its_standard_streams_are_closed(tmp_path: Path, workers: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = CONFIG.replace('main: "127.0.0.1:0"', f'main: "127.0.0.1:{port}"').replace("workers: 2", f"workers: {workers}")
    (tmp_path / "app.py").write_text("def show(event, context): return 'shown'\n")
    (tmp_path / "router.yaml").write_text(text.replace("PRINTER", str(tmp_path)))
    command = 'exec "$0" -m router run router.yaml <&- >&- 2>&-'
    process = subprocess.Popen(["sh", "-c", command, sys.executable], cwd=tmp_path)
    try:
        wait_for(lambda: process.poll() is not None or _shows(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait(PATIENCE)


def _shows(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/now", timeout=PATIENCE) as answer:
            return bool(answer.read() == b"shown")
    except OSError:
        return False


def test_an_address_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = CONFIG.replace('main: "127.0.0.1:0"', f'main: "127.0.0.1:{port}"').replace("PRINTER", str(tmp_path))
        (tmp_path / "app.py").write_text("def show(event, context): ...\n")
        (tmp_path / "router.yaml").write_text(text)
        command = [sys.executable, "-m", "router", "run", "router.yaml"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in done.stderr


def test_a_door_that_cannot_start_stops_the_start(tmp_path: Path) -> None:
    text = CONFIG.replace('main: "127.0.0.1:0"', 'main: {address: "127.0.0.1:0", tls: {certificate: no.pem, key: no.pem}}')
    (tmp_path / "app.py").write_text("def show(event, context): ...\n")
    (tmp_path / "router.yaml").write_text(text.replace("PRINTER", str(tmp_path)))
    command = [sys.executable, "-m", "router", "run", "router.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert "Cannot load the certificate" in done.stderr
