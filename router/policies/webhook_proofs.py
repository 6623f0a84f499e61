"""What a sender adds to a request so that an `auth:` block lets it pass: the other side of `router.policies.webhook_auth`.

Of several valid secrets the first one is used. An address cannot be added: `source_ip` asks where a request comes from.
Sources: as `webhook_auth` and `webhook_signatures`.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

Proof = list[tuple[str, str]]
"""Headers."""


def proofs(settings: Any, body: bytes, now: float) -> Proof:
    """The headers for every check of a completed `auth:` (`"none"`, a list of maps with one form each, or None).

    `now`: epoch seconds, for signatures with a timestamp.
    """
    if settings is None or settings == "none":
        return []
    return [pair for check in settings for form, value in check.items() if value is not None
            for pair in _FORMS[form](value, body, now)]  # fmt: skip


def _bearer(settings: Any, body: bytes, now: float) -> Proof:
    return [("Authorization", f"Bearer {settings[0]}")]


def _basic(settings: Any, body: bytes, now: float) -> Proof:
    pair = f"{settings['user']}:{settings['password'][0]}".encode("utf-8", "surrogatepass")
    return [("Authorization", f"Basic {b64encode(pair).decode()}")]


def _api_key(settings: Any, body: bytes, now: float) -> Proof:
    return [(settings["header"], settings["value"][0])]


# --- signatures ------------------------------------------------------------------------------------------------------


def _signed(settings: Any, body: bytes, now: float) -> Proof:
    provider = settings.get("provider")
    secret = settings["secret"][0].encode("utf-8", "surrogatepass")
    if provider is not None:
        return _PROVIDERS[provider](secret, body, str(int(now)))
    timestamp = settings.get("timestamp")
    told = "" if timestamp is None else str(int(now * (1000 if timestamp.get("unit") == "milliseconds" else 1)))
    template = settings.get("signed") or ("{timestamp}.{body}" if timestamp else "{body}")
    before, _, after = template.partition("{body}")
    parts = (before.replace("{timestamp}", told).encode(), body, after.replace("{timestamp}", told).encode())
    digest = hmac.digest(secret, b"".join(parts), settings["algorithm"])
    encoded = digest.hex() if settings["encoding"] == "hex" else b64encode(digest).decode()
    signature = (settings["header"], f"{settings['prefix']}{encoded}")
    return [signature] if timestamp is None else [signature, (timestamp["header"], told)]


def _github(secret: bytes, body: bytes, now: str) -> Proof:
    return [("X-Hub-Signature-256", f"sha256={hmac.digest(secret, body, 'sha256').hex()}")]


def _stripe(secret: bytes, body: bytes, now: str) -> Proof:
    signature = hmac.digest(secret, f"{now}.".encode() + body, "sha256").hex()
    return [("Stripe-Signature", f"t={now},v1={signature}")]


def _slack(secret: bytes, body: bytes, now: str) -> Proof:
    signature = hmac.digest(secret, f"v0:{now}:".encode() + body, "sha256").hex()
    return [("X-Slack-Signature", f"v0={signature}"), ("X-Slack-Request-Timestamp", now)]


_PROVIDERS: Mapping[str, Callable[[bytes, bytes, str], Proof]] = {"github": _github, "stripe": _stripe, "slack": _slack}

_FORMS: Mapping[str, Callable[[Any, bytes, float], Proof]] = {
    "bearer": _bearer,
    "basic": _basic,
    "api_key": _api_key,
    "hmac": _signed,
    "source_ip": lambda settings, body, now: [],
}
