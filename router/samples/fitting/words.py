"""What a trigger makes of a sample: its kind, and defaults that fit what is declared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router.model import Trigger
from router.samples.catalogue import ALIASES, KINDS
from router.samples.words import Context, SampleError, said_of


@dataclass(slots=True, frozen=True)
class Wish:
    """What somebody wants for a trigger. `settings`: the trigger's, completed. `given`: options, `kind` not among them."""

    trigger: Trigger
    settings: Mapping[str, Any]
    given: dict[str, Any]
    kind: str | None
    context: Context

    def pick(self, option: str, section: str, first: Callable[[Mapping[str, Any]], str | None] | None = None) -> str:
        """The name that an option picks among what is declared under `section`; without it the first that fits.

        `first(declared)`: which that is; None: the first of all. The option is taken out. Raises SampleError.
        """
        declared: Mapping[str, Any] = self.settings[section]
        wanted = self.given.pop(option, None)
        if wanted is None:
            return (first(declared) if first is not None else None) or next(iter(declared))
        if not isinstance(wanted, str) or wanted not in declared:
            raise SampleError(f"the trigger {self.trigger.name} has no {option} `{wanted}`; {said_of(str(wanted), declared)}")
        return wanted

    def text(self, option: str) -> str | None:
        """What was chosen, where it is text; what it is else is refused when the sample is made."""
        value = self.given.get(option)
        return value if isinstance(value, str) else None

    def named(self, default: str, prefix: str = "") -> str:
        """The name of the kind: `type/variant`, a variant alone, or one behind the prefix that this trigger wants."""
        if self.kind is None:
            return default
        if "/" in self.kind:
            return self.kind
        own = self.trigger.type.name
        for name in (f"{own}/{prefix}{self.kind}", f"{own}/{self.kind}"):
            if name in KINDS or name in ALIASES:
                return name
        return self.kind if self.kind in ALIASES else f"{own}/{self.kind}"


@dataclass(slots=True, frozen=True)
class Fitted:
    """`defaults`: options by name; those that the kind does not have do not count."""

    kind: str
    defaults: Mapping[str, Any]


Fit = Callable[[Wish], Fitted]
