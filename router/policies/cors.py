"""Cross-origin rules of a front door: whom it answers, and with which headers. Pure; shared by HTTP APIs and function URLs.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html and semantics/sync.md §4.8, §7.4.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.model import Headers, Request

_LONGEST_MAX_AGE = 86_400
_SCHEMES = {"https://*": "https://", "http://*": "http://"}


@dataclass(slots=True)
class Cors:
    """A compiled `cors:` block. The header tuples hold what does not depend on the request."""

    any_origin: bool
    origins: frozenset[str]
    schemes: tuple[str, ...]
    preflight_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may read the answer. Scheme and host of an origin are lower case (RFC 6454)."""
        return self.any_origin or origin in self.origins or origin.startswith(self.schemes)


def compile_cors(settings: Mapping[str, Any] | None) -> Cors | None:
    """`settings`: `allow_origins`, `allow_methods`, `allow_headers`, `expose_headers` (lists of text), `max_age` (seconds),
    `allow_credentials`. None where no `cors:` is declared."""
    if settings is None:
        return None
    origins: Sequence[str] = settings.get("allow_origins") or ()
    max_age = settings.get("max_age")
    credentials = (("access-control-allow-credentials", "true"),) if settings.get("allow_credentials") else ()
    preflight = (
        *_joined("access-control-allow-methods", settings.get("allow_methods")),
        *_joined("access-control-allow-headers", settings.get("allow_headers")),
        *((("access-control-max-age", str(int(max_age))),) if max_age is not None else ()),
    )
    return Cors(
        "*" in origins,
        frozenset(origin.lower() for origin in origins),
        tuple(_SCHEMES[origin] for origin in origins if origin in _SCHEMES),
        (*credentials, *preflight),
        (*credentials, *_joined("access-control-expose-headers", settings.get("expose_headers"))),
    )


def is_preflight(request: Request) -> bool:
    """An OPTIONS request with `Origin` and `Access-Control-Request-Method`: a browser's question before the real one."""
    return (
        request.method == "OPTIONS"
        and request.header("origin") is not None
        and request.header("access-control-request-method") is not None
    )


def preflight_headers(cors: Cors, request: Request) -> Headers:
    """The headers of the answer to a preflight; none where the origin is not allowed."""
    return _for_origin(cors, request, cors.preflight_headers)


def response_headers(cors: Cors, request: Request) -> Headers:
    """The headers to add to an answer; none where the request names no origin, or one that is not allowed."""
    return _for_origin(cors, request, cors.response_headers)


def check_cors(settings: Mapping[str, Any], report: Callable[..., None]) -> None:
    """Findings in a `cors:` block. AWS refuses `*` together with credentials, and so do browsers."""
    max_age = settings.get("max_age")
    if max_age is not None and not (max_age <= _LONGEST_MAX_AGE and float(max_age).is_integer()):
        report(("cors", "max_age"), "bad-max-age", "`max_age` is a number of whole seconds, at most 24h")
    if settings.get("allow_credentials") and "*" in (settings.get("allow_origins") or ()):
        report(
            ("cors", "allow_credentials"),
            "cors-credentials",
            "credentials cannot be allowed for every origin",
            help="write the origins out, or remove `allow_credentials`",
        )


def _for_origin(cors: Cors, request: Request, headers: tuple[tuple[str, str], ...]) -> Headers:
    origin = request.header("origin")
    if origin is None or not cors.allows(origin.lower()):
        return []
    return [("access-control-allow-origin", "*" if cors.any_origin else origin), *headers]


def _joined(name: str, values: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    return ((name, ",".join(values)),) if values else ()
