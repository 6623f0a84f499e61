"""Local functions from end to end, beside what people use today: an HTTP API before a function that runs on this machine.

    python -m benchmarks.local_functions [--rounds 5] [--seconds 4] [--connections 64]

The router's embedded Lambda service (Python function through AWS's runtime client, Node.js function), serverless-offline
(Node.js) and ministack (Python), each pinned to one core with every process and thread that it starts, the load generator to
the other. CPU is that of all processes of a subject. Prints a Markdown table, also to benchmarks/out/local_functions.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import local_peers
from benchmarks.measuring import Series, load, measure
from benchmarks.processes import STOP_SECONDS, cores, free_port
from benchmarks.report import machine, markdown, publish

CODE = Path(__file__).parent / "functions"
CONFIG = """
version: 1
aws: {{region: eu-west-1, account_id: 111122223333}}
listeners: {{main: "127.0.0.1:{port}"}}
admin: {{listen: "127.0.0.1:{admin}"}}
log: {{level: warning}}
functions: {{hello: {{local: {{runtime: {runtime}, code: {code}, handler: hello.handler}}}}}}
triggers:
  bench:
    type: api_gateway
    api: http
    invocation: sync
    routes: {{"GET /hello/{{name}}": hello}}
"""
OURS = "lambda-router, Python function"
MINISTACK = "ministack, Python function"


@dataclass
class Subject:
    """What is measured. `host`: what requests have to say."""

    command: list[str]
    port: int
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"


def router(runtime: str) -> Callable[[Path], Subject]:
    """The router before one function."""

    def make(folder: Path) -> Subject:
        port = free_port()
        text = CONFIG.format(port=port, admin=free_port(), runtime=runtime, code=json.dumps(str(CODE)))
        (folder / "router.yaml").write_text(text)
        return Subject([sys.executable, "-m", "router", "run", str(folder / "router.yaml")], port, Path.cwd())

    return make


def offline(folder: Path) -> Subject:
    """serverless-offline."""
    port = free_port()
    command = local_peers.serverless_offline(folder, CODE, port, free_port())
    return Subject(command, port, folder, local_peers.SERVERLESS_ENVIRONMENT)


def ministack(folder: Path) -> Subject:
    """ministack."""
    port = free_port()
    return Subject(local_peers.ministack(), port, folder, local_peers.ministack_environment(folder, port))


SUBJECTS = {
    "serverless-offline, Node.js function": offline,
    MINISTACK: ministack,
    "lambda-router, Node.js function": router("nodejs"),
    OURS: router("python"),
}


@contextmanager
def running(name: str, subject: Subject) -> Iterator[psutil.Process]:
    """Its first process, until the end. All that it starts is pinned with it."""
    pinned = cores()[0]

    def pin() -> None:
        if pinned:
            os.sched_setaffinity(0, pinned)

    process = subprocess.Popen(
        subject.command,
        cwd=subject.folder,
        env=os.environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"} | subject.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=pin,
    )
    whole = psutil.Process(process.pid)
    try:
        if name == MINISTACK:
            subject.host = local_peers.ministack_api(CODE, subject.port)
        else:
            local_peers.wait_for(f"http://127.0.0.1:{subject.port}/hello/world")
        yield whole
    finally:
        children = whole.children(recursive=True) if whole.is_running() else []
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in psutil.wait_procs(children, timeout=5)[1]:
            child.kill()


def table(measured: list[Series]) -> str:
    """Medians, and how often the router's Python function answers for one answer of another."""
    ours = statistics.median(next(each.rates for each in measured if each.name == OURS))
    rows = [
        (
            each.name,
            f"{statistics.median(each.rates):,.0f}",
            f"{ours / statistics.median(each.rates):.1f} ×",
            f"{statistics.median(each.cpu):,.0f}",
            f"{statistics.median(each.p50):.1f} / {statistics.median(each.p99):.1f}",
        )
        for each in measured
    ]
    ratio = "the router, with Python, against it"
    head = ("HTTP API before a local function", "req/s on one core", ratio, "CPU µs/request, all processes", "p50 / p99 ms")
    return markdown(head, rows)


def main() -> None:
    """Measure all, interleaved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()
    measured: list[tuple[Series, Subject, psutil.Process]] = []
    with ExitStack() as stack:
        for name, make in SUBJECTS.items():
            try:
                subject = make(Path(stack.enter_context(tempfile.TemporaryDirectory())))
                measured.append((Series(name), subject, stack.enter_context(running(name, subject))))
            except local_peers.LeftOut as reason:
                print(f"{name} is left out: {reason}", file=sys.stderr)
        options = ("--connections", str(arguments.connections), "--seconds", f"{arguments.seconds:g}")
        for _, subject, _ in measured:
            while not load("load", subject.port, *options, "--host", subject.host)["requests"]:
                pass  # every caller's process is still starting
        for _ in range(arguments.rounds):
            for series, subject, process in measured:
                measure(series, subject.port, process, arguments.connections, arguments.seconds, "--host", subject.host)
    conditions = f"{arguments.connections} connections, medians of {arguments.rounds} rounds of {arguments.seconds:g} s"
    series = [each for each, _, _ in measured]
    publish("local_functions", f"{machine()}, {conditions}\n\n{table(series)}", [each.medians() for each in series])


if __name__ == "__main__":
    main()
