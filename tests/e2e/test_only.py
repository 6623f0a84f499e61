"""A part of a file: `run --only` opens the listeners of the triggers that are meant, and no others."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import PATIENCE

pytestmark = pytest.mark.slow

SETTINGS = """
version: 1
listeners: {main: "127.0.0.1:0", other: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
journal: {url: "sqlite:./journal"}
functions:
  work: {local: {runtime: python, handler: app.show, code: PRINTER}}
triggers:
  calls: {type: lambda_api, invocation: sync, listener: main, functions: [work], labels: {part: front}}
  later: {type: lambda_api, invocation: async, listener: other, functions: [work]}
"""


@pytest.mark.parametrize("demand", ["sync", "label=part", "label=part=front"])
def test_only_what_is_meant(start: Callable[..., Any], tmp_path: Path, demand: str) -> None:
    running = start(SETTINGS, "--only", demand)
    admin = running.admin()
    with urllib.request.urlopen(f"{admin}/status", timeout=PATIENCE) as answer:
        status = json.loads(answer.read())
    assert ([*status["triggers"]], sorted(status["listeners"])) == (["calls"], ["admin", "main"])
    assert not (tmp_path / "journal").exists()

    command = [sys.executable, "-m", "router", "deliveries", "list", "--admin", admin]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    expected = f"lambda-router: The daemon at {admin} has no journal open: none of its triggers accepts events.\n"
    assert (done.returncode, done.stderr) == (1, expected)
