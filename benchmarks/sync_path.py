"""The synchronous path, beside what a user would write, in the same run: `make bench`.

One stub Lambda endpoint answers everybody. The process under test is pinned to one core, stub and load generator to the others
(where the system lets us pin). Rounds are interleaved and medians reported, because machines are noisy; the ratios are what
counts. Prints a Markdown table and writes it to benchmarks/out/sync_path.md.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.measuring import Series, measure, warm
from benchmarks.report import machine, markdown, publish
from benchmarks.subjects import (
    HAND_WRITTEN,
    PASSTHROUGH,
    Stub,
    Subject,
    compiled_router,
    gateway,
    hand_written,
    router,
    stub_lambda,
)

HEAD = ("path (sync)", "req/s on one core", "CPU µs/request", "CPU against aiobotocore (128)", "p50 / p99 ms", "RSS MiB")


def subjects(folder: Path, stub: Stub) -> list[Subject]:
    peers = [hand_written(stub, 10), hand_written(stub, 128)]
    peers += [*gateway(folder, stub), *gateway(folder, stub, PASSTHROUGH)]
    apis = ("http", "rest")
    plain = [router(folder, stub, api) for api in apis]
    return [*peers, *plain, *(each for api in apis for each in compiled_router(folder, stub, api))]


def table(measured: list[Series]) -> str:
    """Medians, and the CPU against what a user would write with a pool that is large enough."""
    medians = [each.medians() for each in measured]
    reference = next(each["cpu_us"] for each in medians if each["name"] == HAND_WRITTEN.format(pool=128))
    rows = [
        (
            f"{each['name']}",
            f"{each['rate']:,.0f}",
            f"{each['cpu_us']:.0f}",
            f"{float(each['cpu_us']) / float(reference):.2f}",
            f"{each['p50_ms']:.1f} / {each['p99_ms']:.1f}",
            f"{float(each['rss']) / 2**20:.0f}",
        )
        for each in medians
    ]
    return markdown(HEAD, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, stub_lambda(Path(name)) as stub:
        chosen = subjects(Path(name), stub)
        measured = [Series(subject.name) for subject in chosen]
        for number in range(arguments.rounds + 1):
            for subject, series in zip(chosen, measured, strict=True):
                with subject.running() as process:
                    warm(subject.port, arguments.connections)
                    if number:
                        measure(series, subject.port, process, arguments.connections, arguments.seconds)
    conditions = f"{arguments.connections} connections, medians of {arguments.rounds} rounds of {arguments.seconds:g} s"
    text = f"{machine()}, {conditions}\n\n{table(measured)}"
    publish("sync_path", text, [each.medians() for each in measured])


if __name__ == "__main__":
    main()
