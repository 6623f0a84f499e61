"""TLS, at the door and towards Lambda: what a request costs with it, what a handshake costs, and whether sessions are resumed.

    python -m benchmarks.tls [--rounds 3] [--seconds 3]

A certificate of an authority of its own, ECDSA P-256; clients verify it. First keep-alive connections, so that only encryption
is seen. Then a new connection for each request at the door, and a Lambda endpoint that closes each connection after some
answers, so that the subject has to connect again: the stub counts connections, and those of them that resumed a session.
"""

import argparse
import http.client
import json
import ssl
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from benchmarks.measuring import Series, load, measure, warm
from benchmarks.processes import cpu_seconds
from benchmarks.report import machine, markdown, publish
from benchmarks.subjects import Certificate, Stub, Subject, compiled_router, gateway, hand_written, router, stub_lambda

CONNECTIONS = 64
RECONNECTING = 16
REQUESTS_PER_CONNECTION = 10

Cast = Callable[[Stub, Certificate | None], list[Subject]]
"""The subjects in front of a stub, with or without TLS at their doors."""


@dataclass
class Handshakes:
    """What rounds of reconnecting saw."""

    cpu: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    connections: float = 0
    resumed: float = 0

    def cells(self) -> tuple[str, str, str]:
        """Requests a second, CPU µs of a request, and the share of connections that resumed a session."""
        share = f"{self.resumed / self.connections:.0%}" if self.connections else "–"
        return (f"{statistics.median(self.rates):,.0f}", f"{statistics.median(self.cpu):.0f}", share)

    def figures(self) -> dict[str, float]:
        return {
            "rate": statistics.median(self.rates),
            "cpu_us": statistics.median(self.cpu),
            "connections": self.connections,
            "resumed": self.resumed,
        }


def certificate(folder: Path) -> Certificate:
    """A server's certificate for 127.0.0.1, and the authority that made it."""
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    made = Certificate(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    for number, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(str(made.chain), append=number > 0)
    server.private_key_pem.write_to_path(str(made.key))
    authority.cert_pem.write_to_path(str(made.authority))
    return made


def trusting(door: Certificate | None) -> list[str]:
    return [] if door is None else ["--ca", str(door.authority)]


def encryption(
    cast: Cast, stubs: dict[bool, Stub], made: Certificate, arguments: argparse.Namespace
) -> list[dict[str, object]]:
    """Keep-alive connections: each subject without TLS, with it at the door, towards Lambda, at both."""
    found: dict[str, dict[str, Series]] = {}
    for _ in range(arguments.rounds):
        for where, door, upstream in (
            ("none", None, False),
            ("door", made, False),
            ("Lambda", None, True),
            ("both", made, True),
        ):
            for subject in cast(stubs[upstream], door):
                series = found.setdefault(subject.name, {}).setdefault(where, Series(subject.name))
                with subject.running() as process:
                    warm(subject.port, CONNECTIONS, *trusting(door))
                    measure(series, subject.port, process, CONNECTIONS, arguments.seconds, *trusting(door))
    return [{"name": name, **{where: series.medians() for where, series in each.items()}} for name, each in found.items()]


def at_the_door(cast: Cast, stub: Stub, made: Certificate, arguments: argparse.Namespace) -> dict[str, dict[str, Handshakes]]:
    """A new connection for each request: plain, full handshakes, resumed sessions."""
    modes: dict[str, tuple[Certificate | None, list[str]]] = {
        "no TLS": (None, []),
        "full handshakes": (made, []),
        "sessions offered": (made, ["--resume"]),
    }
    found: dict[str, dict[str, Handshakes]] = {}
    for _ in range(arguments.rounds):
        for mode, (door, more) in modes.items():
            for subject in cast(stub, door):
                seen = found.setdefault(subject.name, {}).setdefault(mode, Handshakes())
                options = ["--reconnect", *trusting(door), *more]
                with subject.running() as process:
                    warm(subject.port, RECONNECTING, *options)
                    before = cpu_seconds(process)
                    length = ["--connections", f"{RECONNECTING}", "--seconds", f"{arguments.seconds:g}"]
                    got = load("load", subject.port, *length, *options)
                    seen.cpu.append((cpu_seconds(process) - before) / got["requests"] * 1e6)
                seen.rates.append(got["requests"] / got["seconds"])
                if door is not None:
                    seen.connections += got["connections"]
                    seen.resumed += got["resumed"]
    return found


def towards_lambda(cast: Cast, stub: Stub, arguments: argparse.Namespace) -> dict[str, Handshakes]:
    """The endpoint closes each connection after some answers; the stub says how often a session was resumed."""
    found: dict[str, Handshakes] = {}
    for _ in range(arguments.rounds):
        for subject in cast(stub, None):
            seen = found.setdefault(subject.name, Handshakes())
            with subject.running() as process:
                warm(subject.port, CONNECTIONS)
                first, before = counts(stub), cpu_seconds(process)
                got = load("load", subject.port, "--connections", f"{CONNECTIONS}", "--seconds", f"{arguments.seconds:g}")
                used, last = cpu_seconds(process) - before, counts(stub)
            seen.cpu.append(used / got["requests"] * 1e6)
            seen.rates.append(got["requests"] / got["seconds"])
            seen.connections += last["connections"] - first["connections"] - 1
            seen.resumed += last["resumed"] - first["resumed"]
    return found


def counts(stub: Stub) -> dict[str, int]:
    """What the stub has counted so far; asking is a connection, too."""
    assert stub.certificate is not None
    context = ssl.create_default_context(cafile=str(stub.certificate.authority))
    connection = http.client.HTTPSConnection("127.0.0.1", stub.port, context=context)
    connection.request("GET", "/")
    told: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return told


def encryption_table(found: list[dict[str, object]]) -> str:
    head = ("path (sync), keep-alive", "no TLS", "TLS at the door", "TLS towards Lambda", "both")
    cells = [[each[where] for where in ("none", "door", "Lambda", "both")] for each in found]
    texts = [[f"{cell['cpu_us']:.0f} µs, {cell['rate']:,.0f} req/s" for cell in row] for row in cells]
    return markdown(head, [(f"{each['name']}", *row) for each, row in zip(found, texts, strict=True)])


def door_table(found: dict[str, dict[str, Handshakes]]) -> str:
    head = ("a new connection for each request", "at the door", "req/s", "CPU µs/request", "resumed")
    return markdown(head, [(name, mode, *seen.cells()) for name, each in found.items() for mode, seen in each.items()])


def lambda_table(found: dict[str, Handshakes]) -> str:
    head = (f"the endpoint closes after {REQUESTS_PER_CONNECTION} answers", "req/s", "CPU µs/request", "resumed")
    return markdown(head, [(name, *seen.cells()) for name, seen in found.items()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = certificate(folder)

        def cast(stub: Stub, door: Certificate | None) -> list[Subject]:
            peers = [hand_written(stub, 128, door), *gateway(folder, stub, door=door)]
            return [*peers, router(folder, stub, "http", door), *compiled_router(folder, stub, "http", door)]

        with stub_lambda(folder) as plain, stub_lambda(folder, made) as secured:
            kept = encryption(cast, {False: plain, True: secured}, made, arguments)
            door = at_the_door(cast, plain, made, arguments)
        with stub_lambda(folder, made, requests_per_connection=REQUESTS_PER_CONNECTION) as closing:
            upstream = towards_lambda(cast, closing, arguments)
    conditions = f"{ssl.OPENSSL_VERSION}, medians of {arguments.rounds} rounds of {arguments.seconds:g} s"
    tables = [encryption_table(kept), door_table(door), lambda_table(upstream)]
    figures = {
        "encryption": kept,
        "door": {name: {mode: seen.figures() for mode, seen in each.items()} for name, each in door.items()},
        "lambda": {name: seen.figures() for name, seen in upstream.items()},
    }
    publish("tls", "\n\n".join([f"{machine()}, {conditions}", *tables]), figures)


if __name__ == "__main__":
    main()
