"""Outlives the router by a moment: when the router dies, by SIGKILL too, this kills the function processes it left behind.

Standard input is a pipe whose other end only the router holds. Lines: `+<pid>` a process group was started, `-<pid>` it is
gone. At the end of the stream every group still on the list is killed.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    groups = set()  # of process group ids
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            groups.add(pid)
        else:
            groups.discard(pid)
    for pid in groups:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main()
