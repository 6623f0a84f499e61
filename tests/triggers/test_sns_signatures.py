"""Signatures of SNS, against a certificate of our own: good in both versions, and forged in every field (async.md §C.3)."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from router.errors import FetchFailed, Invoked
from router.fakes import request
from router.model import ErrorNote, Fetch, Reply

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
HOST = "https://sns.eu-west-1.amazonaws.com"
PEM = f"{HOST}/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
NOW = datetime(2026, 5, 2, 1, 0, 0, tzinfo=UTC)
OK = Reply(200, [])
ACCEPTED = Reply(200, [("x-router-durability", "disk")])

NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
    "TopicArn": TOPIC,
    "Subject": "Disk",
    "Message": "The disk of \u00f8 is full.\nTwo lines.",
    "Timestamp": "2026-05-02T00:54:06.655Z",
    "UnsubscribeURL": f"{HOST}/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1",
}
CONFIRMATION = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    "Token": "2336412f37fb687f5d51e6e241d",
    "TopicArn": TOPIC,
    "Message": "You have chosen to subscribe to the topic.\nTo confirm the subscription, visit the SubscribeURL.",
    "SubscribeURL": f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e241d",
    "Timestamp": "2026-05-02T00:54:06.655Z",
}
UNSUBSCRIBED = CONFIRMATION | {"Type": "UnsubscribeConfirmation"}
EACH = [NOTIFICATION, CONFIRMATION, UNSUBSCRIBED]
SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    "UnsubscribeConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}


@cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate(key: Any = None, begins: timedelta = timedelta(days=-1), ends: timedelta = timedelta(days=1)) -> bytes:
    """Self-signed: what vouches for the real one is where it comes from."""
    key = key or rsa_key(0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = builder.serial_number(7).not_valid_before(NOW + begins).not_valid_after(NOW + ends).sign(key, hashes.SHA256())
    return built.public_bytes(serialization.Encoding.PEM)


def signed(message: dict[str, Any], version: str = "1", number: int = 0) -> dict[str, Any]:
    """The message with a signature, as SNS makes it."""
    text = "".join(f"{key}\n{message[key]}\n" for key in SIGNED[message["Type"]] if message.get(key) is not None)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = rsa_key(number).sign(text.encode(), padding.PKCS1v15(), algorithm)
    encoded = base64.b64encode(signature).decode()
    return message | {"SignatureVersion": version, "Signature": encoded, "SigningCertURL": PEM}


@pytest.fixture
def inbox(door: Callable[..., Any]) -> Callable[..., Any]:
    """A trigger that checks signatures; settings are added. AWS's own hosts answer it."""

    def build(**settings: Any) -> Any:
        base = {"type": "sns", "source": {"http": "/sns"}, "topics": [TOPIC], "subscriptions": {"audit": "audit"}}
        front = door(base | settings)
        front.web = {PEM: certificate(), CONFIRMATION["SubscribeURL"]: b"<ConfirmSubscriptionResponse/>"}
        return front

    return build


def post(inbox: Any, message: dict[str, Any], now: datetime = NOW) -> Reply:
    body = json.dumps(message).encode()
    reply: Reply = inbox.send(request("POST", "/sns", body=body, received_at=now.timestamp()))
    return reply


def forbidden(words: str) -> Reply:
    body = json.dumps({"message": words}, separators=(",", ":")).encode()
    return Reply(403, [("Content-Type", "application/json")], body, ErrorNote("forbidden", Invoked.NO, detail=words))


def not_believed(why: str) -> Reply:
    return forbidden(f"The message is not believed: {why}.")


def untouched(inbox: Any) -> bool:
    """Nothing was accepted, and no subscription was confirmed."""
    return inbox.accepted == [] and [step for step in inbox.fetched if not step.keep] == [] and inbox.remarks == []


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("message", EACH, ids=lambda message: message["Type"])
def test_a_genuine_message(inbox: Callable[..., Any], message: dict[str, Any], version: str) -> None:
    front = inbox()

    assert post(front, signed(message, version)) == (ACCEPTED if message["Type"] == "Notification" else OK)
    confirmed = [Fetch(message["SubscribeURL"])] if message["Type"] == "SubscriptionConfirmation" else []
    assert front.fetched == [Fetch(PEM, keep=True), *confirmed]
    assert [each.name for each in front.remarks] == {
        "Notification": [],
        "SubscriptionConfirmation": ["subscription_confirmed"],
        "UnsubscribeConfirmation": ["unsubscribed"],
    }[message["Type"]]
    assert len(front.accepted) == (message["Type"] == "Notification")


@pytest.mark.parametrize("subject", [None, ...])
def test_a_subject_that_is_not_there_is_not_signed(inbox: Callable[..., Any], subject: Any) -> None:
    message = {key: value for key, value in NOTIFICATION.items() if key != "Subject"}
    changed = signed(message) | ({"Subject": subject} if subject is not ... else {})

    assert post(inbox(), changed) == ACCEPTED


def test_an_empty_subject_is_signed(inbox: Callable[..., Any]) -> None:
    assert post(inbox(), signed(NOTIFICATION | {"Subject": ""})) == ACCEPTED
    without = {key: value for key, value in NOTIFICATION.items() if key != "Subject"}
    assert post(inbox(), signed(without) | {"Subject": ""}) == not_believed("its signature does not fit")


FORGED = [
    (message, key)
    for message in EACH
    for key in SIGNED[message["Type"]]
    if key not in ("Type", "TopicArn")  # those are refused before, see below
]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(("message", "key"), FORGED, ids=lambda value: value["Type"] if isinstance(value, dict) else value)
def test_a_message_that_is_forged_in_one_field(
    inbox: Callable[..., Any], message: dict[str, Any], key: str, version: str
) -> None:
    forged = signed(message, version)
    forged[key] = {"Timestamp": "2026-05-02T00:54:07.655Z"}.get(key, forged[key] + "1")
    front = inbox()

    assert post(front, forged) == not_believed("its signature does not fit")
    assert untouched(front)


@pytest.mark.parametrize(("message", "type"), [(one, other["Type"]) for one in EACH for other in EACH if one is not other])
def test_a_message_of_another_type(inbox: Callable[..., Any], message: dict[str, Any], type: str) -> None:
    """Its keys are those of the type that it says."""
    forged = {**CONFIRMATION, **signed(message), "Type": type}
    front = inbox()

    assert post(front, forged) == not_believed("its signature does not fit")
    assert untouched(front)


def test_a_message_of_another_topic(inbox: Callable[..., Any]) -> None:
    """A stranger's own topic has valid signatures, too."""
    front = inbox()
    others = "arn:aws:sns:eu-west-1:666666666666:alerts"

    assert post(front, signed(NOTIFICATION | {"TopicArn": others})) == forbidden("Its topic is not declared.")
    assert front.fetched == []
    assert post(front, signed(NOTIFICATION | {"TopicArn": others}) | {"TopicArn": TOPIC}) == not_believed(
        "its signature does not fit"
    )


@pytest.mark.parametrize(
    ("changes", "reply"),
    [
        ({"Signature": signed(NOTIFICATION | {"Message": "other"})["Signature"]}, not_believed("its signature does not fit")),
        ({"Signature": signed(NOTIFICATION, number=1)["Signature"]}, not_believed("its signature does not fit")),
        ({"Signature": base64.b64encode(b"short").decode()}, not_believed("its signature does not fit")),
        ({"Signature": "EXAMPLE?"}, not_believed("its Signature is not base64")),
        ({"Signature": "ø"}, not_believed("its Signature is not base64")),
        ({"Signature": ""}, forbidden("It is not signed.")),
        ({"Signature": None}, forbidden("It is not signed.")),
        ({"SignatureVersion": "2"}, not_believed("its signature does not fit")),
        ({"SignatureVersion": "3"}, forbidden("Its SignatureVersion is neither 1 nor 2.")),
        ({"SignatureVersion": ""}, forbidden("Its SignatureVersion is neither 1 nor 2.")),
        ({"SignatureVersion": None}, forbidden("Its SignatureVersion is neither 1 nor 2.")),
        ({"SigningCertURL": None}, forbidden("It is not signed.")),
    ],
)
def test_a_signature_that_does_not_fit(inbox: Callable[..., Any], changes: dict[str, Any], reply: Reply) -> None:
    front = inbox()

    assert post(front, signed(NOTIFICATION) | changes) == reply
    assert untouched(front)


@pytest.mark.parametrize("part", ["UnsubscribeURL", "MessageAttributes"])
def test_what_no_signature_covers(inbox: Callable[..., Any], part: str) -> None:
    """As at AWS: documented, so that nobody relies on it."""
    forged = {"UnsubscribeURL": "https://evil.example", "MessageAttributes": {"a": {"Type": "String", "Value": "b"}}}[part]
    assert post(inbox(), signed(NOTIFICATION) | {part: forged}) == ACCEPTED


# --- where the certificate comes from --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (PEM.replace("https", "http"), "http://sns.eu-west-1.amazonaws.com:80 is neither SNS's own endpoint nor one of"),
        (PEM.replace("//", "//sns@"), "its authority is more than host and port"),
        (PEM.replace(".com/", ".com:8443/"), "https://sns.eu-west-1.amazonaws.com:8443 is neither"),
        (PEM.replace(".com/", ".com.evil.example/"), "https://sns.eu-west-1.amazonaws.com.evil.example:443 is neither"),
        (PEM.replace("//sns.", "//evil-sns."), "https://evil-sns.eu-west-1.amazonaws.com:443 is neither"),
        (PEM.replace(".com/", ".com.cn/"), "sns.eu-west-1.amazonaws.com.cn belongs to another partition than the topic"),
        (PEM.replace(".pem", ".txt"), "its path does not end in .pem"),
        (PEM + "?a", "its path does not end in .pem"),
        (PEM + "#a", "it has a fragment"),
        ("https://evil.example/a.pem", "https://evil.example:443 is neither"),
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_fetched(inbox: Callable[..., Any], url: str, why: str) -> None:
    front = inbox()
    reply = post(front, signed(NOTIFICATION) | {"SigningCertURL": url})

    assert reply.status == 403
    assert reply.error is not None
    assert reply.error.detail.startswith(f"The message is not believed: {why}")
    assert front.fetched == []


def test_a_declared_host_may_have_certificates(inbox: Callable[..., Any]) -> None:
    front = inbox(signature={"certificate_hosts": "sns.example.com:8443"})
    url = "https://sns.example.com:8443/a.pem"
    front.web[url] = certificate()

    assert post(front, signed(NOTIFICATION) | {"SigningCertURL": url}) == ACCEPTED
    assert front.fetched == [Fetch(url, ("sns.example.com:8443",), keep=True)]


def test_the_partition_in_china(inbox: Callable[..., Any]) -> None:
    topic = "arn:aws-cn:sns:cn-north-1:111122223333:alerts"
    front = inbox(topics=[topic])
    url = "https://sns.cn-north-1.amazonaws.com.cn/a.pem"
    front.web[url] = certificate()

    assert post(front, signed(NOTIFICATION | {"TopicArn": topic}) | {"SigningCertURL": url}) == ACCEPTED
    assert post(front, signed(NOTIFICATION | {"TopicArn": topic})).status == 403


def test_a_certificate_that_cannot_be_fetched_is_our_trouble(inbox: Callable[..., Any]) -> None:
    """SNS must come again: a 4xx would lose the message."""
    front = inbox()
    front.web[PEM] = FetchFailed("it hangs")

    note = ErrorNote("fetch_failed", Invoked.NO, detail="it hangs")
    assert post(front, signed(NOTIFICATION)) == Reply(
        503, [("Content-Type", "application/json")], b'{"message":"Service Unavailable"}', note
    )
    assert untouched(front)


# --- certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (lambda: certificate(ends=timedelta(seconds=-1)), "the signing certificate is not valid at this time"),
        (lambda: certificate(begins=timedelta(seconds=1)), "the signing certificate is not valid at this time"),
        (lambda: certificate(rsa_key(1)), "its signature does not fit"),
        (lambda: certificate(ec.generate_private_key(ec.SECP256R1())), "the signing certificate has no RSA key"),
        (lambda: b"<html/>", "what its SigningCertURL gives is no certificate"),
        (lambda: b"", "what its SigningCertURL gives is no certificate"),
        (lambda: certificate()[:400], "what its SigningCertURL gives is no certificate"),
    ],
)
def test_a_certificate_that_proves_nothing(inbox: Callable[..., Any], served: Callable[[], bytes], why: str) -> None:
    front = inbox()
    front.web[PEM] = served()

    assert post(front, signed(NOTIFICATION)) == not_believed(why)
    assert untouched(front)


# --- age -------------------------------------------------------------------------------------------------------------

PUBLISHED = datetime(2026, 5, 2, 0, 54, 6, 655000, tzinfo=UTC)


@pytest.mark.parametrize(("settings", "greatest"), [({}, 3600), ({"max_age": "2h"}, 7200)])
def test_a_message_that_is_replayed_too_late(inbox: Callable[..., Any], settings: dict[str, Any], greatest: int) -> None:
    front = inbox(signature=settings)
    late = not_believed(f"its Timestamp lies more than {greatest} seconds from now")

    for side in (1, -1):
        just = PUBLISHED + side * timedelta(seconds=greatest)
        assert post(front, signed(NOTIFICATION), just) == ACCEPTED
        assert post(front, signed(NOTIFICATION), just + side * timedelta(milliseconds=1)) == late


@pytest.mark.parametrize(
    ("timestamp", "why"),
    [
        ("yesterday", "its Timestamp is no time"),
        ("", "its Timestamp is no time"),
        ("2026-05-02T00:54:06", "its Timestamp has no time zone"),
    ],
)
def test_a_timestamp_that_is_none(inbox: Callable[..., Any], timestamp: str, why: str) -> None:
    front = inbox()

    assert post(front, signed(NOTIFICATION | {"Timestamp": timestamp})) == not_believed(why)
    assert front.fetched == []
