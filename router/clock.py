"""The time of the operating system."""

import time


class SystemClock:
    """The `Clock` port over it."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
