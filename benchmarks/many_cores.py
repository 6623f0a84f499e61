"""Throughput with one and with several processes that serve: `python -m benchmarks.many_cores [--workers 2] [--seconds 4]`.

Nothing is pinned: doors, engine, stub and load generators share the machine's cores, as they would on a small one. Where these
need as much as the router, two doors on two cores cannot double anything; on more cores they can.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.compiled import daemon
from benchmarks.processes import cpu_seconds, free_port, running
from benchmarks.report import markdown, publish
from benchmarks.subjects import configuration, stub_lambda

LOADS = 2


def rate(port: int, seconds: float) -> float:
    """Requests a second over all load generators."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), "--connections", "64", "--seconds", f"{seconds:g}"]
    loads = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(LOADS)]
    seen = [json.loads(load.communicate()[0]) for load in loads]
    assert not any(each["errors"] for each in seen), seen
    return float(sum(each["requests"] / each["seconds"] for each in seen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stub_lambda(folder, pinned=set()) as stub:
            first = 0.0
            for workers in dict.fromkeys((1, arguments.workers)):
                port = free_port()
                file = folder / f"{workers}.yaml"
                file.write_text(f"{configuration(stub, port)}\nserver: {{workers: {workers}}}\n")
                with running(daemon(file), port, set()) as router:
                    rate(port, 1)
                    rates, costs = [], []
                    for _ in range(arguments.rounds):
                        before = cpu_seconds(router)
                        rates.append(rate(port, arguments.seconds))
                        costs.append((cpu_seconds(router) - before) / (rates[-1] * arguments.seconds) * 1e6)
                middle = statistics.median(rates)
                first = first or middle
                rows.append((f"{workers}", f"{middle:,.0f}", f"{middle / first:.2f}", f"{statistics.median(costs):.0f}"))
    head = ("processes that serve", "req/s", "against one", "CPU µs/request, all processes")
    publish("many_cores", markdown(head, rows))


if __name__ == "__main__":
    main()
