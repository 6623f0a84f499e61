"""How a message is believed: its topic is declared, and either its signature proves it, or the configuration vouches for it.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html and semantics/async.md §C.3, §C.4.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from router.errors import Forbidden
from router.model import Fetch, Remark, Step
from router.policies.sns_signatures import VERSIONS, check_age, check_signature
from router.policies.sns_urls import check_certificate_url, check_confirmation_url
from router.triggers.sns.messages import Message


class NotBelieved(Forbidden):
    """The message is refused for what it says; the reason may be told to whoever sent it."""


MAX_AGE = 3600.0
"""Seconds: SNS repeats a delivery for an hour at most."""


@dataclass(slots=True, frozen=True)
class Proof:
    """The compiled `signature:` block. `hosts`: beside AWS's own. `max_age`: seconds."""

    verify: bool = True
    hosts: tuple[str, ...] = ()
    allow_raw: bool = False
    max_age: float = MAX_AGE


def compile_proof(settings: Mapping[str, Any] | None) -> Proof:
    """Of a completed block; None where none is written."""
    if settings is None:
        return Proof()
    max_age = settings.get("max_age")
    return Proof(
        settings["verify"],
        tuple(settings["certificate_hosts"]),
        settings["allow_raw"],
        MAX_AGE if max_age is None else max_age,
    )


def prove(message: Message, proof: Proof, now: float) -> Generator[Step, Any, None]:
    """Fetch the certificate and check the signature. Raises NotBelieved, FetchFailed.

    What costs nothing is judged first, so that a stranger makes the router fetch as little as possible.
    """
    if message.raw or not proof.verify:
        return
    fields = message.fields
    version, url = fields.get("SignatureVersion"), fields.get("SigningCertURL")
    if version not in VERSIONS:
        raise NotBelieved("Its SignatureVersion is neither 1 nor 2.")
    if not fields.get("Signature") or not url:
        raise NotBelieved("It is not signed.")
    try:
        check_age(fields["Timestamp"], now, proof.max_age)
        check_certificate_url(url, message.topic_arn, proof.hosts)
    except ValueError as error:
        raise NotBelieved(f"The message is not believed: {error}.") from None
    certificate = yield Fetch(url, proof.hosts, keep=True)
    try:
        check_signature(fields, certificate, now)
    except ValueError as error:
        raise NotBelieved(f"The message is not believed: {error}.") from None


def confirmed(message: Message, proof: Proof) -> Generator[Step, Any, None]:
    """Visit the SubscribeURL, which confirms the subscription. Raises NotBelieved, FetchFailed."""
    url = message.fields["SubscribeURL"]
    try:
        check_confirmation_url(url, message.topic_arn, message.fields["Token"], proof.hosts)
    except ValueError as error:
        raise NotBelieved(f"The SubscribeURL is not followed: {error}.") from None
    yield Fetch(url, proof.hosts)
    yield Remark("subscription_confirmed", "A subscription is confirmed.", {"topic": message.topic_arn})
