"""CPU time per invocation of this process: the router's AWS backend beside aiobotocore, against the stub of Lambda.

    python -m benchmarks.aws_invoker [--requests 5000] [--concurrency 32]

The stub runs in a process of its own, so its time is not counted.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from benchmarks.report import machine, markdown, publish
from router.arn import FunctionArn
from router.backends.aws import AwsInvoker
from router.clock import SystemClock
from router.model import Function, Invocation
from router.outcome import OutcomeKind
from router.settings import Aws

PAYLOAD = b'{"version":"2.0","routeKey":"GET /orders/{id}","rawPath":"/orders/7","body":"' + b"x" * 900 + b'"}'
TRACE = "Root=1-6a560000-0123456789abcdef01234567"


async def measure(call: Callable[[], Awaitable[object]], requests: int, concurrency: int) -> tuple[float, float]:
    """CPU microseconds per request after a warm-up, and requests a second."""

    async def worker(count: int) -> None:
        for _ in range(count):
            await call()

    async def run(total: int) -> None:
        await asyncio.gather(*(worker(total // concurrency) for _ in range(concurrency)))

    await run(max(concurrency, requests // 5))
    cpu, wall = time.process_time(), time.perf_counter()
    await run(requests)
    done = requests // concurrency * concurrency
    cpu, wall = (time.process_time() - cpu) / done * 1e6, (time.perf_counter() - wall) / done * 1e6
    return cpu, 1e6 / wall


async def compare(port: int, requests: int, concurrency: int) -> None:
    """Both clients in one run."""
    arn = FunctionArn("us-east-1", "111122223333", "orders")
    function = Function("orders", arn, timeout=30)
    invoker = AwsInvoker(
        Aws("us-east-1", "111122223333", endpoint_url=f"http://127.0.0.1:{port}"), {"orders": function}, SystemClock()
    )
    await invoker.start()

    async def ours() -> None:
        outcome = await invoker.invoke(Invocation(function, None, PAYLOAD, "6f0c0d5e", TRACE, timeout=29))
        assert outcome.kind is OutcomeKind.OK, outcome

    router = await measure(ours, requests, concurrency)
    await invoker.close()
    config = AioConfig(max_pool_connections=concurrency, retries={"max_attempts": 0})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    session = AioSession()
    async with session.create_client(
        "lambda", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}", config=config, **keys
    ) as client:

        async def theirs() -> None:
            answer = await client.invoke(FunctionName=str(arn), Payload=PAYLOAD)
            await answer["Payload"].read()

        botocore = await measure(theirs, max(concurrency, requests // 5), concurrency)
    rows = [
        (name, f"{cpu:.1f}", f"{cpu / botocore[0]:.2f}", f"{rate:,.0f}")
        for name, (cpu, rate) in (("the router's AWS backend", router), ("aiobotocore's `invoke`", botocore))
    ]
    head = (f"one Invoke, {concurrency} at a time", "CPU µs", "against aiobotocore", "req/s")
    publish("aws_invoker", f"{machine()}\n\n{markdown(head, rows)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=32)
    options = parser.parse_args()
    stub = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("stub_lambda.py"))], stdout=subprocess.PIPE, text=True
    )
    try:
        assert stub.stdout is not None
        port = int(stub.stdout.readline())
        uvloop.run(compare(port, options.requests, options.concurrency))
    finally:
        stub.terminate()
        stub.wait()


if __name__ == "__main__":
    main()
