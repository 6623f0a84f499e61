"""Virtual time: it moves when something takes time, and is set to what is due next. No simulation ever sleeps."""


class VirtualClock:
    """The `Clock` port.

    What happens side by side is played one after the other, each from its own moment on; so `set` may also go back.
    """

    def __init__(self, now: float) -> None:
        self._start = now
        self._now = now
        self.latest = now
        """The latest moment that there was."""

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now - self._start

    def elapsed(self, since: float | None = None) -> float:
        """Seconds since the start, or since another moment; without the noise that epoch seconds carry."""
        return round(self._now - (self._start if since is None else since), 6)

    def advance(self, seconds: float) -> None:
        """Something took so long."""
        self.set(self._now + seconds)

    def set(self, now: float) -> None:
        """It is `now` (epoch seconds)."""
        self._now = now
        self.latest = max(self.latest, now)
