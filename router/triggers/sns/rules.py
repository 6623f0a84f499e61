"""What the schema cannot say about an `sns` trigger: what proves a message, and settings that would do nothing."""

from collections.abc import Mapping
from typing import Any

from router.model import Report
from router.policies.filter_policies import InvalidPolicy, compile_policy
from router.policies.sns_urls import parse_server
from router.policies.webhook_auth import check_auth

Path = tuple[str | int, ...]


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Every finding of one trigger."""
    check_auth(settings.get("auth"), report)
    if settings["source"].get("http") is not None:
        _check_topics(settings["topics"], report)
    else:
        _check_queue(settings, report)
    if settings.get("signature") is not None:
        _check_signature(settings["signature"], settings.get("auth"), report)
    for name, subscription in settings["subscriptions"].items():
        _check_subscription(subscription, report, ("subscriptions", name))


def _check_topics(topics: list[str], report: Report) -> None:
    for index, topic in enumerate(topics):
        if topic.endswith(".fifo"):
            message = f"`{topic}` is a FIFO topic, and those cannot deliver over HTTP"
            report(("topics", index), "fifo-topic", message, help="subscribe a queue, and write `source: {sqs: …}`")


def _check_queue(settings: Mapping[str, Any], report: Report) -> None:
    """What comes out of a queue was let in by the queue's own policy."""
    for name in ("auth", "signature"):
        if settings.get(name) is not None:
            message = f"`{name}` has no effect: messages come out of a queue, and the queue's policy says who may send"
            report((name,), "without-effect", message, help="remove it", on="key")


def _check_signature(signature: Mapping[str, Any], auth: Any, report: Report) -> None:
    where = ("signature",)
    if signature["allow_raw"] and auth in (None, "none"):
        message = "raw deliveries are not signed, and this trigger has no `auth`: anybody could publish"
        help_text = "give the trigger an `auth`, for example `basic` with the user and password of the subscribed URL"
        report((*where, "allow_raw"), "raw-without-auth", message, help=help_text)
    if not signature["verify"] and signature.get("max_age") is not None:
        report((*where, "max_age"), "without-effect", "`max_age` has no effect without `verify`", help="remove it", on="key")
    for index, text in enumerate(signature["certificate_hosts"]):
        path = (*where, "certificate_hosts", index)
        try:
            server = parse_server(text)
        except ValueError as error:
            help_text = "for example `sns.example.com`, `sns.example.com:8443`, or `http://localhost:4566`"
            report(path, "bad-host", f"`{text}` cannot be used: {error}", help=help_text)
            continue
        if server.scheme == "http" and signature["verify"]:
            message = f"a certificate that came from `{text}` would prove nothing: anybody on the way could replace it"
            report(path, "unsafe-certificate-host", message, help="write https, or `verify: false` for an emulator")


def _check_subscription(subscription: Mapping[str, Any], report: Report, path: Path) -> None:
    policy, scope = subscription.get("filter_policy"), subscription.get("filter_policy_scope")
    if policy is None:
        if scope is not None:
            message = "`filter_policy_scope` has no effect without `filter_policy`"
            report((*path, "filter_policy_scope"), "without-effect", message, help="remove it", on="key")
        return
    try:
        compile_policy(policy, scope)
    except InvalidPolicy as error:
        report((*path, "filter_policy", *error.path), "bad-filter-policy", f"SNS would refuse this policy: {error}")


def route_keys(settings: Mapping[str, Any]) -> list[tuple[tuple[Any, ...], str]]:
    """Triggers that share a path must not share a topic."""
    return [(("topics", index), topic) for index, topic in enumerate(settings["topics"])]
