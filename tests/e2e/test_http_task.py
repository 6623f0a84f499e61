"""An HTTP Task as Step Functions sends it, byte by byte, answered by a real daemon with a real function."""

import asyncio
import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow

CODE = """
def resize(event, context):
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    if isinstance(event, dict) and "exit" in event:
        raise SystemExit(3)
    return {"got": event}
"""
SETTINGS = """
functions:
  resize: {local: {runtime: python, handler: app.resize, code: .}}
triggers:
  task:
    type: step_functions
    invocation: sync
    path: /tasks/resize
    auth: {api_key: {header: x-api-key, value: "${TASK_KEY}"}}
    function: resize
"""
HEAD = (
    "{method} /tasks/resize{query} HTTP/1.1\r\n"
    "Host: tasks.example.com\r\n"
    "x-api-key: {key}\r\n"
    "Content-Type: {type}\r\n"
    "Range: bytes=0-262144\r\n"
    "User-Agent: Amazon|StepFunctions|HttpInvoke|eu-west-1\r\n"
)
JSON_TYPE, FORM_TYPE = "application/json; charset=UTF-8", "application/x-www-form-urlencoded; charset=UTF-8"


@pytest.fixture
async def ask(serve: Any) -> Any:
    """`await ask(body, …)`: the status, the headers and the body of the answer to what goes over the wire."""
    daemon = await serve(SETTINGS, CODE, TASK_KEY="secret")
    address = daemon.addresses["main"]

    async def asked(
        body: bytes, *, method: str = "POST", query: str = "", key: str = "secret", type: str = JSON_TYPE, chunked: bool = False
    ) -> tuple[int, dict[str, str], bytes]:
        head = HEAD.format(method=method, query=query, key=key, type=type)
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
        sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(f"{head}{framing}\r\nConnection: close\r\n\r\n".encode() + sent)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        top, _, payload = answer.partition(b"\r\n\r\n")
        line, *fields = top.decode().split("\r\n")
        return int(line.split()[1]), {k.lower(): v for k, v in (field.split(": ", 1) for field in fields)}, payload

    return asked


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_task_with_json(chunked: bool, ask: Any) -> None:
    status, headers, body = await ask(b'{"width": 640, "name": "\xc3\x86r\xc3\xb8"}', query="?q=1", chunked=chunked)
    assert (status, json.loads(body)) == (200, {"got": {"width": 640, "name": "Ærø"}})
    assert headers["content-type"] == "application/json"
    assert "x-router-error" not in headers


async def test_a_task_with_a_form_and_one_without_a_body(ask: Any) -> None:
    assert json.loads((await ask(b"a%5B0%5D=x&a%5B1%5D=y&n=1", type=FORM_TYPE))[2]) == {"got": {"a": ["x", "y"], "n": "1"}}
    assert json.loads((await ask(b"", method="GET", query="?n=1"))[2]) == {"got": {"n": "1"}}
    status, headers, body = await ask(b"", method="HEAD")
    assert (status, body, headers["content-type"]) == (200, b"", "application/json")


async def test_what_a_state_machine_catches(ask: Any) -> None:
    status, headers, body = await ask(b'{"fail": "too small"}')
    told = json.loads(body)
    assert (status, told["Error"], json.loads(told["Cause"])["errorMessage"]) == (500, "ValueError", "too small")
    assert (headers["x-router-error"], headers["x-router-invoked"]) == ("function_error", "yes")
    status, _, body = await ask(b'{"exit": true}')
    assert (status, json.loads(body)["Error"]) == (500, "Runtime.ExitError")
    status, headers, body = await ask(b"{}", key="wrong")
    assert (status, json.loads(body)["Error"], headers["x-router-invoked"]) == (401, "Router.AccessDenied", "no")
    status, _, body = await ask(b'"' + b"x" * 262_144 + b'"')
    assert (status, json.loads(body)["Error"]) == (413, "States.DataLimitExceeded")
