"""When a target changes its state."""

import pytest

from router.policies.health import Health, HealthState


@pytest.mark.parametrize(
    ("results", "states"),
    [
        ("+", "H"),
        ("-", "I"),
        ("-+", "IH"),
        ("--", "IU"),
        ("+-+--", "HHHHU"),
        ("--++-+++", "IUUUUUUH"),
        ("--+++-", "IUUUHH"),
    ],
)
def test_only_answers_in_a_row_change_it(results: str, states: str) -> None:
    health = Health(healthy_threshold=3, unhealthy_threshold=2)
    letters = {HealthState.INITIAL: "I", HealthState.HEALTHY: "H", HealthState.UNHEALTHY: "U"}
    seen, changes = "", []

    for result in results:
        changes.append(health.observe(None if result == "+" else "no"))
        seen += letters[health.state]

    assert seen == states
    before = "I" + states[:-1]
    assert changes == [now != then for now, then in zip(states, before, strict=True)]
    assert health.reason == (None if results[-1] == "+" else "no")
