"""The benchmarks' stub answers as Lambda does, so that what is measured against it is the real path."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from router.arn import FunctionArn
from router.backends.aws import AwsInvoker
from router.fakes import FakeClock
from router.model import Function, Invocation
from router.outcome import OutcomeKind
from router.settings import Aws

ORDERS = Function("orders", FunctionArn("eu-west-1", "111122223333", "orders"), 30.0)


@pytest.fixture
def stub(root: Path) -> Iterator[Callable[..., int]]:
    running = []

    def start(*arguments: str) -> int:
        command = [sys.executable, str(root / "benchmarks" / "stub_lambda.py"), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    yield start
    for process in running:
        process.terminate()
        assert process.wait() == 0
        assert process.stdout is not None
        process.stdout.close()


async def test_it_answers_each_type_of_invocation(keys_in_environment: None, stub: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_bytes(b'{"a":1}')
    port = stub("--delay-ms", "1", "--payload-file", str(tmp_path / "answer.json"))
    invoker = AwsInvoker(
        Aws("eu-west-1", "111122223333", endpoint_url=f"http://127.0.0.1:{port}"), {"orders": ORDERS}, FakeClock()
    )
    await invoker.start()

    async def ask(kind: str) -> tuple[Any, ...]:
        outcome = await invoker.invoke(Invocation(ORDERS, None, b"{}", "id", "Root=1", type=kind))
        return outcome.kind, outcome.status, outcome.payload, len(outcome.request_id)

    assert [await ask(kind) for kind in ("RequestResponse", "Event", "DryRun")] == [
        (OutcomeKind.OK, 200, b'{"a":1}', 36),
        (OutcomeKind.OK, 202, b"", 36),
        (OutcomeKind.OK, 204, b"", 36),
    ]
    await invoker.close()
