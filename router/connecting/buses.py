"""EventBridge: the router as a bus of SDKs, as an API destination of a bus in AWS, and behind a queue of one.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html.
"""

from collections.abc import Mapping
from typing import Any

from router.connecting.auth import Proof, connection, proofs_of
from router.connecting.queues import made, policy, queue_arn
from router.connecting.words import Part, Surroundings, command, dumped, note, slug, variable
from router.model import Trigger

Settings = Mapping[str, Any]
ANYTHING = {"source": [{"prefix": ""}]}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def of_bus(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """By where events come from."""
    source = settings.get("source") or {}
    rules = {name: rule.get("pattern") or ANYTHING for name, rule in settings["rules"].items()}
    bus = _bus_name(settings)
    if source.get("http") is not None:
        proofs = proofs_of(settings, around)
        return api_destination(trigger.name, around.at(source["http"]), bus, rules, proofs, around)
    if source.get("sqs") is not None:
        return _into_queue(trigger, source["sqs"]["queue"], bus, rules, around)
    return _own_bus(settings, bus, around)


def _bus_name(settings: Settings) -> str:
    return str(settings.get("bus") or "default").rpartition("/")[2]


def _own_bus(settings: Settings, bus: str, around: Surroundings) -> list[Part]:
    entry = {"Source": "shop", "DetailType": "OrderPaid", "Detail": '{"order": "o-1"}', "EventBusName": bus}
    parts = [
        Part("command", f"export AWS_ENDPOINT_URL_EVENTBRIDGE={around.url}", "For every SDK and the AWS CLI."),
        command(
            "aws events put-events",
            ("entries", dumped([entry])),
            ("region", around.region),
            title=f"An event for the bus {bus}; any credentials do, because signatures are not checked.",
        ),
    ]
    if proofs_of(settings, around):
        parts.append(note("SDKs send signatures and nothing else: what `auth` wants has to be added by the client's own code."))
    return parts


# --- from a bus in AWS -----------------------------------------------------------------------------------------------


def api_destination(
    name: str, url: str, bus: str, rules: Mapping[str, Any], proofs: list[Proof], around: Surroundings
) -> list[Part]:
    """A connection, an API destination, a role that may use it, and rules that send to it."""
    slugged = f"router-{slug(name)}"
    events = (("region", around.region), ("endpoint-url", around.endpoints.get("events")))
    iam = (("region", around.region), ("endpoint-url", around.endpoints.get("iam")))
    allowed = {"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": variable("DESTINATION")}
    target = {"Id": "router", "Arn": variable("DESTINATION"), "RoleArn": variable("ROLE")}
    # As JSON, because version 1 of the AWS CLI fetches an option that is a URL.
    destination = {
        "Name": slugged,
        "ConnectionArn": variable("CONNECTION"),
        "InvocationEndpoint": url,
        "HttpMethod": "POST",
        "InvocationRateLimitPerSecond": 300,
    }
    parts = [
        *([] if url.startswith("https://") else [note("An API destination must be https: put TLS before the router.")]),
        *connection(name, proofs, around),
        command(
            "aws events create-api-destination",
            ("cli-input-json", dumped(destination)),
            *events,
            title="Where EventBridge posts.",
            into="DESTINATION",
            show="ApiDestinationArn",
        ),
        command(
            "aws iam create-role",
            ("role-name", slugged),
            ("assume-role-policy-document", dumped(_TRUST)),
            *iam,
            title="Who may post there.",
            into="ROLE",
            show="Role.Arn",
        ),
        command(
            "aws iam put-role-policy",
            ("role-name", slugged),
            ("policy-name", "post"),
            ("policy-document", dumped({"Version": "2012-10-17", "Statement": [allowed]})),
            *iam,
        ),
    ]
    return [*parts, *_rules(rules, bus, target, around)]


def _rules(rules: Mapping[str, Any], bus: str, target: Mapping[str, Any], around: Surroundings) -> list[Part]:
    events = (("region", around.region), ("endpoint-url", around.endpoints.get("events")))
    parts: list[Part] = []
    for name, pattern in rules.items():
        where = (("name", f"router-{name}"), ("event-bus-name", bus))
        parts.append(
            command(
                "aws events put-rule",
                *where,
                ("event-pattern", dumped(pattern)),
                *events,
                title=f"What `{name}` wants; the router asks its own pattern once more.",
            )
        )
        targets = ("targets", dumped([target]))
        parts.append(command("aws events put-targets", ("rule", f"router-{name}"), where[1], targets, *events))
    return parts


def _into_queue(trigger: Trigger, queue: str, bus: str, rules: Mapping[str, Any], around: Surroundings) -> list[Part]:
    arn = queue_arn(queue, around)
    path = "rule" if bus == "default" else f"rule/{bus}"
    sources = [f"arn:aws:events:{around.region}:{around.account_id}:{path}/router-{name}" for name in rules]
    target: dict[str, Any] = {"Id": "router", "Arn": arn}
    if arn.endswith(".fifo"):
        target["SqsParameters"] = {"MessageGroupId": slug(trigger.name)}
    return [
        *made(trigger, queue, around),
        *policy(queue, "events.amazonaws.com", sources, around),
        *_rules(rules, bus, target, around),
    ]
