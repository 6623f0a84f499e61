"""Signed webhooks: an HMAC over the body, in the form that a sender gives it.

The generic form is configured piece by piece; GitHub, Stripe and Slack are presets of it. Where a timestamp is signed along,
it must lie within `tolerance` of the time at which the request came in, before or after: an older one may be a replay.

Sources: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries,
https://docs.stripe.com/webhooks#verify-manually, https://api.slack.com/authentication/verifying-requests-from-slack.
"""

import binascii
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.errors import Unauthorized
from router.model import Report, Request

Verify = Callable[[bytes], None]
"""Judges a body. Raises Unauthorized."""

_TIMESTAMP = re.compile(r"[0-9]{1,16}")
_UNITS = {"seconds": 1.0, "milliseconds": 1000.0}
_MOST_SIGNATURES = 8
"""A Stripe header holds one signature per active secret; more than a few are an attempt to make the router work."""


def _unhex(text: str) -> bytes:
    return binascii.unhexlify(text)


def _unbase64(text: str) -> bytes:
    return binascii.a2b_base64(text, strict_mode=True)


_DECODERS: Mapping[str, Callable[[str], bytes]] = {"hex": _unhex, "base64": _unbase64}


@dataclass(slots=True, frozen=True)
class _Sent:
    """What a request's head says: the timestamp as it stands there, and the encoded signatures, any of which may fit."""

    timestamp: str
    signatures: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Signature:
    """A compiled `hmac:` check.

    `signed`: the text before and after the body in what is signed. `tolerance`: seconds, None where no timestamp is signed.
    `unit`: of the timestamp, in parts of a second.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    algorithm: str
    decode: Callable[[str], bytes]
    read: Callable[[Request], _Sent]
    signed: tuple[str, str]
    tolerance: float | None
    unit: float = 1.0

    def admit(self, request: Request) -> Verify:
        """See `router.policies.webhook_auth.Check`."""
        sent = self.read(request)
        if self.tolerance is not None:
            self._check_age(sent.timestamp, request.received_at)
        given = [self._decoded(text) for text in sent.signatures]
        before, after = (part.replace("{timestamp}", sent.timestamp).encode() for part in self.signed)
        return lambda body: self._verify(given, before + body + after)

    def _check_age(self, text: str, now: float) -> None:
        if _TIMESTAMP.fullmatch(text) is None:
            raise Unauthorized("the timestamp of the signature is not a number")
        assert self.tolerance is not None
        if not abs(now - int(text) / self.unit) <= self.tolerance:
            raise Unauthorized("the timestamp of the signature is outside the tolerance")

    def _decoded(self, text: str) -> bytes:
        try:
            return self.decode(text)
        except ValueError:
            raise Unauthorized("the signature is not encoded as configured") from None

    def _verify(self, given: list[bytes], signed: bytes) -> None:
        fits = False
        for secret in self.secrets:
            expected = hmac.digest(secret, signed, self.algorithm)
            for signature in given:
                fits |= hmac.compare_digest(signature, expected)
        if not fits:
            raise Unauthorized("the signature does not fit the body")


# --- reading the head ------------------------------------------------------------------------------------------------


def sole(request: Request, name: str, challenge: str | None = None) -> str:
    """The value of a header that must stand exactly once. `name` is lower case. Raises Unauthorized."""
    values = [value for key, value in request.headers if key.lower() == name]
    if len(values) != 1:
        raise Unauthorized(f"the header {name} stands {len(values)} times", challenge)
    return values[0]


def _reader(header: str, prefix: str, timestamp_header: str | None) -> Callable[[Request], _Sent]:
    """One signature in a header of its own, the timestamp in another one."""

    def read(request: Request) -> _Sent:
        value = sole(request, header)
        if not value.startswith(prefix):
            raise Unauthorized(f"the header {header} does not start as configured")
        timestamp = sole(request, timestamp_header) if timestamp_header is not None else ""
        return _Sent(timestamp, (value[len(prefix) :],))

    return read


def _read_stripe(request: Request) -> _Sent:
    """`t=1492774577,v1=5257a8…,v1=…,v0=…`: one timestamp, and a `v1` for each secret that is active; others are ignored."""
    items = [item.strip().partition("=") for item in sole(request, "stripe-signature").split(",")]
    timestamps = [value for key, _, value in items if key == "t"]
    signatures = tuple(value for key, _, value in items if key == "v1")
    if len(timestamps) != 1 or not 1 <= len(signatures) <= _MOST_SIGNATURES:
        raise Unauthorized("the header stripe-signature does not hold one timestamp and its signatures")
    return _Sent(timestamps[0], signatures)


@dataclass(slots=True, frozen=True)
class _Preset:
    read: Callable[[Request], _Sent]
    signed: str


_PRESETS: Mapping[str, _Preset] = {
    "github": _Preset(_reader("x-hub-signature-256", "sha256=", None), "{body}"),
    "stripe": _Preset(_read_stripe, "{timestamp}.{body}"),
    "slack": _Preset(_reader("x-slack-signature", "v0=", "x-slack-request-timestamp"), "v0:{timestamp}:{body}"),
}


# --- compiling and rules ---------------------------------------------------------------------------------------------


def compile_signature(settings: Mapping[str, Any]) -> Signature:
    """`settings`: the completed map of `hmac:`, with `provider` or with `header`."""
    secrets = tuple(secret.encode("utf-8", "surrogatepass") for secret in settings["secret"])
    provider = settings.get("provider")
    if provider is not None:
        preset = _PRESETS[provider]
        tolerance = settings.get("tolerance")
        return Signature(secrets, "sha256", _unhex, preset.read, _around_body(preset.signed), tolerance)
    timestamp = settings.get("timestamp") or {}
    read = _reader(settings["header"].lower(), settings["prefix"], timestamp["header"].lower() if timestamp else None)
    return Signature(
        secrets,
        settings["algorithm"],
        _DECODERS[settings["encoding"]],
        read,
        _around_body(_signed(settings)),
        timestamp.get("tolerance"),
        _UNITS[timestamp.get("unit", "seconds")],
    )


def _signed(settings: Mapping[str, Any]) -> str:
    default = "{timestamp}.{body}" if settings.get("timestamp") else "{body}"
    return settings.get("signed") or default


def _around_body(template: str) -> tuple[str, str]:
    before, _, after = template.partition("{body}")
    return before, after


def check_signature(settings: Mapping[str, Any], report: Report, path: tuple[str | int, ...]) -> None:
    """Findings in a completed `hmac:` map at `path`: whether what is signed covers body and timestamp."""
    if settings.get("provider") is not None:
        return
    signed, timestamp = _signed(settings), settings.get("timestamp")
    if signed.count("{body}") != 1:
        report((*path, "signed"), "bad-signature", "what is signed holds `{body}` once", help="else nothing protects the body")
    if timestamp is not None and signed.count("{timestamp}") != 1:
        report(
            (*path, "signed"),
            "bad-signature",
            "what is signed holds `{timestamp}` once where a timestamp is declared",
            help="a timestamp that is not signed can be replaced by whoever replays a request",
        )
    if timestamp is None and "{timestamp}" in signed:
        report((*path, "signed"), "bad-signature", "`{timestamp}` needs `timestamp:`", help="say which header holds it")
