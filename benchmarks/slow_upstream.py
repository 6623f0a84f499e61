"""A function that takes 50 ms, and 256 callers: what each subject makes of it.

    python -m benchmarks.slow_upstream [--delay-ms 50] [--connections 256] [--rounds 3] [--seconds 4]

Nobody can do more than callers / delay; what is missing there is a pool too small, or a core too slow.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.measuring import Series, measure, warm
from benchmarks.report import machine, markdown, publish
from benchmarks.subjects import compiled_router, gateway, hand_written, router, stub_lambda

HEAD = ("path (sync)", "req/s", "of the most that can be", "p50 / p99 ms", "CPU µs/request", "RSS MiB")


def row(medians: dict[str, float | str], bound: float) -> tuple[str, ...]:
    rate, rss = float(medians["rate"]), float(medians["rss"])
    latency = f"{medians['p50_ms']:.1f} / {medians['p99_ms']:.1f}"
    cpu = f"{medians['cpu_us']:.0f}"
    return (f"{medians['name']}", f"{rate:,.0f}", f"{rate / bound:.0%}", latency, cpu, f"{rss / 2**20:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--delay-ms", type=float, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, stub_lambda(Path(name), delay_ms=arguments.delay_ms) as stub:
        folder = Path(name)
        subjects = [hand_written(stub, 10), hand_written(stub, 128), *gateway(folder, stub), router(folder, stub, "http")]
        subjects += compiled_router(folder, stub, "http")
        measured = [Series(subject.name) for subject in subjects]
        for _ in range(arguments.rounds):
            for subject, series in zip(subjects, measured, strict=True):
                with subject.running() as process:
                    warm(subject.port, arguments.connections)
                    measure(series, subject.port, process, arguments.connections, arguments.seconds)
    bound = arguments.connections / arguments.delay_ms * 1000
    conditions = (
        f"{arguments.delay_ms:g} ms upstream, {arguments.connections} callers (so {bound:,.0f} req/s at most),"
        f" medians of {arguments.rounds} rounds of {arguments.seconds:g} s"
    )
    medians = [series.medians() for series in measured]
    text = f"{machine()}, {conditions}\n\n{markdown(HEAD, [row(each, bound) for each in medians])}"
    figures = {"bound": bound, "delay_ms": arguments.delay_ms, "connections": arguments.connections, "subjects": medians}
    publish("slow_upstream", text, figures)


if __name__ == "__main__":
    main()
