"""The supervisor over processes that do next to nothing, in a program of its own: it forks."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys
from router.processes.supervisor import Member, Supervisor

def engine(started, life):
    {engine}
    signal.pause()

def door(started, life):
    os.write(1, b"a door ")
    {door}
    started()
    signal.pause()

def other(started, life):
    os.write(1, b"another")
    os.kill(os.getppid(), signal.SIGTERM)
    started()
    signal.pause()

members = [Member("door", door), Member("other", other)]
sys.exit(Supervisor(Member("engine", engine), members, 10.0).run())
"""


@pytest.mark.parametrize(
    ("engine", "door", "said", "code"),
    [
        ("started()", "", b"a door another", 0),
        ("os.kill(os.getppid(), signal.SIGTERM)", "", b"", 0),
        ("return 7", "", b"", 7),
        ("os.kill(os.getpid(), signal.SIGKILL)", "", b"", 247),
        (
            "started(); signal.signal(signal.SIGTERM, signal.SIG_IGN)",
            "os.kill(os.getppid(), signal.SIGHUP); os.kill(os.getppid(), signal.SIGINT)",
            b"a door ",
            0,
        ),
    ],
    ids=["up", "told to end while it starts", "an end instead of a start", "killed while it starts", "impatient"],
)
def test_how_it_ends(engine: str, door: str, said: bytes, code: int) -> None:
    program = PROGRAM.format(engine=engine, door=door)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == (said.strip(), code), done.stderr
