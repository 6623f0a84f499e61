"""The daemon as a process, and what it logs."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds after which what was waited for does not come any more."""


class Running:
    """`lambda-router run` with these arguments in a folder. `lines`: its log, parsed; `text`: the lines of standard error."""

    def __init__(self, folder: Path, *arguments: str, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "router", "run", *arguments]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
        self.lines: list[dict[str, Any]] = []
        self.text: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._more:
                self.text.append(line)
                if line.startswith("{"):
                    self.lines.append(json.loads(line))
                self._more.notify_all()
        self.process.wait()
        with self._more:
            self._more.notify_all()

    def find(self, fits: Callable[[dict[str, Any]], bool], count: int = 1) -> list[dict[str, Any]]:
        """The first `count` log lines that fit; waits for them."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines if fits(line)][:count]

        with self._more:
            self._more.wait_for(lambda: len(found()) == count or self.process.poll() is not None, PATIENCE)
            lines = found()
        assert len(lines) == count, f"not logged:\n{''.join(self.text)}"
        return lines

    def logged(self, message: str, **fields: Any) -> dict[str, Any]:
        """The first log line with this message and these fields; waits for it."""
        return self.find(lambda line: line["message"] == message and fields.items() <= line.items())[0]

    def printed(self, function: str, count: int) -> list[Any]:
        """The first JSON lines that a function printed; waits for them."""
        lines = self.find(lambda line: line.get("function") == function and line["message"].startswith("{"), count)
        return [json.loads(line["message"]) for line in lines]

    def address(self, listener: str = "main") -> str:
        """`host:port` of a listener; waits until it is up."""
        return str(self.logged("Listening.", listener=listener)["address"])

    def url(self, listener: str = "main") -> str:
        """Of a listener, without trailing slash."""
        return f"http://{self.address(listener)}"

    def admin(self) -> str:
        """The URL of the admin listener."""
        return f"http://{self.logged('The admin listener is up.')['address']}"

    def wait(self) -> int:
        """Its exit code, once it has ended and everything that it logged is here."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def end(self, number: int) -> int:
        """Send a signal, and wait for its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def close(self) -> None:
        """Kill it where it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()
