"""Rounds of load on a process under test, and the medians over them."""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

import psutil

from benchmarks.processes import cores, cpu_seconds, pin


@dataclass
class Series:
    """What the rounds of one subject measured: requests a second, CPU µs of a request, latencies in ms, RSS in bytes."""

    name: str
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    rss: int = 0

    def medians(self) -> dict[str, float | str]:
        """The figures by name, as `figures` of a report keep them."""
        return {
            "name": self.name,
            "rate": statistics.median(self.rates),
            "cpu_us": statistics.median(self.cpu),
            "p50_ms": statistics.median(self.p50),
            "p99_ms": statistics.median(self.p99),
            "rss": self.rss,
        }


def load(module: str, port: int, *options: str) -> dict[str, float]:
    """What a load generator of this package saw. Raises SystemExit where an answer was wrong."""
    command = [sys.executable, "-m", f"benchmarks.{module}", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pin(process.pid, cores()[1])
    printed = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    seen: dict[str, float] = json.loads(printed)
    if seen["errors"]:
        raise SystemExit(f"{' '.join(command)}: {seen['errors']} of {seen['requests']} answers were wrong")
    return seen


def measure(series: Series, port: int, process: psutil.Process, connections: int, seconds: float, *options: str) -> None:
    """One round of `benchmarks.load`, added to the series. Raises SystemExit where nothing was answered."""
    before = cpu_seconds(process)
    seen = load("load", port, "--connections", str(connections), "--seconds", f"{seconds:g}", *options)
    used = cpu_seconds(process) - before
    if not seen["requests"]:
        raise SystemExit(f"{series.name}: nothing was answered in {seconds:g} s")
    series.rates.append(seen["requests"] / seen["seconds"])
    series.cpu.append(used / seen["requests"] * 1e6)
    series.p50.append(seen["p50_ms"])
    series.p99.append(seen["p99_ms"])
    series.rss = process.memory_info().rss


def warm(port: int, connections: int, *options: str) -> None:
    """A second of load that counts for nothing."""
    load("load", port, "--connections", str(connections), "--seconds", "1", *options)
