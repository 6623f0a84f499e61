"""How a conversation asks for its `auth:` block, and what it tells a caller that must prove who it is.

The head of a request is judged first; the body is read here only where a check has to see it.
"""

from collections.abc import Generator
from typing import Any

from router.errors import RequestError, Unauthorized
from router.model import Headers, ReadBody, Request, Step
from router.policies.webhook_auth import Auth


def authorize(request: Request, auth: Auth, limit: int) -> Generator[Step, Any, bytes | None]:
    """The body where a check had to read it, else None. Raises Unauthorized, Forbidden, and what `ReadBody` throws."""
    pending = auth.admit(request)
    if not pending:
        return None
    body: bytes = yield ReadBody(limit)
    for verify in pending:
        verify(body)
    return body


def authorized_body(request: Request, auth: Auth, limit: int) -> Generator[Step, Any, bytes]:
    """The body of a request that may pass. Raises as `authorize` does."""
    body = yield from authorize(request, auth, limit)
    if body is None:
        body = yield ReadBody(limit)
    return body


def challenge(error: RequestError, status: int) -> Headers:
    """The `WWW-Authenticate` header that belongs to a 401, where the scheme has one (RFC 9110 §15.5.2)."""
    if status == 401 and isinstance(error, Unauthorized) and error.challenge is not None:
        return [("www-authenticate", error.challenge)]
    return []
