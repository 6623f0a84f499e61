"""Warm and cold invocations of local functions: wall time, and whose CPU time it is, beside `python -m awslambdaric` alone.

    python -m benchmarks.local_backend [--requests 5000] [--cold 11]

"Alone" is the time from starting the runtime client until it asks for its first event, with nothing of the router in between;
it is measured in turns with the cold invocations of the same client.
"""

import argparse
import asyncio
import statistics
import sys
import time
import uuid
from pathlib import Path

import psutil
import uvloop

from router.arn import FunctionArn
from router.backends.local.invoker import LocalInvoker
from router.clock import SystemClock
from router.model import Function, Invocation, LocalFunction
from router.outcome import OutcomeKind
from router.settings import Aws

FUNCTIONS = Path(__file__).parent.parent / "tests" / "functions"
CASES = (
    ("python", "local_python.echo", "awslambdaric"),
    ("python", "local_python.echo", "builtin"),
    ("nodejs", "local_node.echo", "auto"),
)


async def measure(runtime: str, handler: str, client: str, requests: int, cold: int) -> None:
    """Print one line of figures for one runtime client."""
    local = LocalFunction(runtime, handler, str(FUNCTIONS), runtime_client=client, memory=512 * 1024 * 1024)
    function = Function("echo", FunctionArn("eu-west-1", "111122223333", "echo"), 30.0, local=local)
    invoker = LocalInvoker({"echo": function}, Aws("eu-west-1", "111122223333"), SystemClock(), watch=False)

    async def call() -> float:
        invocation = Invocation(function, None, b'{"a": 1}', str(uuid.uuid4()), "Root=1-5759e988-bd862e3fe1be46a994272793")
        began = time.perf_counter()
        outcome = await invoker.invoke(invocation)
        assert outcome.kind is OutcomeKind.OK
        return time.perf_counter() - began

    await invoker.start()
    try:
        colds, alones = [], []
        for _ in range(cold):
            colds.append(await call())
            if client == "awslambdaric":
                alones.append(await alone())
            await asyncio.sleep(0.02)  # it asks for the next event, and is idle
            invoker.reap(0)
        for _ in range(500):
            await call()
        worker = max(psutil.Process().children(), key=lambda child: sum(child.cpu_times()[:2]))
        router_before, worker_before = time.process_time(), sum(worker.cpu_times()[:2])
        warm = sorted([await call() for _ in range(requests)])
        router = (time.process_time() - router_before) / requests
        work = (sum(worker.cpu_times()[:2]) - worker_before) / requests
    finally:
        await invoker.close()
    p50, p99 = warm[requests // 2] * 1e6, warm[requests * 99 // 100] * 1e6
    print(f"{runtime} {invoker.status()['echo'].client}: warm p50 {p50:.0f} us, p99 {p99:.0f} us;", end=" ")
    print(f"CPU per call: router {router * 1e6:.0f} us, worker {work * 1e6:.0f} us;", end=" ")
    print(f"cold median {statistics.median(colds) * 1e3:.1f} ms")
    if alones:
        median = statistics.median(alones)
        print(f"awslambdaric alone, until its first request: {median * 1e3:.1f} ms;", end=" ")
        print(f"the cold invocation against it: {statistics.median(colds) / median:.2f}")


async def alone() -> float:
    """Seconds until awslambdaric, started by nobody but us, connects for its first event."""
    connected: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not connected.done():
            connected.set_result(time.perf_counter())
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        address = "{}:{}".format(*server.sockets[0].getsockname())
        began = time.perf_counter()
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "awslambdaric", "local_python.echo"),
            cwd=FUNCTIONS,
            env={"AWS_LAMBDA_RUNTIME_API": address},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        seconds = await connected - began
        await client.wait()
    return seconds


async def main() -> None:
    """All figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--cold", type=int, default=11)
    arguments = parser.parse_args()
    for runtime, handler, client in CASES:
        await measure(runtime, handler, client, arguments.requests, arguments.cold)


if __name__ == "__main__":
    uvloop.run(main())
