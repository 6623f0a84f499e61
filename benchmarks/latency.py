"""What each subject adds to an answer, at 10 %, 50 % and 90 % of the rate that it can do at most.

    python -m benchmarks.latency [--rounds 3] [--seconds 4] [--arrivals poisson|even]

First the most: closed loop, 64 connections. Then requests at a fixed rate (`benchmarks.open_load`: latencies count from the
moment a request was due), to the subject and, with an Invoke of the same function, straight to the stub. Added is the one
percentile less the other: medians over the rounds, at the same rate, with the same arrivals, in the same run.
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import Series, load, measure, warm
from benchmarks.open_load import ARRIVALS
from benchmarks.report import machine, markdown, publish
from benchmarks.subjects import Stub, Subject, compiled_router, gateway, hand_written, router, stub_lambda

SHARES = (0.1, 0.5, 0.9)
PERCENTILES = ("p50_ms", "p99_ms", "p999_ms")
INVOKE = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Abench/invocations"
EVENT = {
    "version": "2.0",
    "routeKey": "GET /hello/{name}",
    "rawPath": "/hello/world",
    "rawQueryString": "x=1",
    "headers": {"accept": "*/*", "host": "bench.example.com", "user-agent": "load/1"},
    "queryStringParameters": {"x": "1"},
    "pathParameters": {"name": "world"},
    "requestContext": {
        "accountId": "111122223333",
        "apiId": "bench",
        "domainName": "bench.example.com",
        "http": {
            "method": "GET",
            "path": "/hello/world",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "load/1",
        },
        "requestId": "f3b6e5a1-7d8f-4b7c-9a54-0c8f5a3c8f11",
        "routeKey": "GET /hello/{name}",
        "stage": "$default",
        "time": "14/Jul/2026:10:00:00 +0000",
        "timeEpoch": 1784023200000,
    },
    "isBase64Encoded": False,
}
LATE = 0.5
"""A row is marked where the lateness of generator or stub makes more than this share of the 99th percentile."""
KEPT_UP = 0.97
"""A row is marked where fewer answers than this share of the requests came in time."""


@dataclass
class Point:
    """One subject at one load: what its rounds saw, and what they saw at the stub alone."""

    share: float
    rate: float
    subject: list[dict[str, float]] = field(default_factory=list)
    stub: list[dict[str, float]] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """Medians: `added`, `measured` and `stub` are p50, p99 and p99.9 in ms; None where a round has too few requests.

        `late`: generator or stub were, so that they decide the figure; `kept_up`: answers came as fast as requests.
        """
        measured, stub = medians(self.subject), medians(self.stub)
        late = max(statistics.median(each["late_p99_ms"] for each in self.subject), stub[1] or 0.0)
        kept = statistics.median(each["rate"] / each["asked"] for each in self.subject)
        return {
            "share": self.share,
            "rate": self.rate,
            "added": [less(mine, zero) for mine, zero in zip(measured, stub, strict=True)],
            "measured": measured,
            "stub": stub,
            "late": late > LATE * (measured[1] or 0.0),
            "kept_up": kept >= KEPT_UP,
        }


def medians(rounds: list[dict[str, float]]) -> list[float | None]:
    """Of each percentile; None for those that not every round has."""
    return [
        statistics.median(each[name] for each in rounds) if all(name in each for each in rounds) else None
        for name in PERCENTILES
    ]


def less(mine: float | None, zero: float | None) -> float | None:
    return None if mine is None or zero is None else mine - zero


def most(subjects: list[Subject], connections: int, rounds: int, seconds: float) -> list[float]:
    """The rate of each, closed loop, median over interleaved rounds."""
    series = [Series(subject.name) for subject in subjects]
    for _ in range(rounds):
        for subject, each in zip(subjects, series, strict=True):
            with subject.running() as process:
                warm(subject.port, connections)
                measure(each, subject.port, process, connections, seconds)
    return [statistics.median(each.rates) for each in series]


def one_round(subject: Subject, stub: Stub, points: list[Point], event: Path, arguments: argparse.Namespace) -> None:
    common = ["--seconds", f"{arguments.seconds:g}", "--connections", f"{arguments.connections}"]
    common += ["--arrivals", arguments.arrivals]
    invoke = ["--path", INVOKE, "--body-file", str(event)]
    with subject.running():
        warm(subject.port, arguments.connections)
        for point in points:
            rate = ["--rate", f"{point.rate:.0f}"]
            point.stub.append(load("open_load", stub.port, *rate, *common, *invoke))
            point.subject.append(load("open_load", subject.port, *rate, *common))


def table(measured: list[tuple[str, list[dict[str, object]]]]) -> str:
    """Rows of `Point.figures` under the subjects' names, with marks and what they mean."""
    head = ("path (sync)", "load", "req/s", "added p50 / p99 / p99.9 ms", "the whole answer", "the stub alone")
    rows, marks = (
        [],
        {
            "†": "generator or stub were late: the 99th percentile is that of a machine that did other work",
            "‡": "the subject did not keep up with the rate",
        },
    )
    used = set()
    for name, points in measured:
        for point in points:
            flags = ("†" if point["late"] else "") + ("" if point["kept_up"] else "‡")
            used |= set(flags)
            times = [
                " / ".join("–" if each is None else f"{each:.2f}" for each in point[key])
                for key in ("added", "measured", "stub")
            ]
            rows.append((name, f"{point['share']:.0%}{flags}", f"{point['rate']:,.0f}", *times))
    notes = [f"{mark} {text}." for mark, text in marks.items() if mark in used]
    return "\n\n".join([markdown(head, rows), *notes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--arrivals", choices=ARRIVALS, default=ARRIVALS[0])
    arguments = parser.parse_args()
    if sys.platform != "linux":
        raise SystemExit("Latency at a given load is left out: its generator needs Linux.")
    with tempfile.TemporaryDirectory() as name, stub_lambda(Path(name)) as stub:
        folder = Path(name)
        event = folder / "event.json"
        event.write_text(json.dumps(EVENT))
        subjects = [hand_written(stub, 128), *gateway(folder, stub), router(folder, stub, "http"), router(folder, stub, "rest")]
        subjects += compiled_router(folder, stub, "http")
        rates = most(subjects, arguments.connections, arguments.rounds, arguments.seconds / 2)
        points = [[Point(share, rate * share) for share in SHARES] for rate in rates]
        for _ in range(arguments.rounds):
            for subject, each in zip(subjects, points, strict=True):
                one_round(subject, stub, each, event, arguments)
    measured = [(subject.name, [point.figures() for point in each]) for subject, each in zip(subjects, points, strict=True)]
    conditions = f"{arguments.arrivals} arrivals, {arguments.connections} connections, medians of {arguments.rounds} rounds"
    text = f"{machine()}, {conditions} of {arguments.seconds:g} s\n\n{table(measured)}"
    publish("latency", text, [{"name": name, "points": each} for name, each in measured])


if __name__ == "__main__":
    main()
