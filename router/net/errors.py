"""What can go wrong between a request and its answer; every error knows whether the request may have been carried out.

`sent` is False only where the request provably did not leave whole: then nobody can have acted on it and repeating it is
safe. Bytes that the kernel has taken count as sent.
"""

from router.errors import RouterError


class ExchangeError(RouterError):
    """No usable answer came. `sent`: whether the request may have left whole."""

    def __init__(self, message: str, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class ConnectFailed(ExchangeError):
    """No connection could be made: name resolution, TCP, TLS, or the pool is closed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class ConnectionLost(ExchangeError):
    """The connection broke before the answer was whole."""


class ResponseInvalid(ExchangeError):
    """What came back is not an HTTP/1.1 answer that this client takes: malformed, or over a limit."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=True)


class DeadlinePassed(ExchangeError):
    """The caller's time, or the limit of the exchange, passed before the answer was whole."""
