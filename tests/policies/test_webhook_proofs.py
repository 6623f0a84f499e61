"""What a sender adds passes the check, form by form, and only with the body that was signed."""

from typing import Any

import pytest

from router.errors import Unauthorized
from router.fakes import request
from router.policies.webhook_auth import compile_auth
from router.policies.webhook_proofs import proofs

NOW = 1_783_711_144.123
BODY = '{"a": "ü"}'.encode()
GENERIC: dict[str, Any] = {
    "secret": ["s€cret", "old"],
    "header": "X-Signature",
    "prefix": "",
    "algorithm": "sha256",
    "encoding": "hex",
}
TIMESTAMP = {"header": "X-Time", "tolerance": 300.0, "unit": "seconds"}
SIGNED: list[dict[str, Any]] = [
    GENERIC,
    GENERIC | {"algorithm": "sha512", "encoding": "base64", "prefix": "v="},
    GENERIC | {"timestamp": {"header": "X-Time", "tolerance": 300.0, "unit": "seconds"}},
    GENERIC
    | {"timestamp": {"header": "X-Time", "tolerance": 300.0, "unit": "milliseconds"}, "signed": "{body}/{timestamp}/end"},
    *({"provider": name, "secret": ["s"], "tolerance": 300.0} for name in ("stripe", "slack")),
    {"provider": "github", "secret": ["s"]},
]
CHECKS: list[list[dict[str, Any]]] = [
    [{"bearer": ["t€ken", "other"], "basic": None}],
    [{"basic": {"user": "jörg", "password": ["pass:word"]}}],
    [{"api_key": {"header": "X-Key", "value": ["k1", "k2"]}}, {"source_ip": ["203.0.113.0/24"]}],
    *([{"hmac": each}] for each in SIGNED),
    [{"bearer": ["t"]}, {"hmac": GENERIC}],
]


@pytest.mark.parametrize("settings", CHECKS)
def test_what_is_added_passes(settings: list[dict[str, Any]]) -> None:
    sent = request("POST", "/", proofs(settings, BODY, NOW), received_at=NOW + 1)
    for verify in compile_auth(settings, "shop").admit(sent):
        verify(BODY)


@pytest.mark.parametrize("settings", SIGNED)
def test_another_body_does_not(settings: dict[str, Any]) -> None:
    sent = request("POST", "/", proofs([{"hmac": settings}], BODY, NOW), received_at=NOW)
    (verify,) = compile_auth([{"hmac": settings}], "shop").admit(sent)
    with pytest.raises(Unauthorized):
        verify(BODY + b" ")


def test_who_asks_for_nothing_gets_nothing() -> None:
    assert proofs("none", BODY, NOW) == proofs(None, BODY, NOW) == proofs([{"source_ip": ["10.0.0.0/8"]}], BODY, NOW) == []
