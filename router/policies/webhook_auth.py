"""Who may call: the checks of an `auth:` block. Pure; every front door that a stranger can reach uses it.

A check says yes or raises: `Unauthorized` where the caller did not prove who it is, `Forbidden` where it calls from the wrong
place. Whatever is missing, repeated or garbled is a no, never another exception. Secrets are compared in constant time, as
bytes, and every secret of a list is compared whichever fits. No secret is in a repr or in a message.

`Auth.admit` needs the head of a request only; what it returns still wants the body, so that strangers cannot make the router
read one. Sources: RFC 6750 (Bearer), RFC 7617 (Basic); for signed webhooks `router.policies.webhook_signatures`.
"""

import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Protocol

from router.errors import Forbidden, Unauthorized
from router.model import Report, Request
from router.policies.webhook_signatures import Verify, check_signature, compile_signature, sole

Networks = tuple[IPv4Network | IPv6Network, ...]


class Check(Protocol):
    """One condition of an `auth:` block."""

    def admit(self, request: Request) -> Verify | None:
        """Judge the head. A result is what still has to judge the body. Raises Unauthorized, Forbidden."""
        ...


@dataclass(slots=True, frozen=True)
class Auth:
    """A compiled `auth:` block: every check must say yes. Without checks everybody may call."""

    checks: tuple[Check, ...] = ()

    def admit(self, request: Request) -> list[Verify]:
        """What still has to judge the body once the head has passed. Raises Unauthorized, Forbidden."""
        return [verify for check in self.checks if (verify := check.admit(request)) is not None]


OPEN = Auth()
"""`auth: none`."""


def compile_auth(settings: Any, realm: str, inherited: Auth = OPEN) -> Auth:
    """`settings`: `"none"`, a list of maps with one form each, or None where nothing is declared: then `inherited` holds."""
    if settings is None:
        return inherited
    if settings == "none":
        return OPEN
    return Auth(tuple(_COMPILERS[form](value, realm) for form, value in map(_form, settings)))


def _form(check: Mapping[str, Any]) -> tuple[str, Any]:
    """The one form that a completed map of forms holds, with its settings."""
    return next((form, value) for form, value in check.items() if value is not None)


# --- forms -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class _Secrets:
    """Several valid values of one secret, so that it can be rotated."""

    values: tuple[bytes, ...] = field(repr=False)

    def match(self, given: bytes) -> bool:
        found = False
        for value in self.values:
            found |= hmac.compare_digest(given, value)
        return found


@dataclass(slots=True, frozen=True)
class _Bearer:
    tokens: _Secrets

    def admit(self, request: Request) -> None:
        if not self.tokens.match(_bytes(_credentials(request, "bearer", "Bearer"))):
            raise Unauthorized("the bearer token does not fit", "Bearer")


@dataclass(slots=True, frozen=True)
class _Basic:
    user: bytes = field(repr=False)
    passwords: _Secrets
    challenge: str

    def admit(self, request: Request) -> None:
        try:
            decoded = binascii.a2b_base64(_credentials(request, "basic", self.challenge), strict_mode=True)
        except ValueError:
            raise Unauthorized("the basic credentials are not base64", self.challenge) from None
        user, colon, password = decoded.partition(b":")
        same_user = hmac.compare_digest(user, self.user)
        same_password = self.passwords.match(password)
        if not (colon and same_user and same_password):
            raise Unauthorized("user or password does not fit", self.challenge)


@dataclass(slots=True, frozen=True)
class _ApiKey:
    header: str
    keys: _Secrets

    def admit(self, request: Request) -> None:
        if not self.keys.match(_bytes(sole(request, self.header))):
            raise Unauthorized(f"the API key in {self.header} does not fit")


@dataclass(slots=True, frozen=True)
class _SourceIp:
    """Judges the address that the listener's trusted proxies report, else that of the connection."""

    networks: Networks

    def admit(self, request: Request) -> None:
        if not in_networks(request.client_ip, self.networks):
            raise Forbidden(f"{request.client_ip} is in none of the networks of source_ip")


def in_networks(address: str, networks: Networks) -> bool:
    """Whether IP text lies in one of the networks; an IPv4 address written as IPv6 (`::ffff:…`) counts as IPv4."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == network.version and parsed in network for network in networks)


def _credentials(request: Request, scheme: str, challenge: str) -> str:
    given, _, credentials = sole(request, "authorization", challenge).partition(" ")
    if given.lower() != scheme:
        raise Unauthorized(f"the Authorization header is not of the scheme {scheme}", challenge)
    return credentials.strip(" ")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _secrets(values: Sequence[str]) -> _Secrets:
    return _Secrets(tuple(map(_bytes, values)))


def _basic(settings: Mapping[str, Any], realm: str) -> _Basic:
    challenge = f'Basic realm="{realm}", charset="UTF-8"'
    return _Basic(_bytes(settings["user"]), _secrets(settings["password"]), challenge)


_COMPILERS: Mapping[str, Callable[[Any, str], Check]] = {
    "bearer": lambda settings, realm: _Bearer(_secrets(settings)),
    "basic": _basic,
    "api_key": lambda settings, realm: _ApiKey(settings["header"].lower(), _secrets(settings["value"])),
    "hmac": lambda settings, realm: compile_signature(settings),
    "source_ip": lambda settings, realm: _SourceIp(tuple(map(ip_network, settings))),
}


# --- rules -----------------------------------------------------------------------------------------------------------


def check_auth(settings: Any, report: Report, path: tuple[str | int, ...] = ("auth",)) -> None:
    """Findings in the completed `auth:` that stands at `path`."""
    if settings is None or settings == "none":
        return
    taken: dict[str, str] = {}
    for index, (form, value) in enumerate(map(_form, settings)):
        where = (*path, index, form)
        header = _header_of(form, value)
        if header is not None and header in taken:
            message = f"`{form}` and `{taken[header]}` both read the header `{header}`, so that nobody could pass both"
            report(where, "auth-contradiction", message, help="keep one of them: every check of the list must pass", on="key")
        if header is not None:
            taken.setdefault(header, form)
        if form == "hmac":
            check_signature(value, report, where)
        if form == "source_ip":
            _check_networks(value, report, where)


def _header_of(form: str, settings: Any) -> str | None:
    if form in ("bearer", "basic"):
        return "authorization"
    return str(settings["header"]).lower() if form == "api_key" else None


def _check_networks(networks: Sequence[str], report: Report, path: tuple[str | int, ...]) -> None:
    for index, text in enumerate(networks):
        try:
            ip_network(text)
        except ValueError as error:
            report((*path, index), "bad-network", f"`{text}` is no network: {error}", help="for example `10.0.0.0/8`")
