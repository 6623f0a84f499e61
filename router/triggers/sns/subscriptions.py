"""Who gets a notification: the declared subscriptions whose filter policies let it pass, each with an acceptance of its own.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html and semantics/async.md §C.8.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.deliveries import Acceptance
from router.model import Predicate, Scope, Target
from router.patterns.wording import predicates_of, shown
from router.policies.filter_index import FilterIndex
from router.policies.filter_policies import MESSAGE_ATTRIBUTES, FilterPolicy, compile_policy, seen_attributes, seen_body
from router.triggers.sns.event import event
from router.triggers.sns.messages import Message


@dataclass(slots=True, frozen=True)
class Subscription:
    """One declared subscription; without a policy it gets everything."""

    name: str
    target: Target
    policy: FilterPolicy | None = None

    def predicates(self, message: Message) -> list[Predicate]:
        """What the policy says of a notification, leaf by leaf."""
        if self.policy is None:
            return []
        if self.policy.scope == MESSAGE_ATTRIBUTES:
            return predicates_of(self.policy.pattern.explain(seen_attributes(message.attributes)))
        body = seen_body(message.text)
        if body is None:
            return [Predicate("Message", "a JSON object", shown(message.text), False)]
        return predicates_of(self.policy.pattern.explain(body))


@dataclass(slots=True, frozen=True)
class Subscriptions:
    """The subscriptions of one trigger, in their order. `index`: of their policies."""

    all: tuple[Subscription, ...]
    index: FilterIndex = field(compare=False)

    def wanting(self, message: Message) -> Iterator[Subscription]:
        """Those whose policies let a notification pass, in their order."""
        return (self.all[position] for position in self.index.matching(message.attributes, message.text))


def compile_subscriptions(settings: Mapping[str, Any], scope: Scope) -> Subscriptions:
    """The subscriptions of completed settings."""
    compiled = tuple(_subscription(name, chosen, scope) for name, chosen in settings.items())
    return Subscriptions(compiled, FilterIndex([each.policy for each in compiled]))


def _subscription(name: str, chosen: Mapping[str, Any], scope: Scope) -> Subscription:
    reference = {key: chosen[key] for key in ("function", "weights") if chosen.get(key) is not None}
    policy = chosen.get("filter_policy")
    compiled = compile_policy(policy, chosen.get("filter_policy_scope")) if policy is not None else None
    return Subscription(name, scope.target(reference), compiled)


def acceptances(message: Message, subscriptions: Subscriptions, trigger: str, group: str | None = None) -> Iterator[Acceptance]:
    """One for each subscription that wants the notification. The id of the message is the same over all of SNS's retries."""
    payload = event(message, trigger)
    attributes = {"sns.topic_arn": message.topic_arn, "sns.message_id": message.id}
    for subscription in subscriptions.wanting(message):
        yield Acceptance(subscription.target, payload, subscription.name, message.id, group, attributes)
