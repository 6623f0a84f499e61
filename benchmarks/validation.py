"""`lambda-router validate` as whole processes: its start on a small file, and a configuration of 5,000 routes, beside peers.

    python -m benchmarks.validation [--rounds 7] [--routes 5000]

Peers get files of the same number of routes: `check-jsonschema` checks the same configuration against our exported schema (so
shape alone, without positions, meaning or references), and `cfn-lint` a CloudFormation template. Where a peer takes long it
runs once, and where it takes longer than two minutes that is all that is said.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import machine, publish

BIN = Path(sys.executable).parent
PER_TRIGGER = 250
FUNCTIONS = 50
LONGEST = 120.0
"""Seconds that a peer may take."""


def configuration(routes: int) -> str:
    """So many routes in HTTP APIs of 250 each; every other one is written as a map."""
    lines = ["version: 1", "functions:"]
    lines += [f"  f{number}: arn:aws:lambda:eu-west-1:111122223333:function:f{number}" for number in range(FUNCTIONS)]
    lines.append("triggers:")
    for first in range(0, routes, PER_TRIGGER):
        name = f"shop{first // PER_TRIGGER}"
        lines += [f"  {name}:", "    type: api_gateway", "    api: http", "    invocation: sync"]
        lines += [f"    hosts: [{name}.example.com]", "    routes:"]
        for number in range(first, min(first + PER_TRIGGER, routes)):
            function = f"f{number % FUNCTIONS}"
            lines.append(f"      GET /r{number}/{{id}}: {f'{{function: {function}}}' if number % 2 else function}")
    return "\n".join(lines) + "\n"


def template(routes: int) -> str:
    """A CloudFormation template with so many routes."""
    resources: dict[str, object] = {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a", "ProtocolType": "HTTP"}}
    }
    for number in range(routes):
        properties = {"ApiId": {"Ref": "Api"}, "RouteKey": f"GET /r{number}/{{id}}"}
        resources[f"R{number}"] = {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, indent=1)


@dataclass(slots=True)
class Subject:
    """One command; `long`: seconds from which on it runs only once."""

    name: str
    command: Sequence[str]
    accepts: tuple[int, ...] = (0,)
    seconds: list[float] = field(default_factory=list)
    note: str = ""

    def run(self) -> None:
        """Once, with its wall time."""
        if self.note:
            return
        began = time.perf_counter()
        try:
            done = subprocess.run(self.command, capture_output=True, text=True, timeout=LONGEST, check=False)
        except subprocess.TimeoutExpired:
            self.note = f"more than {LONGEST:g} s"
            return
        except OSError:
            self.note = "not installed"
            return
        if done.returncode not in self.accepts:
            raise RuntimeError(f"{self.name} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.seconds.append(time.perf_counter() - began)


def subjects(folder: Path, routes: int) -> list[Subject]:
    """Ours and the peers', with files written into `folder`."""
    small, large, schema, cloud = (folder / name for name in ("small.yaml", "large.yaml", "schema.json", "template.json"))
    small.write_text(configuration(1))
    large.write_text(configuration(routes))
    cloud.write_text(template(routes))
    ours = [str(BIN / "lambda-router"), "validate"]
    shown = subprocess.run([str(BIN / "lambda-router"), "schema"], capture_output=True, text=True, check=True).stdout
    schema.write_text(shown)
    checker = [str(BIN / "check-jsonschema"), "--schemafile", str(schema)]
    small_cloud = folder / "small.json"
    small_cloud.write_text(template(1))
    linter = [str(BIN / "cfn-lint"), "--non-zero-exit-code", "none", "--template"]
    return [
        Subject("python -c pass", [sys.executable, "-c", "pass"]),
        Subject("python -c 'import yaml, jsonschema'", [sys.executable, "-c", "import yaml, jsonschema"]),
        Subject("lambda-router validate, 1 route", [*ours, str(small)]),
        Subject("check-jsonschema, 1 route", [*checker, str(small)]),
        Subject("cfn-lint, 1 route", [*linter, str(small_cloud)]),
        Subject(f"lambda-router validate, {routes:,} routes", [*ours, str(large)]),
        Subject(f"check-jsonschema, {routes:,} routes", [*checker, str(large)]),
        Subject(f"cfn-lint, {routes:,} routes", [*linter, str(cloud)]),
    ]


def table(measured: Sequence[Subject]) -> str:
    """Markdown."""
    nothing = statistics.median(measured[0].seconds)
    lines = ["| command | wall ms, median (least) | more than `python -c pass` |", "|---|---|---|"]
    for each in measured:
        if each.note:
            lines.append(f"| {each.name} | {each.note} | |")
            continue
        middle, least = statistics.median(each.seconds), min(each.seconds)
        lines.append(f"| {each.name} | {middle * 1000:,.0f} ({least * 1000:,.0f}) | {(middle - nothing) * 1000:,.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--routes", type=int, default=5000)
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        os.environ["PYTHONPYCACHEPREFIX"] = f"{name}/compiled"
        measured = subjects(Path(name), arguments.routes)
        for subject in measured:
            subject.run()  # compiles the modules; not counted, unless it takes long
        for _ in range(arguments.rounds):
            for subject in measured:
                if not (subject.seconds and subject.seconds[0] > 10):
                    subject.run()
        for subject in measured:
            if len(subject.seconds) > 1:
                del subject.seconds[0]
    publish("validation", f"{machine()}\n\n{table(measured)}")


if __name__ == "__main__":
    main()
