"""Processes end as groups, and never outlive the router."""

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from router.backends.local.process import scheduled_seconds

REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"
ROOT = Path(__file__).parents[3]


async def gone(pid: int) -> None:
    """Until the process is no more (a zombie that init has yet to reap counts as gone)."""
    async with asyncio.timeout(10):
        while psutil.pid_exists(pid):
            try:
                if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                    return
            except psutil.NoSuchProcess:
                return
            await asyncio.sleep(0.01)


def test_what_a_process_did_with_its_time() -> None:
    before = scheduled_seconds(os.getpid())
    if before is None:
        pytest.skip("this system does not tell")
    began = time.process_time()
    while time.process_time() - began < 0.02:
        pass
    after = scheduled_seconds(os.getpid())
    assert after is not None
    assert after[0] - before[0] >= 0.01
    assert after[1] >= before[1] >= 0
    assert scheduled_seconds(2**22) is None


@pytest.mark.parametrize("ending", ["timeout", "reap"])
async def test_what_a_function_started_ends_with_it(start, tmp_path, ending):
    seconds = 60 if ending == "timeout" else 0
    shop = await start(handler="local_python.starts_child", timeout=0.5)
    await shop.call(json.dumps({"file": str(tmp_path / "pids"), "seconds": seconds}).encode())
    if ending == "reap":
        while not shop.status.idle:
            await asyncio.sleep(0.002)
        shop.invoker.reap(0)
    for pid in (tmp_path / "pids").read_text().split():
        await gone(int(pid))


SIGNALS = {
    signal.SIGKILL: "signal: killed",
    signal.SIGTERM: "signal: terminated",
    signal.SIGSEGV: "signal: segmentation fault",
    signal.SIGUSR1: "signal: user defined signal 1",
}


@pytest.mark.parametrize("number", SIGNALS)
async def test_death_by_signal_is_an_exit_error(start, number):
    shop = await start(handler="local_python.kills_itself")
    outcome = await shop.call(json.dumps({"signal": number}).encode(), id=REQUEST)
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST} Error: Runtime exited with error: {SIGNALS[number]}",
    }
    assert (await shop.call()).payload == b'"alive"'


async def test_a_function_for_which_no_descriptor_is_left_fails_and_the_next_call_works(start, monkeypatch):
    shop = await start(handler="local_python.kills_itself")

    def exhausted(*args, **options):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("router.backends.local.environment.socket.create_server", exhausted)
        refused = await shop.call(id=REQUEST)
    assert json.loads(refused.payload)["errorType"] == "Runtime.InvalidEntrypoint"
    assert "too many open files" in json.loads(refused.payload)["errorMessage"]
    assert (await shop.call()).payload == b'"alive"'


async def test_whatever_keeps_a_process_from_starting_is_an_answer(start, monkeypatch):
    shop = await start(handler="local_python.kills_itself")

    def broken(*args, **options):
        raise RuntimeError("nobody thought of this")

    with monkeypatch.context() as patch:
        patch.setattr("router.backends.local.environment.socket.create_server", broken)
        async with asyncio.timeout(30):
            refused = await shop.call(id=REQUEST)
    assert json.loads(refused.payload)["errorType"] == "Runtime.InvalidEntrypoint"
    assert json.loads(refused.payload)["errorMessage"].endswith("the process could not be started: RuntimeError")
    assert (await shop.call()).payload == b'"alive"'


async def test_a_command_that_cannot_be_started_is_an_invalid_entrypoint(start, tmp_path):
    shop = await start(command=("./bootstrap",), code=str(tmp_path))
    assert json.loads((await shop.call(id=REQUEST)).payload) == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"RequestId: {REQUEST} Error: fork/exec {tmp_path}/bootstrap: no such file or directory",
    }


ROUTER = """
import asyncio, json, sys, time
sys.path.insert(0, {tests!r})
from router.arn import FunctionArn
from router.backends.local.invoker import LocalInvoker
from router.clock import SystemClock
from router.model import Function, Invocation, LocalFunction
from router.settings import Aws

async def main():
    local = LocalFunction({runtime!r}, {handler!r}, {code!r}, runtime_client={client!r}, memory=1 << 30)
    function = Function("shop", FunctionArn("eu-west-1", "111122223333", "shop"), 60.0, local=local)
    invoker = LocalInvoker({{"shop": function}}, Aws("eu-west-1", "111122223333"), SystemClock())
    await invoker.start()
    await invoker.invoke(Invocation(function, None, {event!r}, "id", "trace"))
    print("ready", flush=True)
    await asyncio.sleep(600)

if {uvloop}:
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""


@pytest.mark.parametrize(("client", "uvloop"), [("awslambdaric", False), ("builtin", True)])
async def test_a_killed_router_leaves_nothing_behind(tmp_path, client, uvloop):
    event = json.dumps({"file": str(tmp_path / "pids")}).encode()
    source = ROUTER.format(
        tests=str(ROOT),
        runtime="python",
        handler="local_python.starts_child",
        code=str(ROOT / "tests" / "functions"),
        client=client,
        event=event,
        uvloop=uvloop,
    )
    router = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert router.stdout is not None
        assert await asyncio.to_thread(router.stdout.readline) == b"ready\n"
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        assert all(map(psutil.pid_exists, pids))
    finally:
        os.kill(router.pid, signal.SIGKILL)
        router.wait()
        router.stdout.close()
    for pid in pids:
        await gone(pid)


async def test_the_clients_end_without_a_router_on_their_own(tmp_path):
    """Also where nobody watches over them: `next` fails, the client exits."""
    from router.backends.local.launch import CLIENTS

    for argv in (
        [sys.executable, "-m", "awslambdaric", "local_python.echo"],
        [sys.executable, str(CLIENTS / "python_client.py"), "local_python.echo"],
        ["node", str(CLIENTS / "node_client.mjs"), "local_node.echo"],
    ):
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": address}
            client = await asyncio.create_subprocess_exec(
                *argv, cwd=ROOT / "tests" / "functions", env=environment, stderr=asyncio.subprocess.DEVNULL
            )
            assert await asyncio.wait_for(client.wait(), 20) == 1
