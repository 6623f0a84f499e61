"""State machines with activities, worked off by a real daemon through the real client, on ministack.

ministack does not time activities out: where a test needs that, it plays the clock of Step Functions with the task's token.
"""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiobotocore.session import AioSession
from aiohttp import web

from tests.e2e.running import PATIENCE

pytestmark = pytest.mark.slow

CODE = """
import os, time

def resize(event, context):
    while not os.path.exists(event.get("wait_for", "/")):
        time.sleep(0.01)
    if "wait_for" in event and event["wait_for"].endswith("never"):
        time.sleep(60)
    if event.get("fail"):
        raise ValueError(event["fail"])
    return {"made": event.get("n", 0) * 2}
"""


class StepFunctions:
    """ministack behind a proxy that sees every call of the worker, and a client of the test's own. `tokens`: handed out."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.url = ""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.tokens: list[str] = []
        self.client: Any = None
        self.http: Any = None
        self.activity = ""

    async def handle(self, request: web.Request) -> web.Response:
        operation = request.headers["X-Amz-Target"].partition(".")[2]
        body = await request.read()
        headers = {name: request.headers[name] for name in ("X-Amz-Target", "Content-Type", "Authorization")}
        async with self.http.post(self.upstream, data=body, headers=headers) as answer:
            told = await answer.read()
            status = answer.status
        self.calls.append((operation, json.loads(body)))
        if operation == "GetActivityTask" and json.loads(told).get("taskToken"):
            self.tokens.append(json.loads(told)["taskToken"])
        return web.Response(body=told, status=status, content_type="application/x-amz-json-1.0")

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.02)

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.calls)

    async def run(self, state: dict[str, Any], input: dict[str, Any]) -> str:
        """Start an execution of a machine with one activity state; its ARN."""
        states = {"Work": {"Type": "Task", "Resource": self.activity, "End": True, **state}, "Caught": {"Type": "Succeed"}}
        definition = json.dumps({"StartAt": "Work", "States": states})
        role = "arn:aws:iam::000000000000:role/machine"
        machine = await self.client.create_state_machine(name=f"m-{uuid.uuid4()}", definition=definition, roleArn=role)
        started = await self.client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(input))
        return str(started["executionArn"])

    async def status(self, execution: str) -> str:
        return str((await self.client.describe_execution(executionArn=execution))["status"])

    async def ended(self, execution: str) -> tuple[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while (found := await self.client.describe_execution(executionArn=execution))["status"] == "RUNNING":
                await asyncio.sleep(0.05)
        return found["status"], json.loads(found.get("output") or "null")


@pytest.fixture
async def step_functions(ministack: Any) -> AsyncIterator[StepFunctions]:
    """Step Functions with an activity of this test's own."""
    service = StepFunctions(ministack.url)
    app = web.Application()
    app.router.add_post("/", service.handle)
    runner = web.AppRunner(app, shutdown_timeout=1, handler_cancellation=True)
    client = AioSession().create_client(
        "stepfunctions",
        endpoint_url=ministack.url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    async with aiohttp.ClientSession() as service.http, client as service.client:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        service.activity = (await service.client.create_activity(name=f"resize-{uuid.uuid4()}"))["activityArn"]
        yield service
        await runner.cleanup()


def settings(step_functions: StepFunctions, timeout: str = "30s", **more: Any) -> str:
    local = {"runtime": "python", "handler": "app.resize", "code": "."}
    worker = {"type": "step_functions", "invocation": "sync", "activity": step_functions.activity, "function": "resize", **more}
    return "\n".join(
        f"{name}: {json.dumps(value)}"
        for name, value in {
            "aws": {"region": "eu-west-1", "endpoints": {"states": step_functions.url}},
            "functions": {"resize": {"timeout": timeout, "local": local}},
            "triggers": {"worker": worker},
        }.items()
    )


def sample(daemon: Any, name: str, **labels: str) -> float | None:
    value: float | None = daemon.metrics.registry.get_sample_value(name, {"trigger": "worker", **labels})
    return value


async def test_tasks_succeed_and_fail(step_functions: StepFunctions, serve: Any) -> None:
    daemon = await serve(settings(step_functions, max_concurrency=2), CODE)
    caught = {"Catch": [{"ErrorEquals": ["ValueError"], "Next": "Caught"}]}
    executions = [await step_functions.run(caught, {"n": number}) for number in range(4)]
    failing = await step_functions.run(caught, {"fail": "too small"})
    uncaught = await step_functions.run({}, {"fail": "too small"})

    assert [await step_functions.ended(execution) for execution in executions] == [
        ("SUCCEEDED", {"made": number * 2}) for number in range(4)
    ]
    status, output = await step_functions.ended(failing)
    cause = json.loads(output["Cause"])
    assert (status, output["Error"]) == ("SUCCEEDED", "ValueError")
    assert (cause["errorType"], cause["errorMessage"]) == ("ValueError", "too small")
    assert (await step_functions.ended(uncaught))[0] == "FAILED"
    assert {call[1]["workerName"] for call in step_functions.calls if call[0] == "GetActivityTask"} == {"lambda-router.worker"}
    assert daemon.not_ready() is None
    assert daemon.status()["workers"]["worker"]["problem"] is None


async def test_heartbeats_go_out_while_a_function_runs(step_functions: StepFunctions, serve: Any, tmp_path: Path) -> None:
    await serve(settings(step_functions, heartbeat="1s"), CODE)
    go = tmp_path / "go"
    execution = await step_functions.run({"HeartbeatSeconds": 1}, {"n": 3, "wait_for": str(go)})
    await step_functions.until(lambda: step_functions.count("SendTaskHeartbeat") >= 3)
    (token,) = step_functions.tokens
    assert {call[1]["taskToken"] for call in step_functions.calls if call[0] == "SendTaskHeartbeat"} == {token}
    assert await step_functions.status(execution) == "RUNNING"
    go.touch()
    assert await step_functions.ended(execution) == ("SUCCEEDED", {"made": 6})


async def test_a_function_that_times_out_fails_its_task(step_functions: StepFunctions, serve: Any, tmp_path: Path) -> None:
    await serve(settings(step_functions, timeout="500ms"), CODE)
    caught = {"Catch": [{"ErrorEquals": ["Sandbox.Timedout"], "Next": "Caught"}]}
    status, output = await step_functions.ended(await step_functions.run(caught, {"wait_for": str(tmp_path / "nothing")}))
    assert (status, output["Error"]) == ("SUCCEEDED", "Sandbox.Timedout")
    assert "Task timed out after 0.50 seconds" in output["Cause"]


async def test_a_result_that_comes_after_the_states_timeout_is_dropped(
    step_functions: StepFunctions, serve: Any, tmp_path: Path
) -> None:
    daemon = await serve(settings(step_functions, heartbeat="1s"), CODE)
    go = tmp_path / "go"
    caught = {"Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Caught"}]}
    execution = await step_functions.run(caught, {"wait_for": str(go)})
    await step_functions.until(lambda: bool(step_functions.tokens))
    await step_functions.client.send_task_failure(taskToken=step_functions.tokens[0], error="States.Timeout", cause="")
    assert (await step_functions.ended(execution))[1]["Error"] == "States.Timeout"
    heartbeats = {"operation": "heartbeat", "code": "TaskDoesNotExist"}
    await step_functions.until(lambda: sample(daemon, "lambda_router_source_errors_total", **heartbeats) == 1)
    go.touch()
    assert await step_functions.ended(await step_functions.run({}, {"n": 1})) == ("SUCCEEDED", {"made": 2})
    assert step_functions.count("SendTaskSuccess") == 1
    assert sample(daemon, "lambda_router_requests_total", type="step_functions", status="dropped") == 1


async def test_a_daemon_that_drains_finishes_what_it_took_and_takes_no_more(
    step_functions: StepFunctions, serve: Any, tmp_path: Path
) -> None:
    daemon = await serve(settings(step_functions, max_concurrency=2), CODE)
    go = tmp_path / "go"
    execution = await step_functions.run({}, {"n": 2, "wait_for": str(go)})
    await step_functions.until(lambda: bool(step_functions.tokens))
    daemon.stop()
    closing = asyncio.ensure_future(daemon.close())
    await asyncio.sleep(0)
    assert not closing.done()
    go.touch()
    await closing
    assert await step_functions.ended(execution) == ("SUCCEEDED", {"made": 4})
    assert daemon.not_ready() == "draining"


async def test_a_worker_that_was_killed_leaves_its_task_to_the_state_machine(
    step_functions: StepFunctions, serve: Any, tmp_path: Path
) -> None:
    """The first daemon is killed; Step Functions misses its heartbeat and retries; a second one works on the new token."""
    folder = tmp_path / "killed"
    folder.mkdir()
    (folder / "app.py").write_text(CODE)
    head = "version: 1\nlisteners: {main: 127.0.0.1:0}\nadmin: {listen: 127.0.0.1:0}\n"
    (folder / "router.yaml").write_text(head + settings(step_functions, heartbeat="1s"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "router", "run", "router.yaml", cwd=folder, env={**os.environ}, stderr=asyncio.subprocess.DEVNULL
    )
    go = tmp_path / "go"
    retried = {"Retry": [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 0, "MaxAttempts": 2}]}
    execution = await step_functions.run(retried, {"n": 5, "wait_for": str(go)})
    await step_functions.until(lambda: step_functions.count("SendTaskHeartbeat") >= 1)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert await step_functions.status(execution) == "RUNNING"
    assert step_functions.count("SendTaskSuccess") + step_functions.count("SendTaskFailure") == 0

    await serve(settings(step_functions, heartbeat="1s"), CODE)
    go.touch()
    await step_functions.client.send_task_failure(taskToken=step_functions.tokens[0], error="States.HeartbeatTimeout", cause="")
    assert await step_functions.ended(execution) == ("SUCCEEDED", {"made": 10})
    assert len(set(step_functions.tokens)) == 2


async def test_an_activity_that_does_not_exist_is_asked_for_again_later(step_functions: StepFunctions, serve: Any) -> None:
    name = f"late-{uuid.uuid4()}"
    step_functions.activity = f"arn:aws:states:eu-west-1:000000000000:activity:{name}"
    daemon = await serve(settings(step_functions), CODE)
    polls = {"operation": "poll", "code": "ActivityDoesNotExist"}
    await step_functions.until(lambda: (sample(daemon, "lambda_router_source_errors_total", **polls) or 0) >= 1)
    await step_functions.client.create_activity(name=name)
    assert await step_functions.ended(await step_functions.run({}, {"n": 1})) == ("SUCCEEDED", {"made": 2})
