"""An open-loop load generator: requests become due at a fixed rate, whether or not the answers keep up.

    python -m benchmarks.open_load PORT --rate 1000 --seconds 5 [--arrivals poisson|even] [--connections 64]

Arrivals are planned in advance, and a latency counts from the moment at which its request was due: one that had to wait for a
connection, because answers were slow, has waited (no coordinated omission). `poisson`: as independent callers come, with the
same gaps at every run; `even`: all gaps alike. What is due within the warm-up is sent and does not count.

Prints one JSON line: requests, errors, the rate that was `asked` and the `rate` of answers, p50, p99, p99.9 (from 1,000 answers
on) and max in milliseconds, how many `queued` for a connection, and what the generator itself added: `late_p50_ms` and
`late_p99_ms`, from the moment a request was due, and a connection free, until it was sent. These are part of the latencies.

Sockets, epoll and a timerfd by hand: asyncio sleeps in whole milliseconds and costs twice as much a request. Linux only.
"""

import argparse
import ctypes
import json
import os
import random
import select
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httptools

from benchmarks.report import percentile

ARRIVALS = ("poisson", "even")
ENOUGH = 1000
"""Answers without which there is no 99.9th percentile."""
PATIENCE = 30.0
"""Seconds after the last arrival until answers are given up."""


def schedule(rate: float, seconds: float, arrivals: str = "poisson", seed: int = 1) -> list[float]:
    """When requests are due, in seconds from the start, ascending; all before `seconds`, `rate` a second on average."""
    if arrivals == "even":
        return [number / rate for number in range(round(rate * seconds))]
    gaps = random.Random(seed)
    due = []
    at = gaps.expovariate(rate)
    while at < seconds:
        due.append(at)
        at += gaps.expovariate(rate)
    return due


class Timer:
    """A timerfd: readable once the moment that `arm` was given has come."""

    _ABSOLUTE = 1

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = self._libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._setting = (ctypes.c_long * 4)()
        self._pointer = ctypes.byref(self._setting)

    def fileno(self) -> int:
        return self._descriptor

    def arm(self, at: float) -> None:
        """Be readable at this moment of the monotonic clock; 0.0: never. Takes back what was set before."""
        whole = int(at)
        self._setting[2], self._setting[3] = whole, int((at - whole) * 1e9)
        self._libc.timerfd_settime(self._descriptor, self._ABSOLUTE, self._pointer, None)

    def close(self) -> None:
        os.close(self._descriptor)


class Channel:
    """A keep-alive connection. `due`: the index of the request that it carries."""

    __slots__ = ("answered", "due", "parser", "sock")

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.parser = httptools.HttpResponseParser(self)
        self.answered = False
        self.due = -1

    def on_message_complete(self) -> None:
        self.answered = True


class Generator:
    """Sends what is due over connections that are free, and notes when answers are whole."""

    def __init__(self, port: int, request: bytes, status: int, connections: int) -> None:
        self._request = request
        self._status = status
        self._epoll = select.epoll()
        self._timer = Timer()
        self._epoll.register(self._timer.fileno(), select.EPOLLIN)
        self._channels = {channel.sock.fileno(): channel for channel in (Channel(port) for _ in range(connections))}
        for descriptor in self._channels:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._free = list(self._channels.values())
        self._free_since = 0.0
        self.answers: list[float]
        self.late: list[float]
        self.errors = self.queued = 0

    def run(self, due: Sequence[float]) -> float:
        """Carry out the plan; `due` in seconds from now. Returns seconds until the last answer.

        `answers` and `late` are by index; an answer that never came is counted as an error and has no latency (NaN).
        """
        started = self._free_since = time.monotonic() + 0.05
        at = [started + each for each in due]
        self.answers, self.late = [float("nan")] * len(at), [0.0] * len(at)
        sent, left = 0, len(at)
        give_up = at[-1] + PATIENCE
        while left:
            sent = self._send_due(at, sent)
            self._timer.arm(at[sent] if sent < len(at) and self._free else 0.0)
            for descriptor, _ in self._epoll.poll(1):
                channel = self._channels.get(descriptor)
                if channel is not None:
                    left -= self._receive(channel, at)
            if time.monotonic() > give_up or not self._channels:
                self.errors += left
                break
        return time.monotonic() - started

    def _send_due(self, at: Sequence[float], sent: int) -> int:
        while self._free and sent < len(at) and at[sent] <= (now := time.monotonic()):
            channel = self._free.pop()
            channel.due = sent
            self.queued += self._free_since > at[sent]
            self.late[sent] = now - max(at[sent], self._free_since)
            channel.sock.send(self._request)
            sent += 1
        return sent

    def _receive(self, channel: Channel, at: Sequence[float]) -> int:
        """How many requests this has settled."""
        try:
            data = channel.sock.recv(65536)
        except BlockingIOError:
            return 0
        except ConnectionError:
            data = b""
        if not data:
            return self._lose(channel)
        channel.parser.feed_data(data)
        if not channel.answered:
            return 0
        channel.answered = False
        now = time.monotonic()
        self.answers[channel.due] = now - at[channel.due]
        self.errors += channel.parser.get_status_code() != self._status
        if not self._free:
            self._free_since = now
        channel.due = -1
        self._free.append(channel)
        return 1

    def _lose(self, channel: Channel) -> int:
        del self._channels[channel.sock.fileno()]
        channel.sock.close()
        self.errors += 1
        if channel.due < 0:
            self._free.remove(channel)
            return 0
        return 1

    def close(self) -> None:
        for channel in self._channels.values():
            channel.sock.close()
        self._timer.close()
        self._epoll.close()


def summary(generator: Generator, due: Sequence[float], warm_up: float, seconds: float) -> dict[str, float]:
    """The figures of what was due after the warm-up. Times in milliseconds, rates a second."""
    first = next((index for index, each in enumerate(due) if each >= warm_up), 0)
    answers = sorted(each for each in generator.answers[first:] if each == each)
    late = sorted(generator.late[first:])
    if not answers:
        raise SystemExit("nothing was answered")
    rare = {"p999_ms": percentile(answers, 0.999) * 1e3} if len(answers) >= ENOUGH else {}
    return {
        "requests": len(answers),
        "errors": generator.errors,
        "asked": len(due) / due[-1],
        "rate": len(due) / max(seconds, due[-1]),
        "p50_ms": percentile(answers, 0.5) * 1e3,
        "p99_ms": percentile(answers, 0.99) * 1e3,
        **rare,
        "max_ms": answers[-1] * 1e3,
        "queued": generator.queued,
        "late_p50_ms": percentile(late, 0.5) * 1e3,
        "late_p99_ms": percentile(late, 0.99) * 1e3,
    }


def request(arguments: argparse.Namespace) -> bytes:
    """The bytes of each request: a GET, or a POST of `--body-file`."""
    head = f"Host: {arguments.host}\r\nUser-Agent: load/1\r\nAccept: */*\r\n"
    if arguments.body_file is None:
        return f"GET {arguments.path} HTTP/1.1\r\n{head}\r\n".encode()
    body = arguments.body_file.read_bytes()
    return f"POST {arguments.path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before those that count")
    parser.add_argument("--arrivals", choices=ARRIVALS, default=ARRIVALS[0])
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--path", default="/hello/world?x=1")
    parser.add_argument("--host", default="bench.example.com")
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--body-file", type=Path)
    arguments = parser.parse_args()
    if sys.platform != "linux":
        raise SystemExit("The open-loop generator needs Linux's epoll and timerfd.")
    due = schedule(arguments.rate, arguments.warm_up + arguments.seconds, arguments.arrivals)
    generator = Generator(arguments.port, request(arguments), arguments.status, arguments.connections)
    seconds = generator.run(due)
    print(json.dumps(summary(generator, due, arguments.warm_up, seconds)))
    generator.close()


if __name__ == "__main__":
    main()
