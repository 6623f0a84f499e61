"""Under mutual TLS the function sees its caller's certificate, where each payload has its place for it."""

from collections.abc import Callable
from typing import Any

CERTIFICATE = {
    "clientCertPem": "-----BEGIN CERTIFICATE-----\n",
    "subjectDN": "O=Example,CN=Someone",
    "issuerDN": "O=Example CA",
    "serialNumber": "0a:1b",
    "validity": {"notBefore": "May 28 12:30:02 2019 GMT", "notAfter": "Aug  5 09:36:04 2021 GMT"},
}


def test_in_a_rest_api(rest: Callable[..., Any]) -> None:
    api = rest()
    api.call("GET", "/prod/x", client_certificate=CERTIFICATE)
    assert api.event["requestContext"]["identity"]["clientCert"] == CERTIFICATE
    api.call("GET", "/prod/x")
    assert "clientCert" not in api.event["requestContext"]["identity"]


def test_in_an_http_api(http: Callable[..., Any]) -> None:
    api = http()
    api.call("GET", "/x", client_certificate=CERTIFICATE)
    assert api.event["requestContext"]["authentication"] == {"clientCert": CERTIFICATE}
    api.call("GET", "/x")
    assert "authentication" not in api.event["requestContext"]


def test_in_an_http_api_of_payload_1(http: Callable[..., Any]) -> None:
    api = http(payload="1.0")
    api.call("GET", "/x", client_certificate=CERTIFICATE)
    assert api.event["requestContext"]["identity"]["clientCert"] == CERTIFICATE


def test_a_function_url_has_no_place_for_it(url: Callable[..., Any]) -> None:
    page = url()
    page.call("GET", "/x", client_certificate=CERTIFICATE)
    assert "authentication" not in page.event["requestContext"]
