"""Which environment gets which invocation, when one starts, and when one goes."""

import asyncio
import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from typing import Any

import pytest

from router.arn import FunctionArn
from router.backends.local.invoker import LocalInvoker
from router.backends.local.pool import STARTS_AT_ONCE
from router.fakes import FakeClock
from router.model import Function, LocalFunction
from router.outcome import OutcomeKind
from router.settings import Aws

REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


async def parallel(shop: Any, count: int, tmp_path: Any) -> list[int]:
    """Process ids of so many invocations that run at the same time."""
    events = [{"started": str(tmp_path / f"s{i}"), "until": str(tmp_path / "go")} for i in range(count)]
    calls = [asyncio.create_task(shop.call(json.dumps(event).encode())) for event in events]
    await until(lambda: all((tmp_path / f"s{i}").exists() for i in range(count)))
    (tmp_path / "go").touch()
    pids = [json.loads((await call).payload) for call in calls]
    await until(lambda: shop.status.idle == count)
    return pids


async def test_invocations_at_once_run_in_different_processes(start, tmp_path):
    shop = await start(handler="local_python.waits_for_file")
    pids = await parallel(shop, 3, tmp_path)
    assert (len(set(pids)), shop.status.cold_starts, shop.status.environments) == (3, 3, 3)


async def test_the_process_that_became_idle_last_is_used_first(start, tmp_path):
    shop = await start(handler="local_python.waits_for_file")
    await parallel(shop, 2, tmp_path)
    event = json.dumps({"until": str(tmp_path / "go")}).encode()
    pids = set()
    for _ in range(10):
        pids.add((await shop.call(event)).payload)
        await until(lambda: shop.status.idle == 2)
    assert (len(pids), shop.status.cold_starts) == (1, 2)


async def test_state_stays_between_invocations(start):
    shop = await start(handler="local_python.counts")
    assert [(await shop.call()).payload for _ in range(3)] == [b"1", b"2", b"3"]


async def test_idle_processes_end_but_for_the_warm_ones(start, tmp_path):
    shop = await start(handler="local_python.waits_for_file", min_warm=1)
    await parallel(shop, 3, tmp_path)
    shop.invoker.reap(3600)
    assert shop.status.environments == 3
    shop.invoker.reap(0)
    assert (shop.status.environments, shop.status.idle) == (1, 1)


async def test_idle_time_is_the_clocks():
    clock = FakeClock()
    code = str(__file__).rpartition("/tests/")[0] + "/tests/functions"
    local = LocalFunction("python", "local_python.echo", code, min_warm=1)
    arn = FunctionArn("eu-west-1", "111122223333", "shop")
    function = Function("shop", arn, 3.0, local=local)
    async with AsyncExitStack() as stack:
        invoker = LocalInvoker({"shop": function}, Aws("eu-west-1", "111122223333"), clock, watch=False)
        stack.push_async_callback(invoker.close)
        await invoker.start()
        await until(lambda: invoker.status()["shop"].idle == 1)
        local.min_warm = 0
        clock.advance(299.0)
        invoker.reap()
        assert invoker.status()["shop"].environments == 1
        clock.advance(1.0)
        invoker.reap()
        assert invoker.status()["shop"].environments == 0


async def test_warm_processes_start_ahead_of_time_and_are_replaced(start):
    shop = await start(handler="local_python.pid", min_warm=2)
    await until(lambda: shop.status.idle == 2)
    pid = json.loads((await shop.call()).payload)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: shop.status.environments == 1)
    shop.invoker.reap()
    await until(lambda: shop.status.idle == 2)
    assert shop.status.cold_starts == 3


async def test_a_process_that_died_idle_is_not_used(start):
    shop = await start(handler="local_python.pid")
    pid = json.loads((await shop.call()).payload)
    await until(lambda: shop.status.idle == 1)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: shop.status.environments == 0)
    assert json.loads((await shop.call()).payload) != pid


async def test_the_room_of_an_idle_process_is_given_to_another_function(start, tmp_path):
    """With a limit for the whole service, idle processes of one function make way for another's."""
    shop = await start(handler="local_python.waits_for_file", invoker={"max_concurrency": 2})
    await parallel(shop, 2, tmp_path)
    arn = FunctionArn("eu-west-1", "111122223333", "other")
    assert shop.function.local is not None
    other = Function("other", arn, 3.0, local=LocalFunction("python", "local_python.pid", shop.function.local.code))
    service = LocalInvoker(
        {"shop": shop.function, "other": other}, Aws("eu-west-1", "1"), shop.clock, max_concurrency=2, watch=False
    )
    await service.start()
    try:
        both = type(shop)(service, shop.function)
        (tmp_path / "go").unlink()
        [(tmp_path / f"s{i}").unlink() for i in range(2)]
        await parallel(both, 2, tmp_path)
        assert (await type(shop)(service, other).call()).kind is OutcomeKind.OK
        assert {name: status.environments for name, status in service.status().items()} == {"shop": 1, "other": 1}
    finally:
        await service.close()


@pytest.mark.parametrize("runtime_client", ["awslambdaric", "builtin"])
async def test_a_process_that_dies_after_its_answer_costs_nobody_an_error(start, tmp_path, runtime_client):
    shop = await start(handler="local_python.dies_after_answer", runtime_client=runtime_client)
    event = json.dumps({"file": str(tmp_path / "die")}).encode()
    first = await shop.call(event)
    (tmp_path / "die").touch()
    await until(lambda: shop.status.environments == 0)
    (tmp_path / "die").unlink()
    second = await shop.call(event)
    assert (first.kind, second.kind, shop.status.cold_starts) == (OutcomeKind.OK, OutcomeKind.OK, 2)


async def test_a_burst_starts_no_more_than_the_machine_bears(start):
    shop = await start(handler="local_python.pid")
    outcomes = await asyncio.gather(*(shop.call() for _ in range(10 * STARTS_AT_ONCE)))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.OK}
    await until(lambda: shop.status.environments == shop.status.idle)
    assert shop.status.cold_starts == shop.status.environments <= 10 * STARTS_AT_ONCE


async def test_a_runtime_that_never_asks_again_is_ended(start, tmp_path):
    script = (
        "import os, time, urllib.request\n"
        "api = 'http://%s/2018-06-01/runtime/invocation/' % os.environ['AWS_LAMBDA_RUNTIME_API']\n"
        "request_id = urllib.request.urlopen(api + 'next').headers['Lambda-Runtime-Aws-Request-Id']\n"
        "urllib.request.urlopen(urllib.request.Request(api + request_id + '/response', b'1', method='POST'))\n"
        "time.sleep(600)\n"
    )
    shop = await start(command=(sys.executable, "-c", script), code=str(tmp_path), timeout=0.5)
    assert ((await shop.call()).payload, shop.status.environments) == (b"1", 1)
    assert (await shop.call()).payload == b"1"
    await until(lambda: shop.status.environments == 0)
    assert shop.status.cold_starts == 2


async def test_a_slow_start_is_tried_again_under_the_functions_timeout(start, tmp_path):
    marker = tmp_path / "tried"
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\n"
        f"marker = pathlib.Path({str(marker)!r})\n"
        "if not marker.exists():\n    marker.touch()\n    time.sleep(60)\n"
        "def handler(event, context): return 'at last'\n"
    )
    shop = await start(handler="slow.handler", code=str(tmp_path), init_timeout=0.5)
    assert ((await shop.call()).payload, shop.status.cold_starts) == (b'"at last"', 2)


async def test_a_start_that_never_ends_is_a_timeout(start, tmp_path):
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    shop = await start(handler="slow.handler", code=str(tmp_path), init_timeout=0.1, timeout=0.2)
    assert json.loads((await shop.call(id=REQUEST)).payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {REQUEST} Error: Task timed out after 0.20 seconds",
    }
    assert shop.status.environments == 0


async def test_a_start_that_exits_silently_is_an_exit_error(start, log_of):
    shop = await start(handler="local_exits_on_import.handler")
    outcome = await shop.call(id=REQUEST, log_tail=True)
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST} Error: Runtime exited with error: exit status 3",
    }
    assert log_of(outcome).startswith(f"START RequestId: {REQUEST} Version: $LATEST\ngoing\nEND RequestId: {REQUEST}\n")
    assert "\tStatus: error\tError Type: Runtime.ExitError\t\n" in log_of(outcome)
