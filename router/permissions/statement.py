"""The words: what somebody may do, and policies made of that. No I/O."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

ROUTER = "router"
"""The principal whose credentials the daemon finds: a user, or the role of the machine, container or pod."""
MANAGED_POLICY_LIMIT = 6144
"""Characters of a managed policy, without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""


@dataclass(slots=True, frozen=True)
class Statement:
    """One permission. `principal`: `ROUTER`, or the ARN of a role that the daemon assumes.

    `why`: what it is for, a sentence for a comment. `hint`: what else may be needed, which the configuration cannot tell.
    `conditions`: `{operator: {key: value}}`.
    """

    principal: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    why: str
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hint: str | None = None

    def to_json(self) -> dict[str, Any]:
        """IAM's own form. Lists with one item stay lists, so that documents of one kind look alike."""
        condition = {"Condition": {name: dict(pairs) for name, pairs in self.conditions.items()}} if self.conditions else {}
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
            **condition,
        }


def policy(statements: Iterable[Statement]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": [statement.to_json() for statement in statements]}


def size(statements: Iterable[Statement]) -> int:
    """What a policy of these counts against IAM's limits: its characters without white space."""
    return len(json.dumps(policy(statements), separators=(",", ":")))


def split(statements: Iterable[Statement], limit: int = MANAGED_POLICY_LIMIT) -> list[list[Statement]]:
    """Policies within the limit; a statement with too many resources is divided."""
    policies: list[list[Statement]] = [[]]
    for statement in (part for whole in statements for part in _divided(whole, limit)):
        if policies[-1] and size([*policies[-1], statement]) > limit:
            policies.append([])
        policies[-1].append(statement)
    return policies


def _divided(statement: Statement, limit: int) -> Iterable[Statement]:
    if size([statement]) <= limit or len(statement.resources) == 1:
        yield statement
        return
    middle = len(statement.resources) // 2
    for number, resources in enumerate((statement.resources[:middle], statement.resources[middle:]), start=1):
        yield from _divided(replace(statement, sid=f"{statement.sid}{number}", resources=resources), limit)
