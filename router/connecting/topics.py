"""SNS: subscriptions of the router's path, or of a queue that it polls.

Source: https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.html.
"""

from collections.abc import Mapping
from typing import Any

from router.connecting.auth import cannot, proofs_of, with_user
from router.connecting.queues import made, policy, queue_arn
from router.connecting.words import Part, Surroundings, command, dumped, note
from router.model import Trigger

Settings = Mapping[str, Any]


def of_topic(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """One subscription for each topic."""
    queue = settings["source"].get("sqs")
    if queue is not None:
        return _queue(trigger, settings, queue["queue"], around)
    proofs = proofs_of(settings, around)
    url = with_user(around.at(settings["source"]["http"]), proofs)
    parts = [
        note(
            "The router confirms a subscription itself, as soon as SNS posts the confirmation: it must run and be reachable."
            " The log says `A subscription is confirmed.`"
        ),
        *cannot("SNS", proofs, "basic"),
        *_about_signatures(settings, around),
    ]
    protocol = url.partition(":")[0]
    return [*parts, *(_subscribe(topic, protocol, url, settings, around) for topic in settings["topics"])]


def _about_signatures(settings: Settings, around: Surroundings) -> list[Part]:
    signature = settings.get("signature")
    if signature is not None and not signature["verify"]:
        return [note("`signature.verify` is off: anybody who can reach the path can publish.")]
    return [
        command(
            "aws sns set-topic-attributes",
            ("topic-arn", topic),
            ("attribute-name", "SignatureVersion"),
            ("attribute-value", "2"),
            *_where(topic, around),
            title="Signatures with SHA-256 instead of SHA-1; the router takes both.",
        )
        for topic in settings["topics"]
    ]


def _where(topic: str, around: Surroundings) -> tuple[tuple[str, str | None], ...]:
    return (("region", topic.split(":")[3]), ("endpoint-url", around.endpoints.get("sns")))


def _subscribe(topic: str, protocol: str, endpoint: str, settings: Settings, around: Surroundings) -> Part:
    attributes = _attributes(settings)
    return command(
        "aws sns subscribe",
        ("topic-arn", topic),
        ("protocol", protocol),
        ("notification-endpoint", endpoint),
        ("attributes", dumped(attributes) if attributes else None),
        ("return-subscription-arn", ""),
        *_where(topic, around),
        title=_title(settings, attributes),
    )


def _title(settings: Settings, attributes: Mapping[str, str]) -> str:
    if "FilterPolicy" in attributes:
        return "With the policy of the only subscription, so that SNS sends nothing else."
    policies = any(each.get("filter_policy") for each in settings["subscriptions"].values())
    return "Without a filter policy: the router asks those of its subscriptions itself." if policies else ""


def _attributes(settings: Settings) -> dict[str, str]:
    """Raw delivery where only that is wanted, and the filter policy where there is one for everything."""
    chosen: dict[str, str] = {}
    if (settings.get("signature") or {}).get("allow_raw"):
        chosen["RawMessageDelivery"] = "true"
    subscriptions = [*settings["subscriptions"].values()]
    if len(subscriptions) == 1 and subscriptions[0].get("filter_policy"):
        chosen["FilterPolicy"] = dumped(subscriptions[0]["filter_policy"])
        chosen["FilterPolicyScope"] = subscriptions[0].get("filter_policy_scope") or "MessageAttributes"
    return chosen


def _queue(trigger: Trigger, settings: Settings, queue: str, around: Surroundings) -> list[Part]:
    arn = queue_arn(queue, around)
    return [
        *made(trigger, queue, around),
        *policy(queue, "sns.amazonaws.com", settings["topics"], around),
        *(_subscribe(topic, "sqs", arn, settings, around) for topic in settings["topics"]),
    ]
