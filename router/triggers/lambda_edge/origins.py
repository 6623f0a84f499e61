"""Origins: those that the configuration declares, as events show them, and what an origin-request function makes of them.

A function may change path, custom headers and times of the origin that it was given, and may switch to another one that the
behavior declares. A switch to anywhere else is refused: otherwise whoever writes a function decides what the router
connects to.
Source: semantics/sync.md §9.2, §9.4.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from router.model import Origin
from router.triggers._refusals import BadResponse
from router.triggers.lambda_edge.headers import HeaderMap, as_json, is_forbidden_as_custom, parse_map

TLS_PROTOCOL = "TLSv1.2"
"""The oldest that the router speaks, and so the one that an origin's `sslProtocols` must name."""
_SSL_PROTOCOLS = frozenset({"TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3"})
_PATH = re.compile(r"(?:/[^\x00-\x20\x7f?#\ud800-\udfff]*[^\x00-\x20\x7f?#/\ud800-\udfff])?")
_DOMAIN = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_PATH = 255
_LONGEST_TIME = 120
_LONGEST_DOMAIN = {"custom": 253, "s3": 128}
_CUSTOM_KEYS = (
    "customHeaders",
    "domainName",
    "keepaliveTimeout",
    "path",
    "port",
    "protocol",
    "readTimeout",
    "sslProtocols",
)
_S3_KEYS = ("authMethod", "customHeaders", "domainName", "path")


class UndeclaredOrigin(BadResponse):
    """The function switched to an origin that the behaviour does not declare."""

    name = "undeclared_origin"


@dataclass(slots=True, frozen=True)
class DeclaredOrigin:
    """An origin with what CloudFront adds to the connection. `custom_headers` has no name twice."""

    kind: Literal["custom", "s3"]
    server: Origin
    path: str
    custom_headers: HeaderMap
    region: str = ""

    def event(self) -> dict[str, Any]:
        """The `origin` object of origin events."""
        server = self.server
        shown: dict[str, Any] = {
            "customHeaders": as_json(self.custom_headers),
            "domainName": server.host,
            "path": self.path,
            "readTimeout": int(server.read_timeout),
        }
        if server.completion_timeout is not None:
            shown["responseCompletionTimeout"] = int(server.completion_timeout)
        if self.kind == "s3":
            return {"s3": shown | {"authMethod": "none", "region": self.region}}
        return {
            "custom": shown
            | {
                "keepaliveTimeout": int(server.keepalive_timeout),
                "port": server.port,
                "protocol": "https" if server.tls else "http",
                "sslProtocols": [TLS_PROTOCOL],
            }
        }


# --- declared --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class OriginUrl:
    """The parts of an origin's URL."""

    tls: bool
    host: str
    port: int
    path: str


def parse_url(url: str) -> OriginUrl:
    """Raises ValueError that says what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is not `http://host` or `https://host`, perhaps with a port and a path")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it has a user, a query or a fragment")
    if ":" in parts.hostname:
        raise ValueError("an origin's domain name has no colon, so that an IPv6 address needs a host name")
    if len(parts.hostname) > _LONGEST_DOMAIN["custom"]:
        raise ValueError("its host name is longer than 253 characters")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not _is_port(port):
        raise ValueError("CloudFront's origins have the ports 80, 443 and 1024 to 65535")
    path = parts.path.rstrip("/")
    if len(path) > _LONGEST_PATH or _PATH.fullmatch(path) is None:
        raise ValueError("its path is longer than 255 characters, or cannot be sent")
    return OriginUrl(parts.scheme == "https", parts.hostname, port, path)


def declared(settings: Mapping[str, Any]) -> DeclaredOrigin:
    """The compiled form of an origin's settings."""
    url = parse_url(settings["url"])
    server = Origin(
        url.tls,
        url.host,
        url.port,
        settings["connection_attempts"],
        settings["connection_timeout"],
        settings["read_timeout"],
        settings["keepalive_timeout"],
        settings.get("response_completion_timeout"),
        settings.get("ca"),
    )
    headers = {name.lower(): [(name, value)] for name, value in settings["custom_headers"].items()}
    return DeclaredOrigin(settings["type"], server, url.path, headers, settings.get("region") or "")


def _is_port(port: int) -> bool:
    return port in (80, 443) or 1024 <= port <= 65535


# --- chosen by a function --------------------------------------------------------------------------------------------


def chosen(value: Any, current: DeclaredOrigin, others: tuple[DeclaredOrigin, ...], headers: HeaderMap) -> DeclaredOrigin:
    """The origin that a function returned. Raises BadResponse, UndeclaredOrigin. `headers`: those of the returned request."""
    if value is None:
        return current
    kinds = [kind for kind in ("custom", "s3") if isinstance(value, dict) and value.get(kind) is not None]
    if len(kinds) != 1 or not isinstance(value[kinds[0]], dict):
        raise BadResponse("origin does not hold exactly one of custom and s3")
    written = value[kinds[0]]
    domain = _domain(written, kinds[0])
    origin = (_custom if kinds[0] == "custom" else _s3)(written, domain, (current, *others))
    custom_headers = parse_map(written["customHeaders"])
    for name in custom_headers:
        if is_forbidden_as_custom(name):
            raise BadResponse(f"customHeaders may not hold {name}")
        if name in headers:
            raise BadResponse(f"{name} is in customHeaders and in the request's headers")
    return replace(origin, path=_path(written), custom_headers=custom_headers)


def _custom(written: Mapping[str, Any], domain: str, candidates: tuple[DeclaredOrigin, ...]) -> DeclaredOrigin:
    _require(written, _CUSTOM_KEYS)
    port, protocol = written["port"], written["protocol"]
    if not _is_integer(port) or not _is_port(port):
        raise BadResponse("origin.custom.port is not 80, 443 or 1024 to 65535")
    if protocol not in ("http", "https"):
        raise BadResponse("origin.custom.protocol is neither http nor https")
    _check_ssl_protocols(written["sslProtocols"], protocol)
    found = _find(candidates, "custom", (protocol == "https", domain, port), f"{protocol}://{domain}:{port}")
    read_timeout = _seconds(written, "readTimeout")
    return replace(
        found,
        server=replace(
            found.server,
            read_timeout=read_timeout,
            keepalive_timeout=_seconds(written, "keepaliveTimeout"),
            completion_timeout=_completion(written, read_timeout, found),
        ),
    )


def _s3(written: Mapping[str, Any], domain: str, candidates: tuple[DeclaredOrigin, ...]) -> DeclaredOrigin:
    _require(written, _S3_KEYS)
    if written["authMethod"] == "origin-access-identity":
        raise BadResponse("authMethod origin-access-identity needs CloudFront; the router can only use none")
    if written["authMethod"] != "none":
        raise BadResponse("origin.s3.authMethod is neither none nor origin-access-identity")
    region = written.get("region") or ""
    if not isinstance(region, str):
        raise BadResponse("origin.s3.region is not text")
    servers = {origin.server.host: origin.server for origin in candidates if origin.kind == "s3"}
    server = servers.get(domain)
    wanted = (server.tls, domain, server.port) if server is not None else (True, domain, 443)
    found = _find(candidates, "s3", wanted, f"https://{domain}")
    read_timeout = _seconds(written, "readTimeout") if "readTimeout" in written else found.server.read_timeout
    completion = _completion(written, read_timeout, found)
    return replace(found, region=region, server=replace(found.server, read_timeout=read_timeout, completion_timeout=completion))


def _find(candidates: tuple[DeclaredOrigin, ...], kind: str, wanted: tuple[bool, str, int], url: str) -> DeclaredOrigin:
    for origin in candidates:
        server = origin.server
        if origin.kind == kind and (server.tls, server.host, server.port) == wanted:
            return origin
    written = url if kind == "custom" else f"{{type: s3, url: {url}}}"
    advice = f"to allow that, add `{written}` to the behavior's `allowed_origins`"
    raise UndeclaredOrigin(f"the function switched to {url}; {advice}")


def _domain(written: Mapping[str, Any], kind: str) -> str:
    domain = written.get("domainName")
    if not isinstance(domain, str) or _DOMAIN.fullmatch(domain) is None or len(domain) > _LONGEST_DOMAIN[kind]:
        raise BadResponse(f"origin.{kind}.domainName is not a domain name")
    return domain.lower()


def _path(written: Mapping[str, Any]) -> str:
    path = written["path"]
    if not isinstance(path, str) or len(path) > _LONGEST_PATH or _PATH.fullmatch(path) is None:
        raise BadResponse("origin path does not start with / or ends with one, or is longer than 255 characters")
    return path


def _check_ssl_protocols(names: Any, protocol: str) -> None:
    if not isinstance(names, list) or not all(isinstance(name, str) and name in _SSL_PROTOCOLS for name in names):
        raise BadResponse("origin.custom.sslProtocols is not a list of TLSv1.2, TLSv1.1, TLSv1 and SSLv3")
    if protocol == "https" and TLS_PROTOCOL not in names:
        raise BadResponse("origin.custom.sslProtocols lacks TLSv1.2, and the router speaks nothing older")


def _completion(written: Mapping[str, Any], read_timeout: float, found: DeclaredOrigin) -> float | None:
    """Seconds; 0 is none, and what is not said stays as declared."""
    seconds = written.get("responseCompletionTimeout")
    if seconds is None:
        return found.server.completion_timeout
    if not _is_integer(seconds) or (seconds != 0 and seconds < read_timeout):
        raise BadResponse("responseCompletionTimeout is shorter than readTimeout")
    return float(seconds) or None


def _seconds(written: Mapping[str, Any], key: str) -> float:
    seconds = written[key]
    if not _is_integer(seconds) or not 1 <= seconds <= _LONGEST_TIME:
        raise BadResponse(f"{key} is not 1 to {_LONGEST_TIME} seconds")
    return float(seconds)


def _require(written: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if key not in written]
    if missing:
        raise BadResponse(f"origin lacks {', '.join(missing)}")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
