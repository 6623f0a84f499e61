"""Where the router's time goes on the synchronous path, under load: `make profile`.

    python -m benchmarks.flame_graph [--seconds 10] [--rate 500] [--api http|rest] [--native] [--reconnect]

py-spy looks at the running daemon, which needs no change for it, `--rate` times a second. Writes benchmarks/out/flame_graph.svg
and prints the functions that most samples were in: by themselves, and with what they call.
"""

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.processes import cores, pin
from benchmarks.report import OUT, markdown, publish
from benchmarks.subjects import STAGES, router, stub_lambda
from benchmarks.tls import REQUESTS_PER_CONNECTION, certificate

CONNECTIONS = 64
TOP = 25
WAITING = ("_worker (concurrent/futures/thread.py:",)
"""Innermost functions of threads that wait for work; py-spy takes them for busy now and then, where cores are scarce."""
NOT_ALLOWED = """
py-spy may not look at the process. It needs the right to ptrace:
  - run `sudo make profile`, or
  - on Linux, `echo 0 | sudo tee /proc/sys/kernel/yama/ptrace_scope` (until the next start of the machine);
  - in a container, start it with `--cap-add SYS_PTRACE`."""


def binary() -> str | None:
    """The path of py-spy; None where it is not installed."""
    return shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")


def record(executable: str, pid: int, arguments: argparse.Namespace, form: str, file: Path) -> None:
    """Samples of the process. Raises SystemExit with advice where the system does not allow it."""
    command = [executable, "record", "--pid", str(pid), "--format", form, "--output", str(file)]
    command += ["--duration", f"{arguments.seconds:g}", "--rate", f"{arguments.rate}", "--function"]
    if arguments.native:
        command.append("--native")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    pin(process.pid, cores()[1])
    said = process.communicate()[0]
    if process.returncode or not file.exists():
        denied = any(word in said for word in ("ermission", "not permitted", "ptrace"))
        raise SystemExit(f"{said.strip()}{NOT_ALLOWED if denied else ''}")


def counted(stacks: Iterable[str]) -> tuple[Counter[str], Counter[str], int]:
    """Samples by function: alone, with what it calls; and all. A line is `outer;…;inner count`, as `--format raw` writes it."""
    alone: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in stacks:
        frames, _, number = line.rpartition(" ")
        names = frames.split(";")
        if names[-1].startswith(WAITING):
            continue
        alone[names[-1]] += int(number)
        for name in set(names):
            whole[name] += int(number)
    return alone, whole, alone.total()


def table(stacks: Iterable[str]) -> str:
    """The functions with the most samples of their own."""
    alone, whole, total = counted(stacks)
    rows = [(f"`{name}`", f"{number / total:.1%}", f"{whole[name] / total:.1%}") for name, number in alone.most_common(TOP)]
    return markdown(("function", "alone", "with what it calls"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=int, default=500, help="samples a second")
    parser.add_argument("--api", choices=sorted(STAGES), default="http")
    parser.add_argument("--native", action="store_true", help="with frames of C extensions")
    parser.add_argument("--reconnect", action="store_true", help="towards an endpoint with TLS that closes its connections")
    arguments = parser.parse_args()
    executable = binary()
    if executable is None:
        raise SystemExit("The flame graph is left out: `pip install py-spy` brings what it needs.")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        secured = certificate(folder) if arguments.reconnect else None
        closing = REQUESTS_PER_CONNECTION if arguments.reconnect else 0
        with stub_lambda(folder, secured, requests_per_connection=closing) as stub:
            subject = router(folder, stub, arguments.api)
            with subject.running() as process:
                # More load than both recordings take: it is ended, not waited for.
                command = [sys.executable, "-m", "benchmarks.load", str(subject.port), "--connections", str(CONNECTIONS)]
                load = subprocess.Popen([*command, "--seconds", "3600"], stdout=subprocess.DEVNULL)
                pin(load.pid, cores()[1])
                try:
                    record(executable, process.pid, arguments, "raw", folder / "stacks.txt")
                    record(executable, process.pid, arguments, "flamegraph", OUT / "flame_graph.svg")
                finally:
                    load.terminate()
                    load.wait()
        publish("flame_graph", table((folder / "stacks.txt").read_text().splitlines()))
    print(f"\n{OUT / 'flame_graph.svg'}")


if __name__ == "__main__":
    main()
