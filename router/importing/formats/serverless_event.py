"""One event of a serverless.yml, with the provider's settings that it looks at."""

from dataclasses import dataclass

from router.importing.nodes import Node
from router.importing.plan import FunctionRecord, FunctionRef
from router.importing.stack import Stack
from router.importing.view import View

_DEFAULTS = {"runtime": "Runtime", "memorySize": "MemorySize", "timeout": "Timeout", "layers": "Layers"}


@dataclass(slots=True)
class Defaults:
    """`provider`: the section, which the events look at, too."""

    service: str
    stage: str
    provider: View

    def of_functions(self, stack: Stack) -> dict[str, Node]:
        """What functions have that do not say otherwise."""
        found: dict[str, Node] = {}
        for key, name in _DEFAULTS.items():
            below = self.provider.get(key)
            resolved = stack.names.scope.resolve(below.node) if below is not None else None
            if below is not None and resolved is not None:
                below.node.taken = True
                found[name] = resolved
        return found

    def environment(self, stack: Stack) -> Node | None:
        """Variables of every function."""
        below = self.provider.get("environment")
        if below is None:
            return None
        below.node.taken = True
        return stack.names.scope.resolve(below.node)


@dataclass(slots=True)
class Event:
    """One event of one function. `view`: its settings; `name`: a title for what is made of it."""

    stack: Stack
    view: View
    record: FunctionRecord
    defaults: Defaults
    number: int

    @property
    def function(self) -> FunctionRef:
        return FunctionRef(self.record.key)

    @property
    def name(self) -> str:
        return self.record.key if self.number == 0 else f"{self.record.key}-{self.number + 1}"


def refused(view: View, key: str, reason: str) -> bool:
    """Whether something is written below a key that is not carried over; `false` is nothing."""
    below = view.get(key)
    if below is None or (not below.is_map and not below.is_list and below.text() == "false"):
        return False
    below.refuse(reason)
    return True
