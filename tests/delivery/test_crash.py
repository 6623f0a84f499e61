"""A process that dies between any two steps loses no delivery, and runs no function again whose success was recorded."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from router.deliveries import Condition
from router.fakes import succeeded
from router.functions import AsyncPolicy
from router.outcome import Outcome, function_error, throttled

BOOM = function_error(b'{"errorMessage":"boom"}', "r-1")
Make = Callable[..., Any]


@pytest.fixture
def scenario(world: Make, make_function: Make, make_address: Make) -> Make:
    """`scenario(answers, policy)` builds worlds over one disk: each is a process."""

    def build(answers: list[Outcome], both: bool, crash: Any, earlier: Any = None) -> Any:
        policy = AsyncPolicy(
            max_retries=1,
            on_success=make_address("done") if both else None,
            on_failure=make_address("failed") if both else None,
            dead_letter=make_address("dlq") if both else None,
        )
        fields = {} if earlier is None else {"disk": earlier.disk, "clock": earlier.clock}
        return world(make_function(policy=policy), answers={"f": answers}, crash=crash, **fields)

    return build


SUCCESS = [succeeded(b"1")]
LATE_SUCCESS = [BOOM, succeeded(b"1")]
FAILURE = [BOOM]
THROTTLED_FAILURE = [throttled("x"), BOOM]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("answers", [SUCCESS, LATE_SUCCESS, FAILURE, THROTTLED_FAILURE])
async def test_a_crash_at_any_step(answers: list[Outcome], told: bool, after: bool, scenario: Make, make_crash: Make) -> None:
    whole = scenario(answers, told, make_crash())
    whole.accept()
    await whole.run()
    steps = len(whole.crash.calls)
    assert steps >= 3
    for at in range(1, steps + 1):
        first = scenario(answers, told, make_crash(at, after=after))
        first.accept()
        await first.die()
        stored = first.disk.deliveries.get("d")
        ended = stored is None or stored.condition is not None
        second = scenario([answers[-1]], told, make_crash(), first)
        await second.run()
        _check(first, second, answers, told, ended)


def _check(first: Any, second: Any, answers: list[Outcome], told: bool, ended: bool) -> None:
    """Run at least once; told or kept; a recorded end is not attempted again."""
    assert first.invoker.calls or second.invoker.calls
    if ended:
        assert second.invoker.calls == []
    letters = [arn.rpartition(":")[2] for arn, _ in (*first.mail.sent, *second.mail.sent)]
    if answers[-1] is not BOOM:
        assert second.disk.deliveries == {}
        assert set(letters) == ({"done"} if told else set())
    elif told:
        assert second.disk.deliveries == {}
        assert set(letters) == {"failed", "dlq"}
    else:
        assert second.dead == [("d", Condition.RETRIES_EXHAUSTED)]
    assert len(letters) <= 3, "a crash repeats one step, not all"


async def test_crash_after_crash_makes_progress(scenario: Make, make_crash: Make) -> None:
    """A process that always dies after its fifth step still gets a delivery done, one step at a time."""
    process = scenario(LATE_SUCCESS, True, make_crash(5, after=True))
    process.accept()
    for _ in itertools.repeat(None, 20):
        await process.die()
        if not process.disk.deliveries:
            break
        process.clock.advance(3600)
        process = scenario(SUCCESS, True, make_crash(5, after=True), process)
    assert process.disk.deliveries == {}
