"""The open loop: the plan, and latencies that count from it."""

import socket
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from benchmarks.open_load import Generator, schedule, summary

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
linux = pytest.mark.skipif(sys.platform != "linux", reason="epoll and timerfd")


def test_even_arrivals() -> None:
    assert schedule(4, 1, "even") == [0.0, 0.25, 0.5, 0.75]


def test_poisson_arrivals() -> None:
    due = schedule(1000, 20)
    gaps = [after - before for before, after in pairwise(due)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert due == sorted(due)
    assert due[-1] < 20
    assert len(due) == pytest.approx(20_000, rel=0.03)
    assert deviation == pytest.approx(mean, rel=0.05), "of exponential gaps both are the same"
    assert due == schedule(1000, 20)
    assert due != schedule(1000, 20, seed=2)


class Server:
    """Answers in one thread, connection after connection as they come; `held` requests are kept until all of them are there."""

    def __init__(self, held: int = 0, answer: bytes = OK) -> None:
        self.held = held
        self.answer = answer
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.waiting: list[socket.socket] = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def serve(self, connection: socket.socket) -> None:
        with connection:
            while connection.recv(4096):
                with self.lock:
                    self.waiting.append(connection)
                    if len(self.waiting) < self.held:
                        continue
                    ready, self.waiting, self.held = self.waiting, [], 0
                    for each in ready:
                        each.sendall(self.answer)
                    if not self.answer:
                        return

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        server.close()


@linux
def test_everything_due_is_sent_and_answered(servers: list[Server]) -> None:
    servers.append(Server())
    generator = Generator(servers[0].port, REQUEST, 200, connections=4)
    due = schedule(500, 0.2)
    seconds = generator.run(due)
    told = summary(generator, due, warm_up=0.1, seconds=seconds)
    generator.close()
    assert (told["requests"], told["errors"]) == (sum(each >= 0.1 for each in due), 0)
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert "p999_ms" not in told, "there are less than a thousand answers"


@linux
def test_a_request_that_waits_for_a_connection_has_waited(servers: list[Server]) -> None:
    """Both connections are held until both have a request; the third one was due long before it could be sent."""
    servers.append(Server(held=2))
    generator = Generator(servers[0].port, REQUEST, 200, connections=2)
    generator.run([0.0, 0.1, 0.01])  # out of order: the third is due while the second holds everybody up
    generator.close()
    assert generator.queued == 1
    assert generator.errors == 0
    assert generator.answers[2] > 0.09, "counted from the moment it was due"
    assert generator.late[2] < generator.answers[2], "the wait for a connection is not the generator's lateness"


@linux
@pytest.mark.parametrize(
    ("answer", "errors"), [(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 2), (b"", 2)], ids=["other status", "closed"]
)
def test_what_is_not_the_answer_is_an_error(servers: list[Server], answer: bytes, errors: int) -> None:
    servers.append(Server(answer=answer))
    generator = Generator(servers[0].port, REQUEST, 200, connections=2)
    generator.run([0.0, 0.001])
    generator.close()
    assert generator.errors == errors
