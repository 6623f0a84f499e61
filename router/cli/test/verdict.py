"""How a run of tests ended: the exit codes."""

from enum import IntEnum


class Verdict(IntEnum):
    """Also the exit code."""

    PASSED = 0
    FAILED = 1
    NONE = 3
    EMPTY = 5
