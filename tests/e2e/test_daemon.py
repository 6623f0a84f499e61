"""The daemon as its users meet it: a process, real sockets, real functions, signals."""

import json
import re
import shutil
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import boto3
import psutil
import pytest
from botocore.config import Config as BotoConfig

from tests.e2e.running import PATIENCE, Running

pytestmark = pytest.mark.usefixtures("clean_environment")

Launch = Callable[..., Running]


def get(url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def demo(root: Path) -> str:
    """The demo's text, on ports of its own and with its functions' absolute folder."""
    text = (root / "configs" / "demo.yaml").read_text()
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", text).replace("functions/demo", str(root / "configs/functions/demo"))
    return text + '\nlisteners: {main: "127.0.0.1:0"}\n'


def test_the_demo(launch: Launch, root: Path) -> None:
    running = launch(demo(root))
    url = running.url()
    running.logged("Ready.")

    status, headers, body = get(f"{url}/hello?name=you")
    assert (status, headers["content-type"], json.loads(body)["message"]) == (200, "application/json", "Hello, you!")
    status, _, body = get(f"{url}/orders", {"content-type": "application/json"}, b'{"item":"kettle"}')
    assert (status, json.loads(body)) == (201, {"item": "kettle", "id": "8"})
    assert json.loads(get(f"{url}/orders/8")[2]) == {"item": "kettle", "id": "8"}
    assert get(f"{url}/orders/99")[0] == 404

    status, headers, body = get(f"{url}/crash")
    assert (status, body) == (500, b'{"message":"Internal Server Error"}')
    assert (headers["x-router-error"], headers["x-router-invoked"]) == ("function_error", "yes")
    status, _, body = get(f"{url}/prod/crash")
    assert (status, body) == (502, b'{"message": "Internal server error"}')
    assert get(f"{url}/slow")[0] == 500
    assert get(f"{url}/slow")[0] == 500

    described = json.loads(get(f"{url}/prod/a/b%20c?x=1")[2])
    assert described == {"resource": "/{proxy+}", "path": "/a/b%20c", "parameters": {"proxy": "a/b%20c"}}
    status, headers, body = get(f"{url}/x", {"host": "page.localhost"})
    assert (status, headers["set-cookie"], body) == (200, "seen=yes; Path=/", b"<h1>/x</h1>\n")

    client = boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=BotoConfig(retries={"total_max_attempts": 1}),
    )
    answer = client.invoke(FunctionName="crash", Payload=b"{}", LogType="Tail")
    failure = json.loads(answer["Payload"].read())
    assert (answer["StatusCode"], answer["FunctionError"], failure["errorType"]) == (200, "Unhandled", "ValueError")
    client.close()

    get(f"{url}/traced", {"x-amzn-trace-id": "Root=1-6a514b28-0123456789abcdef01234567"})
    failed = running.logged("An invocation failed.", function="crash", trigger="shop")
    answered = running.logged("Answered.", path="/crash", trigger="shop")
    assert failed["request_id"] == answered["request_id"]
    assert running.logged("Answered.", path="/traced")["trace_id"] == "Root=1-6a514b28-0123456789abcdef01234567"

    status, headers, body = get(f"{url}/imports", {"content-type": "application/json"}, b'{"file":"a.csv"}')
    assert (status, headers["x-router-durability"]) == (202, "disk")
    delivery = json.loads(body)["deliveryId"]
    printed = running.logged(f'imported {{"file":"a.csv"}} as {delivery}', function="imports")
    assert printed["request_id"] == headers["x-router-delivery-id"] == delivery

    metrics = get(f"{running.admin()}/metrics")[2].decode()
    assert 'lambda_router_invocations_total{function="crash",outcome="function_error",trigger="shop"} 1.0' in metrics
    assert get(f"{running.admin()}/readyz")[0] == 200
    status_page = json.loads(get(f"{running.admin()}/status")[2])
    assert status_page["functions"]["hello"] == {
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:hello",
        "backend": "local",
    }

    assert running.end(signal.SIGTERM) == 0
    assert running.logged("Stopped.")


SLOW = """
version: 1
listeners: {{main: "127.0.0.1:0"}}
admin: {{listen: "127.0.0.1:0"}}
server: {{drain_timeout: {drain}}}
functions:
  wait:
    timeout: 60s
    local: {{runtime: python, handler: app.handler, code: code}}
triggers:
  page: {{type: function_url, invocation: sync, function: wait}}
"""
WAIT = """
import os, pathlib, time
def handler(event, context):
    here = pathlib.Path(__file__).parent
    (here / "pid").write_text(str(os.getpid()))
    (here / "entered").touch()
    while not (here / "leave").exists():
        time.sleep(0.01)
    return "left"
"""


def begin_slow(launch: Launch, folder: Path, drain: str) -> tuple[Running, str, threading.Thread, list[Any]]:
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(WAIT)
    running = launch(SLOW.format(drain=drain))
    url = running.url()
    running.logged("Ready.")
    answers: list[Any] = []

    def call() -> None:
        try:
            answers.append(get(url)[::2])
        except OSError as error:
            answers.append(type(error))

    caller = threading.Thread(target=call)
    caller.start()
    wait_for(folder / "code" / "entered")
    return running, url, caller, answers


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_sigterm_lets_requests_in_flight_finish(launch: Launch, tmp_path: Path) -> None:
    running, url, caller, answers = begin_slow(launch, tmp_path, "60s")
    admin = running.admin()
    running.process.terminate()
    running.logged("Draining.")
    running.process.terminate()  # supervisors repeat themselves: it changes nothing
    assert get(f"{admin}/readyz")[::2] == (503, b"draining\n")
    assert get(f"{admin}/healthz")[0] == 200
    with pytest.raises(OSError, match="refused"):
        get(url)
    (tmp_path / "code" / "leave").touch()
    caller.join(PATIENCE)
    assert answers == [(200, b"left")]
    assert running.wait() == 0


def test_the_drain_is_bounded_and_functions_end_with_it(launch: Launch, tmp_path: Path) -> None:
    running, _, caller, answers = begin_slow(launch, tmp_path, "100ms")
    function = psutil.Process(int((tmp_path / "code" / "pid").read_text()))
    assert running.end(signal.SIGTERM) == 0
    caller.join(PATIENCE)
    assert len(answers) == 1
    assert gone(function)


def test_functions_do_not_outlive_a_killed_daemon(launch: Launch, tmp_path: Path) -> None:
    running, _, caller, _ = begin_slow(launch, tmp_path, "1s")
    function = psutil.Process(int((tmp_path / "code" / "pid").read_text()))
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    caller.join(PATIENCE)
    assert gone(function)


def gone(process: psutil.Process) -> bool:
    try:
        process.wait(PATIENCE)
    except psutil.NoSuchProcess:
        return True
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_an_invalid_file_is_78(launch: Launch) -> None:
    running = launch("version: 1\ntriggers:\n  shop: {typ: api_gateway}\n")
    assert running.wait() == 78
    assert "router.yaml:3:" in "".join(running.text)


def test_a_variable_that_is_not_set_is_78_and_a_set_one_is_used(launch: Launch, root: Path) -> None:
    text = demo(root).replace("log: {format: json", "log: {format: '${FORM}'")
    running = launch(text)
    assert running.wait() == 78
    assert "FORM" in "".join(running.text)
    assert launch(text, FORM="json").address().startswith("127.0.0.1:")


def test_an_address_in_use_is_1(launch: Launch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = launch(f'version: 1\nlisteners: {{main: "127.0.0.1:{port}"}}\n')
        assert running.wait() == 1
    assert f"lambda-router: Cannot listen on 127.0.0.1:{port}: Address already in use." in "".join(running.text)


ARN_ONLY = """
version: 1
listeners: {main: "127.0.0.1:0"}
aws: {region: eu-west-1, endpoint_url: "http://127.0.0.1:9"}
functions:
  away: arn:aws:lambda:eu-west-1:111122223333:function:away
triggers:
  page: {type: function_url, invocation: sync, function: away}
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--local", "away"], "--local names the function 'away', which has no `local:` block."),
        (["--local", "nobody"], "--local names the function 'nobody', which the configuration does not declare."),
    ],
)
def test_a_selection_that_cannot_be_met_is_1(launch: Launch, arguments: list[str], message: str) -> None:
    running = launch(ARN_ONLY, *arguments)
    assert running.wait() == 1
    assert f"lambda-router: {message}" in "".join(running.text)


def test_local_and_no_local_exclude_each_other(launch: Launch) -> None:
    assert launch(ARN_ONLY, "--local", "--no-local").wait() == 2


def test_no_local_refuses_functions_without_an_arn(launch: Launch, root: Path) -> None:
    running = launch(demo(root), "--no-local")
    assert running.wait() == 1
    assert "these functions have no ARN and can only run locally: crash, describe, hello" in "".join(running.text)


def test_an_endpoint_that_is_not_there_is_an_answer(launch: Launch) -> None:
    running = launch(ARN_ONLY, AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    status, headers, body = get(running.url())
    assert (status, body) == (502, b"Internal Server Error")
    assert (headers["x-router-error"], headers["x-router-invoked"]) == ("transport", "no")


COUNTS = """
version: 1
listeners: {main: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
functions:
  counts: {local: {runtime: nodejs, handler: app.handler, code: code}}
triggers:
  page: {type: function_url, invocation: sync, function: counts, auth: none, invoke_mode: response_stream}
  lambda: {type: lambda_api, invocation: sync, auth: none, functions: all}
"""
COUNT = """
import fs from "node:fs/promises";
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, {statusCode: 202, headers: {"x-count": "2"}});
  stream.write("one");
  while (!(await fs.stat(new URL("./go", import.meta.url)).catch(() => null))) await new Promise((go) => setTimeout(go, 10));
  stream.write("two");
  stream.end();
});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js on this machine")
def test_a_function_streams_to_callers_of_both_kinds(launch: Launch, tmp_path: Path) -> None:
    """The first bytes are there while the function still waits."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.mjs").write_text(COUNT)
    running = launch(COUNTS)
    with urllib.request.urlopen(running.url(), timeout=PATIENCE) as answer:
        assert (answer.status, answer.headers["x-count"], answer.read(3)) == (202, "2", b"one")
        (tmp_path / "code" / "go").touch()
        assert answer.read() == b"two"
    client = boto3.client(
        "lambda",
        endpoint_url=running.url(),
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=BotoConfig(read_timeout=PATIENCE),
    )
    events = [*client.invoke_with_response_stream(FunctionName="counts", Payload=b"{}")["EventStream"]]
    sent = b"".join(event["PayloadChunk"]["Payload"] for event in events[:-1])
    assert (sent, events[-1]) == (
        b'{"statusCode":202,"headers":{"x-count":"2"}}' + bytes(8) + b"onetwo",
        {"InvokeComplete": {}},
    )
