"""The whole daemon is killed again and again; what it acknowledged is delivered at least once, or stands in the dead letters.

Clients post numbered events over five front doors. Lambda, a server of this test, answers, fails, throttles, hangs and resets
connections as it likes, until the last round, when it only answers. `CRASH_ROUNDS` asks for more rounds (`make crash-test`).
"""

import contextlib
import http.client
import itertools
import json
import os
import random
import re
import resource
import signal
import socket
import struct
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from router.deliveries import Selection
from router.journal.opening import open_offline
from tests.e2e.running import PATIENCE, Running

pytestmark = pytest.mark.usefixtures("clean_environment")

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "4"))
CLIENTS = 5
NUMBER = re.compile(rb"number-(\d+)")
CONFIG = """
version: 1
listeners: {{main: "127.0.0.1:0"}}
admin: {{listen: "127.0.0.1:0"}}
aws: {{region: eu-west-1, endpoints: {{lambda: "http://127.0.0.1:{port}"}}}}
journal: {{url: sqlite:./journal, min_free_disk: 0B}}
server: {{drain_timeout: 5s}}
defaults:
  async: {{delivery: managed}}
functions:
  rest: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:rest", timeout: 1s}}
  page: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:page", timeout: 1s}}
  direct: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:direct", timeout: 1s, async: {{delivery: delegated}}}}
  bus: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:bus", timeout: 1s, max_concurrency: 3}}
  photos: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:photos", timeout: 1s}}
triggers:
  rest: {{type: api_gateway, api: http, invocation: async, auth: none, hosts: [rest.test], routes: {{"POST /n": rest}}}}
  page: {{type: function_url, invocation: async, auth: none, hosts: [page.test], function: page, durability: os}}
  direct: {{type: lambda_api, invocation: [sync, async], auth: none, functions: [direct]}}
  bus:
    type: eventbridge
    invocation: async
    auth: none
    rules: {{all: {{pattern: {{source: [crash]}}, targets: {{bus: {{function: bus}}}}}}}}
  photos:
    type: s3
    invocation: async
    auth: none
    source: {{http: /s3, sender: aws}}
    notifications: {{all: {{events: ["s3:ObjectCreated:*"], function: photos}}}}
"""


class Lambda(ThreadingHTTPServer):
    """Runs functions: counts which numbers reached one, and misbehaves while `wild`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.chance = random.Random(7)
        self.wild = True
        self.let_go = threading.Event()
        self.called = threading.Event()
        self.delivered: Counter[int] = Counter()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The router was killed, or its connection reset by us."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Lambda

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        manner = server.chance.choice(MANNERS) if server.wild else answer
        if manner in (answer, report_error):
            server.delivered.update(int(number) for number in NUMBER.findall(body)[:1])
        manner(self)
        server.called.set()

    def reply(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "x-amzn-RequestId": "r", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


def answer(handler: Handler) -> None:
    handler.reply(*((202, b"") if handler.headers["X-Amz-Invocation-Type"] == "Event" else (200, b"{}")))


def report_error(handler: Handler) -> None:
    """The function ran, and failed."""
    if handler.headers["X-Amz-Invocation-Type"] == "Event":
        return answer(handler)
    return handler.reply(200, b'{"errorMessage": "boom"}', **{"X-Amz-Function-Error": "Unhandled"})


def throttle(handler: Handler) -> None:
    handler.reply(429, b"{}", **{"x-amzn-ErrorType": "TooManyRequestsException"})


def fail(handler: Handler) -> None:
    handler.reply(500, b"{}", **{"x-amzn-ErrorType": "ServiceException"})


def hang(handler: Handler) -> None:
    handler.server.let_go.wait(PATIENCE)
    handler.close_connection = True


def reset(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


MANNERS = (answer, answer, answer, report_error, throttle, fail, hang, reset)


def live(folder: Path) -> Running:
    """One life of the daemon; it is ready."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    daemon = Running(folder, "router.yaml", "--time-scale", "120", environment=os.environ | keys)
    daemon.logged("Ready.")
    return daemon


def port_of(daemon: Running) -> int:
    return int(daemon.address().rpartition(":")[2])


def number_waiting(daemon: Running) -> int:
    with urllib.request.urlopen(f"{daemon.admin()}/deliveries/count?state=waiting", timeout=PATIENCE) as answer:
        return int(json.load(answer)["count"])


def end(daemon: Running, number: signal.Signals) -> int:
    code = daemon.end(number)
    daemon.close()
    return code


Posted = tuple[str, bytes, dict[str, str]]


def _object_created(token: str) -> dict[str, Any]:
    bucket = {"name": "photos", "arn": "arn:aws:s3:::photos", "ownerIdentity": {"principalId": "p"}}
    stored = {"key": token, "size": 1, "eTag": "0", "sequencer": token}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "all", "bucket": bucket, "object": stored},
    }


def over_rest(token: str) -> Posted:
    return "/n", token.encode(), {"Host": "rest.test", "Content-Type": "text/plain"}


def over_page(token: str) -> Posted:
    return "/", token.encode(), {"Host": "page.test", "Content-Type": "text/plain"}


def over_direct(token: str) -> Posted:
    return "/2015-03-31/functions/direct/invocations", json.dumps(token).encode(), {"X-Amz-Invocation-Type": "Event"}


def over_bus(token: str) -> Posted:
    entry = {"Source": "crash", "DetailType": "Number", "Detail": json.dumps({"is": token})}
    headers = {"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"}
    return "/", json.dumps({"Entries": [entry]}).encode(), headers


def over_photos(token: str) -> Posted:
    return "/s3", json.dumps({"Records": [_object_created(token)]}).encode(), {"Content-Type": "application/json"}


DOORS: tuple[Callable[[str], Posted], ...] = (over_rest, over_page, over_direct, over_bus, over_photos)


class Clients:
    """Post numbered events, and remember which were acknowledged."""

    def __init__(self) -> None:
        self.accepted: dict[int, str] = {}
        self.refused: set[str] = set()
        self._numbers = itertools.count()

    def live(self, daemon: Running, acknowledged: int) -> None:
        """Until the daemon is killed, which happens after so many acknowledgements."""
        enough = threading.Event()
        target = len(self.accepted) + acknowledged
        threads = [threading.Thread(target=self._post, args=(port_of(daemon), target, enough)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        assert enough.wait(PATIENCE), self.refused
        assert end(daemon, signal.SIGKILL) == -signal.SIGKILL
        for thread in threads:
            thread.join(PATIENCE)

    def _post(self, port: int, target: int, enough: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                number = next(self._numbers)
                door = DOORS[number % len(DOORS)]
                path, body, headers = door(f"number-{number}")
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                said = response.read()
                if response.status in (200, 202) and b'"FailedEntryCount":1' not in said:
                    self.accepted[number] = door.__name__
                else:
                    self.refused.add(f"{door.__name__}: {response.status} {said!r}")
                if len(self.accepted) >= target:
                    enough.set()
        connection.close()


@pytest.fixture
def functions() -> Iterator[Lambda]:
    server = Lambda()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


async def left_in(folder: Path) -> tuple[set[int], set[int]]:
    """The numbers of dead letters, and of what waits."""
    engine = open_offline(f"sqlite:{folder}")
    try:
        assert await engine.admin.check() == []
        found = [await engine.admin.select(Selection(dead=dead), 10**9, None) for dead in (True, False)]
    finally:
        await engine.close()
    dead, waiting = ({int(NUMBER.findall(one.payload)[0]) for one in some} for some in found)
    return dead, waiting


@pytest.mark.slow
async def test_no_acknowledged_event_is_lost(tmp_path: Path, functions: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "router.yaml").write_text(CONFIG.format(port=functions.server_port))
    chance = random.Random(11)
    clients = Clients()
    for _ in range(ROUNDS):
        clients.live(live(tmp_path), chance.randrange(1, 300))
    functions.wild = False
    functions.let_go.set()
    daemon = live(tmp_path)
    deadline = time.monotonic() + PATIENCE + ROUNDS
    while number_waiting(daemon) and time.monotonic() < deadline:
        functions.called.wait(0.5)
        functions.called.clear()
    assert end(daemon, signal.SIGTERM) == 0, "".join(daemon.text)
    dead, waiting = await left_in(tmp_path / "journal")
    accepted, delivered = set(clients.accepted), set(functions.delivered)
    lost = accepted - delivered - dead
    again = sum(times - 1 for times in functions.delivered.values())
    with capsys.disabled():
        print(f"\ndaemon, kill -9: {ROUNDS} rounds, {len(accepted)} acknowledged, {len(lost)} lost,", end=" ")
        print(f"{len(delivered)} delivered, {again} of them once more, {len(dead)} dead letters, {len(waiting)} waiting")
    assert set(clients.accepted.values()) == {door.__name__ for door in DOORS}, clients.refused
    assert (lost, waiting, clients.refused) == (set(), set(), set())


async def test_a_full_disk_is_answered_with_503_and_loses_nothing(tmp_path: Path, functions: Lambda) -> None:
    functions.wild = False
    (tmp_path / "router.yaml").write_text(CONFIG.format(port=functions.server_port))
    daemon = live(tmp_path)
    connection = http.client.HTTPConnection("127.0.0.1", port_of(daemon), timeout=PATIENCE)

    def post(number: int) -> http.client.HTTPResponse:
        path, body, headers = over_rest(f"number-{number}")
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        return response

    pid, unlimited = daemon.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    assert limits == unlimited
    said = {}
    for number in range(60):
        if number in (20, 40):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, unlimited[1]) if number == 20 else unlimited)
        response = post(number)
        said[number] = (response.status, response.headers["Retry-After"], response.headers["x-router-invoked"])
    connection.close()
    refused = {number for number in range(60) if said[number][0] == 503}
    assert refused == set(range(20, 40))
    assert {said[number] for number in refused} == {(503, "5", "no")}
    while not set(functions.delivered) >= set(range(60)) - refused:
        assert functions.called.wait(PATIENCE)
        functions.called.clear()
    assert end(daemon, signal.SIGTERM) == 0
    assert set(functions.delivered) == set(range(60)) - refused
