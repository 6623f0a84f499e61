"""The whole way of an accepted event: `POST`, durable, 202; beside what a user would write.

    python -m benchmarks.http_accept [--rounds 3] [--seconds 4] [--connections 64] [--body 1024] [--folder DIR]

The router's doors are an API of HTTP APIs, a function URL and the Invoke API (`Event`), each with `invocation: async` and
`durability: disk`; its functions never answer, so that accepting is measured alone (`and delivers`: they answer at once, and
the same core delivers beside it). The peer is an aiohttp application that writes each event to SQLite in a thread,
`synchronous = FULL`, and answers 202 then. Each is pinned to one core, the load generator to the other. `--peer PORT FILE`
serves the peer.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop
from aiohttp import web

from benchmarks.compiled import daemon
from benchmarks.processes import cores, cpu_seconds, free_port, pin, running
from benchmarks.report import machine, markdown, publish
from router.ingress.request import new_id

CONFIG = """
version: 1
aws: {{region: eu-west-1, account_id: 111122223333, endpoint_url: "http://127.0.0.1:{stub}"}}
listeners: {{main: "127.0.0.1:{port}"}}
admin: {{listen: "127.0.0.1:{admin}"}}
log: {{level: error}}
server: {{drain_timeout: 100ms}}
journal: {{url: "sqlite:{journal}", max_size: 8GiB, min_free_disk: 1MiB}}
functions: {{bench: "arn:aws:lambda:eu-west-1:111122223333:function:bench"}}
triggers:
  api: {{type: api_gateway, api: http, invocation: async, hosts: [api.example.com], routes: {{"POST /events": bench}}}}
  url: {{type: function_url, invocation: async, hosts: [url.example.com], function: bench, auth: none}}
  invoke: {{type: lambda_api, invocation: async, functions: [bench], auth: none}}
"""
NEVER_MS = 3_600_000


@dataclass
class Subject:
    """One door. `delay`: milliseconds until the function answers; None: it is the peer."""

    name: str
    host: str
    path: str
    delay: int | None = NEVER_MS
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def subjects() -> list[Subject]:
    invoke = "/2015-03-31/functions/bench/invocations"
    return [
        Subject("lambda-router, Invoke API", "lambda.example.com", invoke),
        Subject("lambda-router, api_gateway http", "api.example.com", "/events"),
        Subject("lambda-router, function_url", "url.example.com", "/events"),
        Subject("lambda-router, function_url, and delivers", "url.example.com", "/events", 0),
        Subject("aiohttp + SQLite, one commit per event", "peer.example.com", "/events", None),
    ]


@contextmanager
def serving(subject: Subject, folder: Path, stub: int) -> Iterator[tuple[int, psutil.Process]]:
    """Its port and its process."""
    port, ours = free_port(), cores()[0]
    if subject.delay is None:
        command = [sys.executable, "-m", "benchmarks.http_accept", "--peer", str(port), str(folder / "events.sqlite")]
    else:
        file = folder / "router.yaml"
        file.write_text(CONFIG.format(stub=stub, port=port, admin=free_port(), journal=folder / "journal"))
        command = daemon(file)
    with running(command, port, ours) as process:
        yield port, process


def measure(subject: Subject, folder: Path, arguments: argparse.Namespace) -> None:
    theirs, stub = cores()[1], free_port()
    stub_command = [sys.executable, "-m", "benchmarks.stub_lambda", "--port", str(stub)]
    with (
        running([*stub_command, "--delay-ms", str(subject.delay or 0)], stub, theirs),
        serving(subject, folder, stub) as (port, process),
    ):
        load(subject, port, 1, arguments)
        before = cpu_seconds(process)
        seen = load(subject, port, arguments.seconds, arguments)
        used = cpu_seconds(process) - before
    if seen["errors"]:
        raise SystemExit(f"{subject.name}: {seen['errors']} of {seen['requests']} answers were wrong")
    subject.rates.append(seen["requests"] / seen["seconds"])
    subject.cpu.append(used / seen["requests"] * 1e6)
    subject.p50.append(seen["p50_ms"])
    subject.p99.append(seen["p99_ms"])


def load(subject: Subject, port: int, seconds: float, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.load", str(port), "--host", subject.host, "--path", subject.path]
    command += ["--status", "202", "--body", str(arguments.body), "--connections", str(arguments.connections)]
    if subject.host.startswith("lambda"):
        command += ["--header", "X-Amz-Invocation-Type: Event"]
    process = subprocess.Popen([*command, "--seconds", f"{seconds:g}"], stdout=subprocess.PIPE, text=True)
    pin(process.pid, cores()[1])
    seen: dict[str, float] = json.loads(process.communicate()[0])
    return seen


async def serve_peer(port: int, file: str) -> None:
    """The application that a user would write."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE event (number INTEGER PRIMARY KEY, id TEXT UNIQUE, body BLOB)")
    thread = ThreadPoolExecutor(1)

    async def accept(request: web.Request) -> web.Response:
        id, body = new_id(), await request.read()
        statement = "INSERT INTO event (id, body) VALUES (?, ?)"
        await asyncio.get_running_loop().run_in_executor(thread, connection.execute, statement, (id, body))
        return web.json_response({"id": id}, status=202)

    application = web.Application()
    application.router.add_post("/events", accept)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--body", type=int, default=1024)
    parser.add_argument("--folder", help="where the events are written")
    parser.add_argument("--only", default="", help="rows whose names hold this")
    parser.add_argument("--peer", nargs=2, metavar=("PORT", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        port, file = arguments.peer
        uvloop.run(serve_peer(int(port), file))
        return
    measured = [each for each in subjects() if arguments.only in each.name]
    for _ in range(arguments.rounds):
        for subject in measured:
            with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
                measure(subject, Path(folder), arguments)
    head = ("POST, durable, 202", "events/s on one core", "CPU µs/event", "p50 / p99 ms")
    medians = [(each.name, *map(statistics.median, (each.rates, each.cpu, each.p50, each.p99))) for each in measured]
    rows = [(name, f"{rate:,.0f}", f"{cpu:.0f}", f"{p50:.1f} / {p99:.1f}") for name, rate, cpu, p50, p99 in medians]
    text = f"{machine()}, {arguments.body} B, {arguments.connections} connections, medians of {arguments.rounds} rounds of"
    publish("http_accept", f"{text} {arguments.seconds:g} s\n\n{markdown(head, rows)}")


if __name__ == "__main__":
    main()
