"""When a target counts as healthy: one success makes a new one healthy, after that only several answers in a row change it.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html.
"""

from dataclasses import dataclass
from enum import StrEnum


class HealthState(StrEnum):
    """As Elastic Load Balancing names them."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(slots=True)
class Health:
    """What is known of one target. `reason`: of the last failed check; None after a success. `streak`: checks that disagree."""

    healthy_threshold: int
    unhealthy_threshold: int
    state: HealthState = HealthState.INITIAL
    streak: int = 0
    reason: str | None = None

    def observe(self, reason: str | None) -> bool:
        """Take a check's result: None where it passed, else why not. Whether the state changed."""
        self.reason = reason
        towards = HealthState.HEALTHY if reason is None else HealthState.UNHEALTHY
        if towards is self.state:
            self.streak = 0
            return False
        self.streak += 1
        if self.streak < self._needed(towards):
            return False
        self.state, self.streak = towards, 0
        return True

    def _needed(self, towards: HealthState) -> int:
        if towards is HealthState.UNHEALTHY:
            return self.unhealthy_threshold
        return 1 if self.state is HealthState.INITIAL else self.healthy_threshold
