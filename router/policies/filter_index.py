"""Many filter policies at once: those that let a message pass are found through an index of patterns, one for each scope.

A policy is a pattern (`router.policies.filter_policies`), so that what finds the rules of an event finds the policies of a
message: the index names candidates, and the policy itself decides. A message is read once, however many policies look at it.

Source: design.md §7, promise 5: cost does not grow with the number of rules.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router.patterns.index import PatternIndex
from router.policies.filter_policies import MESSAGE_ATTRIBUTES, MESSAGE_BODY, FilterPolicy, seen_attributes, seen_body

Attributes = Mapping[str, Mapping[str, str]]

_SEEN: Mapping[str, Callable[[Attributes, str], dict[str, Any] | None]] = {
    MESSAGE_ATTRIBUTES: lambda attributes, text: seen_attributes(attributes),
    MESSAGE_BODY: lambda attributes, text: seen_body(text),
}


class FilterIndex:
    """Policies by their position in a sequence; None lets everything pass."""

    def __init__(self, policies: Sequence[FilterPolicy | None]) -> None:
        self._open = [position for position, policy in enumerate(policies) if policy is None]
        self._scopes: list[tuple[str, list[int], PatternIndex]] = []
        for scope in _SEEN:
            chosen = [
                (position, policy.pattern) for position, policy in enumerate(policies) if policy and policy.scope == scope
            ]
            if chosen:
                positions, patterns = zip(*chosen, strict=True)
                self._scopes.append((scope, [*positions], PatternIndex(patterns)))

    def matching(self, attributes: Attributes, text: str) -> list[int]:
        """The positions of the policies that let a message pass, in order. Never raises."""
        found = [*self._open]
        for scope, positions, index in self._scopes:
            seen = _SEEN[scope](attributes, text)
            if seen is not None:
                found += [positions[each] for each in index.matching(seen)]
        found.sort()
        return found
