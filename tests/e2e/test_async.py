"""Accepted events in the whole daemon: killed and restarted, retried and told about, drained; and the Invoke API's `Event`."""

import json
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.slow

WORK = '''
import json, pathlib, time

HERE = pathlib.Path(__file__).parent


def work(event, context):
    """Says what it got, then hangs while there is a file `hold`, and fails where it is told to."""
    body = event.get("body", event.get("n"))
    print(json.dumps({"id": context.aws_request_id, "body": body}), flush=True)
    while (HERE / "hold").exists():
        time.sleep(0.02)
    if body == "fail":
        raise ValueError("boom")
    return {"done": body}
'''
TEXT = """
version: 1
listeners: {main: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
server: {drain_timeout: 1s}
aws: {region: us-east-1, account_id: 123456789012, endpoint_url: EMULATOR}
functions:
  work:
    max_concurrency: 1
    timeout: 60s
    local: {runtime: python, handler: work.work, code: .}
    async: {on_failure: sqs:failed, dead_letter: sqs:dlq}
triggers:
  jobs: {type: api_gateway, api: http, invocation: async, auth: none, routes: {POST /jobs: work}}
  api: {type: lambda_api, invocation: [sync, async], functions: all, auth: none}
"""


@pytest.fixture
def run(start: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Run the daemon; the journal is the same each time."""
    (tmp_path / "work.py").write_text(WORK)
    return lambda *options, emulator="http://127.0.0.1:9": start(TEXT.replace("EMULATOR", emulator), *options)


@pytest.fixture
def hold(tmp_path: Path) -> Path:
    """While it exists, functions hang."""
    return tmp_path / "hold"


def post(running: Any, body: str, **headers: str) -> str:
    """Post a job; the delivery's id."""
    request = urllib.request.Request(f"{running.url()}/jobs", body.encode(), {"Content-Type": "text/plain", **headers})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202
        told: str = json.load(answer)["deliveryId"]
        assert (answer.headers["x-router-delivery-id"], answer.headers["x-router-durability"]) == (told, "disk")
    return told


def settled(running: Any, count: int) -> None:
    """Wait until so many deliveries are done."""
    line = f'lambda_router_async_events_settled_total{{fate="done",function="work",trigger="jobs"}} {count}.0'
    address = running.logged("The admin listener is up.")["address"]
    for _ in range(3000):
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
            if line in answer.read().decode():
                return
    raise AssertionError(f"{line} is not said")


def runs(running: Any, count: int) -> list[tuple[str, str]]:
    return [(one["id"], one["body"]) for one in running.printed("work", count)]


def test_what_was_pending_at_a_kill_runs_after_the_restart_and_nothing_else(run: Any, hold: Path) -> None:
    first = run()
    done = [(post(first, str(number)), str(number)) for number in range(3)]
    assert sorted(runs(first, 3)) == sorted(done)
    settled(first, 3)
    hold.touch()
    pending = [(post(first, str(number)), str(number)) for number in range(3, 8)]
    assert runs(first, 4)[3:] == pending[:1]
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(60)
    hold.unlink()

    second = run()
    assert sorted(runs(second, 5)) == sorted(pending)
    settled(second, 5)
    last = post(second, "last")
    assert runs(second, 6)[5] == (last, "last")


def test_what_does_not_end_within_the_drain_stays_in_the_journal(run: Any, hold: Path) -> None:
    hold.touch()
    first = run()
    pending = [(post(first, str(number)), str(number)) for number in range(2)]
    assert runs(first, 1) == pending[:1]
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(60) == 0
    hold.unlink()
    second = run()
    assert sorted(runs(second, 2)) == sorted(pending)


def test_a_known_idempotency_key_is_one_delivery_also_after_a_restart(run: Any) -> None:
    first = run()
    ids = [post(first, "once", **{"Idempotency-Key": "order-7"}) for _ in range(2)]
    settled(first, 1)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(60)
    second = run()
    ids.append(post(second, "once", **{"Idempotency-Key": "order-7"}))
    assert len(set(ids)) == 1
    other = post(second, "other")
    assert runs(second, 1) == [(other, "other")]


def test_the_invoke_api_takes_events(run: Any) -> None:
    running = run()
    client = boto3.client(
        "lambda",
        endpoint_url=running.url(),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    answer = client.invoke(FunctionName="work", InvocationType="Event", Payload=b'{"n": "an event"}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert runs(running, 1) == [(answer["ResponseMetadata"]["RequestId"], "an event")]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


def test_a_failing_function_is_retried_and_told_about(run: Any, moto: str) -> None:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=moto, **keys)
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("failed", "dlq")}
    running = run("--time-scale", "600", emulator=moto)
    delivery = post(running, "fail")
    assert runs(running, 3) == [(delivery, "fail")] * 3
    found = {name: _received(sqs, url) for name, url in urls.items()}
    record = json.loads(found["failed"]["Body"])
    assert record["requestContext"] == {
        "requestId": delivery,
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:work:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert (record["responsePayload"]["errorMessage"], record["requestPayload"]["body"]) == ("boom", "fail")
    assert json.loads(found["dlq"]["Body"]) == record["requestPayload"]
    attributes = {name: each["StringValue"] for name, each in found["dlq"]["MessageAttributes"].items()}
    assert attributes == {"RequestID": delivery, "ErrorCode": "200", "ErrorMessage": "boom"}
    settled(running, 1)


def _received(sqs: Any, url: str) -> Any:
    for _ in range(20):
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=3, MessageAttributeNames=["All"])
        if "Messages" in answer:
            (message,) = answer["Messages"]
            return message
    raise AssertionError(f"nothing came to {url}")
