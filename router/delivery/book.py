"""How deliveries are treated now: the journal keeps names alone, and policy is read from the configuration that runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from router.deliveries import Delivery
from router.functions import AsyncPolicy, Function
from router.model import Trigger


@dataclass(slots=True, frozen=True)
class Plan:
    """A delivery's function and its policy, `delivery` decided. `here`: whether it runs on this machine."""

    function: Function
    policy: AsyncPolicy
    here: bool

    @property
    def delegated(self) -> bool:
        """Whether Lambda owns retries and destinations."""
        return self.policy.delivery == "delegated"


class Book:
    """Looks plans up. `runs_here(function)`: it does on this machine, where there is nobody to delegate to."""

    def __init__(
        self, functions: Mapping[str, Function], triggers: Sequence[Trigger], runs_here: Callable[[Function], bool]
    ) -> None:
        self._functions = functions
        self._triggers = {trigger.name: trigger for trigger in triggers}
        self._runs_here = runs_here
        self._known: dict[tuple[str, str], Plan] = {}

    def plan(self, delivery: Delivery) -> Plan | None:
        """The plan; None where the function is not declared any more. Without its trigger, the function's own policy holds."""
        key = (delivery.trigger, delivery.function)
        if key not in self._known and delivery.function in self._functions:
            self._known[key] = self._made(*key)
        return self._known.get(key)

    def _made(self, trigger_name: str, function_name: str) -> Plan:
        function, trigger = self._functions[function_name], self._triggers.get(trigger_name)
        policy = trigger.policies.get(function_name, function.policy) if trigger is not None else function.policy
        here = self._runs_here(function)
        how = "managed" if here else policy.delivery or "delegated"
        return Plan(function, replace(policy, delivery=how), here)
