"""Invoke requests as bytes: what stays the same for a function is made once. Source: semantics/sync.md §1.1."""

from urllib.parse import quote

from router import __version__
from router.arn import FunctionArn
from router.model import Invocation
from router.net.sigv4 import Signer


class Call:
    """One kind of call of one function: everything but body, time and trace header."""

    __slots__ = ("_head", "_prepared")

    def __init__(self, signer: Signer, host: str, path: str, invocation: Invocation, qualifier: str | None) -> None:
        query = f"Qualifier={quote(qualifier, safe='-_.~')}" if qualifier else ""
        headers = [
            ("Host", host),
            ("Content-Type", "application/json"),
            ("X-Amz-Invocation-Type", invocation.type),
            ("X-Amz-Log-Type", "Tail" if invocation.log_tail else "None"),
        ]
        if invocation.client_context is not None:
            headers.append(("X-Amz-Client-Context", invocation.client_context))
        if invocation.tenant_id is not None:
            headers.append(("X-Amz-Tenant-Id", invocation.tenant_id))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        target = f"{path}?{query}" if query else path
        self._head = f"POST {target} HTTP/1.1\r\n{lines}User-Agent: lambda-router/{__version__}\r\n"
        self._prepared = signer.prepare("POST", path, query, headers)

    def head(self, body: bytes, trace_id: str, now: float) -> bytes:
        """Request line and headers, with the empty line. `now`: epoch seconds, as AWS's clock has them."""
        trace = f"X-Amzn-Trace-Id: {trace_id}\r\n" if is_field_value(trace_id) else ""
        return f"{self._head}Content-Length: {len(body)}\r\n{trace}{self._prepared.sign(body, now)}\r\n".encode("ascii")


def invocation_path(base_path: str, arn: FunctionArn) -> str:
    """The path of a function's Invoke API, below an endpoint's own path."""
    return f"{base_path}/2015-03-31/functions/{_encoded(arn)}/invocations"


def streaming_path(base_path: str, arn: FunctionArn) -> str:
    """The path of InvokeWithResponseStream."""
    return f"{base_path}/2021-11-15/functions/{_encoded(arn)}/response-streaming-invocations"


def _encoded(arn: FunctionArn) -> str:
    return quote(str(arn.qualified(None)), safe="-_.~")


def is_field_value(text: str) -> bool:
    """Whether a header can carry it as it is: something, and nothing but printable ASCII."""
    return text != "" and text.isascii() and text.isprintable()
