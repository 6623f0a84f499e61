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

import psutil

from benchmarks.sync_path import CONFIG, HERE, RESULT, STAGES, free_port, running

LOADS = 2


def rate(port: int, seconds: float) -> float:
    """Requests a second over all load generators."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), "--connections", "64", "--seconds", f"{seconds:g}"]
    loads = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(LOADS)]
    seen = [json.loads(load.communicate()[0]) for load in loads]
    assert not any(each["errors"] for each in seen), seen
    return float(sum(each["requests"] / each["seconds"] for each in seen))


def cpu(process: psutil.Process) -> float:
    """Seconds of a process and its children."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        total += times.user + times.system
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    lines = ["| processes that serve | req/s | against one | CPU µs/request, all processes |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "result.json").write_text(json.dumps(RESULT))
        stub = free_port()
        command = [sys.executable, "-m", "benchmarks.stub_lambda", "--port", str(stub)]
        command += ["--payload-file", str(folder / "result.json")]
        with running(command, stub, set()):
            first = 0.0
            for workers in dict.fromkeys((1, arguments.workers)):
                port = free_port()
                file = folder / f"{workers}.yaml"
                text = CONFIG.format(stub=stub, port=port, admin=free_port(), api="http", stage=STAGES["http"])
                file.write_text(f"{text}\nserver: {{workers: {workers}}}\n")
                with running([sys.executable, "-m", "router", "run", str(file)], port, set()) as router:
                    rate(port, 1)
                    rates, costs = [], []
                    for _ in range(arguments.rounds):
                        before = cpu(router)
                        rates.append(rate(port, arguments.seconds))
                        costs.append((cpu(router) - before) / (rates[-1] * arguments.seconds) * 1e6)
                middle = statistics.median(rates)
                first = first or middle
                lines.append(f"| {workers} | {middle:,.0f} | {middle / first:.2f} | {statistics.median(costs):.0f} |")
    text = "\n".join(lines)
    print(text)
    (HERE / "out").mkdir(exist_ok=True)
    (HERE / "out" / "many_cores.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
