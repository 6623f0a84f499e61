"""The operator's hands on a running daemon, and on its journal after it: a dead letter is seen, redriven, and delivered."""

import json
import signal
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
listeners: {main: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
journal: {url: "sqlite:./journal"}
functions:
  work: {local: {runtime: python, handler: app.work, code: WORK}, async: {max_retries: 0}}
triggers:
  jobs: {type: lambda_api, invocation: [sync, async], functions: [work]}
"""
WORK = """\
import pathlib

def work(event, context):
    print("Working on", event["n"])
    if not pathlib.Path(event["flag"]).exists():
        raise ValueError("not yet")
    pathlib.Path(event["flag"] + ".done").write_text(context.aws_request_id)
"""


def operate(folder: Path, *args: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "router", "deliveries", *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout + (done.stderr if done.returncode else "")


def enqueue(running: Any, event: object) -> int:
    request = urllib.request.Request(
        f"{running.url()}/2015-03-31/functions/work/invocations",
        json.dumps(event).encode(),
        {"X-Amz-Invocation-Type": "Event"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return int(answer.status)


def test_a_dead_letter_is_redriven(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "app.py").write_text(WORK)
    settings = SETTINGS.replace("WORK", str(tmp_path / "work"))
    running = start(settings)
    assert enqueue(running, {"n": 1, "flag": str(tmp_path / "flag")}) == 202
    dead = running.find(lambda line: line["level"] == "error" and "delivery_id" in line)[0]["delivery_id"]

    admin = ["--admin", running.admin()]
    code, listed = operate(tmp_path, "list", "--format", "json", *admin)
    [letter] = json.loads(listed)["deliveries"]
    assert (code, letter["id"], letter["state"], letter["condition"]) == (0, dead, "dead", "RetriesExhausted")
    _, shown = operate(tmp_path, "show", dead, *admin)
    assert "function_error, status 200, request " in shown
    assert "    | Working on 1\n" in shown

    (tmp_path / "flag").touch()
    assert operate(tmp_path, "redrive", "--yes", *admin) == (0, "1 dead letter redriven.\n")
    again = running.find(lambda line: line["message"].startswith("Working on"), 2)[1]
    assert again["request_id"] != dead
    assert running.end(signal.SIGTERM) == 0

    assert (tmp_path / "flag.done").read_text() == again["request_id"]
    assert operate(tmp_path, "list", "--state", "all", "--offline") == (0, "0 deliveries\n")
    check = subprocess.run(
        [sys.executable, "-m", "router", "journal", "check"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (check.returncode, check.stdout) == (0, f"sqlite:{tmp_path / 'journal'}: nothing is wrong\n")
