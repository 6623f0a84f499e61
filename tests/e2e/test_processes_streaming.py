"""Answers that a local function streams in the engine, and a door passes on: piece by piece, at the caller's pace."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.running import PATIENCE, Running

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js on this machine")

CONFIG = """
version: 1
server: {workers: 2, drain_timeout: 10s}
listeners: {main: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
functions:
  pour: {timeout: 60s, local: {runtime: nodejs, code: CODE, handler: pour.handler, memory: 1GiB}}
triggers:
  page: {type: function_url, invocation: sync, auth: none, function: pour, invoke_mode: response_stream}
"""
POUR = """
import fs from "node:fs";

const sleep = () => new Promise((resolve) => setTimeout(resolve, 5));
const drained = (stream) => new Promise((resolve) => stream.once("drain", resolve));

// Writes "first", then a mebibyte `megabytes` times, counting them in `count`; waits for `gate`; writes "last", and `done`.
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const { gate, megabytes, count, done, failing } = event.queryStringParameters;
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "content-type": "text/plain" } });
  stream.write("first");
  for (let written = 0; written < Number(megabytes ?? 0); written++) {
    fs.appendFileSync(count, "x");
    if (!stream.write(Buffer.alloc(1024 * 1024, "m"))) await drained(stream);
  }
  while (gate && !fs.existsSync(gate)) await sleep();
  if (failing) throw new Error("no luck");
  stream.write("last");
  stream.end();
  if (done) fs.writeFileSync(done, "");
});
"""

Launch = Callable[..., Running]


@pytest.fixture
def daemon(launch: Launch, tmp_path: Path) -> Running:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "pour.mjs").write_text(POUR)
    running = launch(CONFIG.replace("CODE", str(tmp_path / "code")))
    running.logged("Every process is up.")
    return running


def ask(daemon: Running, **parameters: object) -> tuple[HTTPConnection, HTTPResponse]:
    """An answer that has begun."""
    host, port = daemon.address().split(":")
    connection = HTTPConnection(host, int(port), timeout=PATIENCE)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    connection.request("GET", f"/?{query}")
    answer = connection.getresponse()
    assert (answer.status, answer.read(5)) == (201, b"first")
    return connection, answer


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_the_first_piece_comes_before_the_function_ends(daemon: Running, tmp_path: Path) -> None:
    connection, answer = ask(daemon, gate=tmp_path / "gate")
    (tmp_path / "gate").touch()
    assert answer.read() == b"last"
    connection.close()


def test_a_caller_that_does_not_read_holds_the_function_up_and_costs_no_memory(daemon: Running, tmp_path: Path) -> None:
    up = daemon.logged("Every process is up.")
    processes = [psutil.Process(pid) for pid in (up["engine"], *up["doors"])]
    before = sum(process.memory_info().rss for process in processes)
    connection, answer = ask(daemon, megabytes=64, count=tmp_path / "count", done=tmp_path / "done")
    written = [-1, 0]
    while written[-1] != written[-2]:  # until it is held up
        threading.Event().wait(0.5)
        written.append((tmp_path / "count").stat().st_size)
    assert written[-1] < 32
    assert sum(process.memory_info().rss for process in processes) - before < 32 * 1024 * 1024
    assert len(answer.read()) == 64 * 1024 * 1024 + len(b"last")
    wait_for((tmp_path / "done").exists)
    connection.close()


def test_a_caller_that_leaves_lets_the_function_run_to_its_end(daemon: Running, tmp_path: Path) -> None:
    connection, _ = ask(daemon, megabytes=64, count=tmp_path / "count", done=tmp_path / "done")
    connection.sock.close()
    connection.close()
    wait_for((tmp_path / "done").exists)
    assert (tmp_path / "count").stat().st_size == 64
    wait_for(lambda: status(daemon)["running"] == 0)
    assert status(daemon)["environments"] == 1


def test_a_function_that_fails_in_mid_stream_breaks_the_answer_off(daemon: Running, tmp_path: Path) -> None:
    connection, answer = ask(daemon, gate=tmp_path / "gate", failing=1)
    (tmp_path / "gate").touch()
    with pytest.raises((HTTPException, OSError)):
        answer.read()
    connection.close()
    assert daemon.logged("An invocation failed.")["outcome"] == "function_error"


def test_an_engine_that_dies_in_mid_stream_breaks_the_answer_off(daemon: Running, tmp_path: Path) -> None:
    connection, answer = ask(daemon, gate=tmp_path / "gate")
    psutil.Process(daemon.logged("Every process is up.")["engine"]).kill()
    with pytest.raises((HTTPException, OSError)):
        answer.read()
    connection.close()
    assert daemon.logged("An invocation failed.")["outcome"] == "transport"


def status(daemon: Running) -> dict[str, Any]:
    host, port = daemon.admin().removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=PATIENCE)
    connection.request("GET", "/status")
    state: dict[str, Any] = json.loads(connection.getresponse().read())["backends"]["local"]["pour"]
    connection.close()
    return state
