"""What proves that SNS sent a message: the string that it signs, and the check against a certificate. Pure, given the bytes.

MessageAttributes and UnsubscribeURL are not covered by any signature. The certificate's own chain is not checked: what vouches
for it is the https connection to a pinned host of AWS's that it came over, as in AWS's own validators.

Source:
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html and
semantics/async.md §C.3.
"""

import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_OF_NOTIFICATIONS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OF_CONFIRMATIONS = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": _OF_NOTIFICATIONS,
    "SubscriptionConfirmation": _OF_CONFIRMATIONS,
    "UnsubscribeConfirmation": _OF_CONFIRMATIONS,
}
"""The keys that are signed, by type of message, in the order in which they are signed."""

VERSIONS = ("1", "2")


class NotGenuine(ValueError):
    """The message is not proven to come from SNS; the text says why."""


def string_to_sign(message: Mapping[str, Any]) -> bytes:
    """What SNS signs: keys and decoded values, each on its line; an absent Subject is left out."""
    keys = SIGNED[message["Type"]]
    lines = (f"{key}\n{message[key]}\n" for key in keys if message.get(key) is not None)
    return "".join(lines).encode("utf-8", "surrogatepass")


def check_signature(message: Mapping[str, Any], certificate: bytes, now: float) -> None:
    """Raises NotGenuine. `message`: as it was parsed, of a known Type; `certificate`: PEM; `now`: epoch seconds."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    parsed = _parse(certificate)
    if not parsed.not_valid_before_utc <= datetime.fromtimestamp(now, UTC) <= parsed.not_valid_after_utc:
        raise NotGenuine("the signing certificate is not valid at this time")
    key = parsed.public_key()
    if not isinstance(key, RSAPublicKey):
        raise NotGenuine("the signing certificate has no RSA key")
    algorithms = {"1": hashes.SHA1, "2": hashes.SHA256}
    try:
        algorithm = algorithms[message["SignatureVersion"]]()
        key.verify(binascii.a2b_base64(message["Signature"], strict_mode=True), string_to_sign(message), PKCS1v15(), algorithm)
    except KeyError:
        raise NotGenuine("its SignatureVersion is neither 1 nor 2") from None
    except ValueError:
        raise NotGenuine("its Signature is not base64") from None
    except InvalidSignature:
        raise NotGenuine("its signature does not fit") from None


@lru_cache(maxsize=32)
def _parse(certificate: bytes) -> "Certificate":
    from cryptography.x509 import load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(certificate)
    except ValueError:
        raise NotGenuine("what its SigningCertURL gives is no certificate") from None


def check_age(timestamp: str, now: float, max_age: float) -> None:
    """Raises NotGenuine where the time of publication lies more than `max_age` seconds before or after `now`."""
    try:
        published = datetime.fromisoformat(timestamp)
    except ValueError:
        raise NotGenuine("its Timestamp is no time") from None
    if published.utcoffset() is None:
        raise NotGenuine("its Timestamp has no time zone")
    if abs(now - published.timestamp()) > max_age:
        raise NotGenuine(f"its Timestamp lies more than {max_age:g} seconds from now")
