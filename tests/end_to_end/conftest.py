"""A whole daemon in this process, local functions included; and Step Functions on a `ministack` server of its own."""

import os
import re
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from router.config import load
from router.files import LocalFiles
from router.generation import LocalSelection
from router.runtime import Daemon

Serve = Callable[..., Awaitable[Daemon]]


@pytest.fixture
async def serve(tmp_path: Path, clean_environment: None) -> AsyncIterator[Serve]:
    """`await serve(yaml, code, **variables)`: a started daemon on a free port; `code` is the module `app` of its functions."""
    async with AsyncExitStack() as stack:

        async def started(text: str, code: str, **variables: str) -> Daemon:
            (tmp_path / "app.py").write_text(code)
            file = tmp_path / "router.yaml"
            file.write_text("version: 1\nlisteners: {main: 127.0.0.1:0}\nadmin: {listen: 127.0.0.1:0}\n" + text)
            loaded = load([str(file)], files=LocalFiles(), env={**os.environ, **variables})
            assert loaded.config is not None, loaded.problems
            daemon = Daemon(loaded.config, LocalSelection(), os.environ)
            stack.push_async_callback(daemon.close)
            await daemon.start()
            return daemon

        yield started


@pytest.fixture(scope="session")
def ministack(ministack_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a ministack server."""
    folder = tmp_path_factory.mktemp("ministack")
    command = [ministack_python, "-m", "hypercorn", "ministack.app:app", "--bind", "127.0.0.1:0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["TMPDIR"] = str(folder)
    server = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert server.stderr is not None
    drain = threading.Thread(target=server.stderr.read, daemon=True)
    try:
        seen: list[str] = []
        for line in server.stderr:
            seen.append(line)
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                break
        else:
            pytest.fail(f"ministack did not start:\n{''.join(seen)}")
        drain.start()
        yield found[1]
    finally:
        server.terminate()
        server.wait(30)
        if drain.ident is not None:
            drain.join(30)
        server.stderr.close()
