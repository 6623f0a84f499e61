"""A part of a configuration: the triggers that `run --only` names, and the listeners that they need.

Two daemons may share a file that way, one for those who wait and one for what is delivered later. Functions and everything else
stay: what is not used costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from router.model import Trigger
from router.settings import Config

_LABEL = "label="


@dataclass(slots=True, frozen=True)
class Only:
    """One demand: an invocation type that a trigger offers, or a label that it has (`value` None: with any value)."""

    invocation: str | None = None
    label: str = ""
    value: str | None = None

    def admits(self, trigger: Trigger) -> bool:
        """Whether the trigger is meant."""
        if self.invocation is not None:
            return self.invocation in trigger.invocation
        given = trigger.labels.get(self.label)
        return given is not None and self.value in (None, given)


def parse_only(text: str) -> Only:
    """`sync`, `async`, `label=name` or `label=name=value`. Raises ValueError where it is none of them."""
    if text in ("sync", "async"):
        return Only(invocation=text)
    name, _, value = text.removeprefix(_LABEL).partition("=")
    if not text.startswith(_LABEL) or not name:
        raise ValueError(f"{text!r} is neither sync, async, label=NAME nor label=NAME=VALUE")
    return Only(label=name, value=value or None)


def restrict(config: Config, demands: Sequence[Only]) -> Config:
    """The configuration with the triggers that meet every demand, and the listeners where they take requests."""
    if not demands:
        return config
    triggers = tuple(trigger for trigger in config.triggers if all(demand.admits(trigger) for demand in demands))
    used = {trigger.listener for trigger in triggers if trigger.claims}
    listeners = {name: listener for name, listener in config.listeners.items() if name in used}
    return replace(config, triggers=triggers, listeners=listeners)
