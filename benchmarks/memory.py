"""What the daemon keeps in memory: idle, after many requests, and for each idle connection: `python -m benchmarks.memory`.

    python -m benchmarks.memory [--requests 400000] [--connections 1000]

A leak shows as growth between the first and the last fifth of the requests. The resident size is the operating system's figure.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.sync_path import CONFIG, HERE, RESULT, STAGES, cores, free_port, pin, running

PART = 5


def load(port: int, seconds: float, pinned: set[int]) -> int:
    """Requests that were answered in so many seconds."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), "--connections", "64", "--seconds", f"{seconds:g}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pin(process.pid, pinned)
    seen = json.loads(process.communicate()[0])
    assert not seen["errors"], seen
    return int(seen["requests"])


async def idle(port: int, connections: int, process: psutil.Process) -> float:
    """Bytes for each connection that has had one answer and is kept open."""
    before = process.memory_info().rss
    request = b"GET /hello/world?x=1 HTTP/1.1\r\nHost: bench.example.com\r\n\r\n"
    pairs = []
    for _ in range(connections):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        await reader.readuntil(b"}")
        pairs.append((reader, writer))
    after = process.memory_info().rss
    for _, writer in pairs:
        writer.close()
    return (after - before) / connections


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=400_000)
    parser.add_argument("--connections", type=int, default=1000)
    arguments = parser.parse_args()
    ours, theirs = cores()
    lines = ["| | RSS |", "|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "result.json").write_text(json.dumps(RESULT))
        stub, port = free_port(), free_port()
        file = folder / "router.yaml"
        file.write_text(CONFIG.format(stub=stub, port=port, admin=free_port(), api="http", stage=STAGES["http"]))
        stub_command = [sys.executable, "-m", "benchmarks.stub_lambda", "--port", str(stub)]
        stub_command += ["--payload-file", str(folder / "result.json")]
        with (
            running(stub_command, stub, theirs),
            running([sys.executable, "-m", "router", "run", str(file)], port, ours) as router,
        ):
            lines.append(f"| idle, after the start | {router.memory_info().rss / 2**20:.1f} MiB |")
            served = load(port, 3, theirs)
            part = max(1.0, arguments.requests / PART / (served / 3))
            for _ in range(PART):
                served += load(port, part, theirs)
                lines.append(f"| after {served:,} requests | {router.memory_info().rss / 2**20:.1f} MiB |")
            each = asyncio.run(idle(port, arguments.connections, router))
            lines.append(f"| each of {arguments.connections:,} idle keep-alive connections | {each / 1024:.1f} KiB |")
    text = "\n".join(lines)
    print(text)
    (HERE / "out").mkdir(exist_ok=True)
    (HERE / "out" / "memory.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
