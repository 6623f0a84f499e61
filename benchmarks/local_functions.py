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
from benchmarks.compiled import daemon
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
WARM_SECONDS = 6.0
"""With one caller, a few and all, until processes have started for them, and code is compiled."""
OURS_PYTHON, OURS_NODE = "lambda-router, Python function", "lambda-router, Node.js function"
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
        return Subject(daemon(folder / "router.yaml"), port, Path.cwd())

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
    OURS_NODE: router("nodejs"),
    OURS_PYTHON: router("python"),
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


def against(router: Series | None, other: Series) -> str:
    """How often the router answers for one answer of the other, and for the same CPU."""
    if router is None or other.name.startswith("lambda-router"):
        return ""
    rate = statistics.median(router.rates) / statistics.median(other.rates)
    return f"{rate:.1f} × / {statistics.median(other.cpu) / statistics.median(router.cpu):.1f} ×"


def table(measured: list[Series]) -> str:
    """Medians, and the router's functions against each peer."""
    known = {each.name: each for each in measured}
    rows = [
        (
            each.name,
            f"{statistics.median(each.rates):,.0f}",
            f"{statistics.median(each.cpu):,.0f}",
            f"{statistics.median(each.p50):.1f} / {statistics.median(each.p99):.1f}",
            against(known.get(OURS_PYTHON), each),
            against(known.get(OURS_NODE), each),
        )
        for each in measured
    ]
    head = (
        *("HTTP API before a local function", "req/s on one core", "CPU µs/request, all processes", "p50 / p99 ms"),
        *("the router with Python: req/s / CPU", "with Node.js"),
    )
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
        for _, subject, _ in measured:
            for connections in (1, 4, arguments.connections):
                options = ("--connections", str(connections), "--seconds", f"{WARM_SECONDS:g}")
                load("load", subject.port, *options, "--host", subject.host)
        for _ in range(arguments.rounds):
            for series, subject, process in measured:
                measure(series, subject.port, process, arguments.connections, arguments.seconds, "--host", subject.host)
    conditions = f"{arguments.connections} connections, medians of {arguments.rounds} rounds of {arguments.seconds:g} s"
    series = [each for each, _, _ in measured]
    publish("local_functions", f"{machine()}, {conditions}\n\n{table(series)}", [each.medians() for each in series])


if __name__ == "__main__":
    main()
