"""The caller's certificate under mutual TLS, in the form that API Gateway gives it to functions.

Source: semantics/sync.md §3.3 (`identity.clientCert`) and §4.2 (`authentication.clientCert`).
"""

import ssl
from collections.abc import Mapping
from typing import Any

_SHORT_NAMES = {
    "commonName": "CN",
    "countryName": "C",
    "domainComponent": "DC",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
}


def client_certificate(tls: ssl.SSLObject | ssl.SSLSocket | None) -> Mapping[str, Any] | None:
    """`{clientCertPem, subjectDN, issuerDN, serialNumber, validity: {notBefore, notAfter}}`; None where none was shown."""
    encoded = tls.getpeercert(binary_form=True) if tls is not None else None
    if tls is None or not encoded:
        return None
    facts: Mapping[str, Any] = tls.getpeercert() or {}
    return {
        "clientCertPem": ssl.DER_cert_to_PEM_cert(encoded),
        "subjectDN": _distinguished_name(facts.get("subject", ())),
        "issuerDN": _distinguished_name(facts.get("issuer", ())),
        "serialNumber": _serial(facts.get("serialNumber", "")),
        "validity": {"notBefore": facts.get("notBefore", ""), "notAfter": facts.get("notAfter", "")},
    }


def _distinguished_name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    return ",".join(f"{_SHORT_NAMES.get(name, name)}={value}" for part in parts for name, value in part)


def _serial(text: str) -> str:
    """`0A1B` as `0a:1b`."""
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2)).lower()
