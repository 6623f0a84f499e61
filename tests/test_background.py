"""What works behind the doors: a journal only where something accepts events, and a clock for development."""

from router.background import Background, ScaledClock
from router.fakes import FakeClock, FakeDeliveryMetrics
from router.settings import Admin, Aws, Config, Log


async def test_without_an_asynchronous_trigger_no_journal_is_opened() -> None:
    config = Config({}, (), {}, Aws("eu-west-1", "111122223333"), Admin(None), Log())
    assert await Background.open(config, FakeClock(), FakeDeliveryMetrics()) is None


def test_a_scaled_clock_runs_faster_and_does_not_jump() -> None:
    clock = FakeClock(1000.0)
    scaled = ScaledClock(clock, 60)
    assert scaled.now() == 1000.0
    clock.advance(2.0)
    assert (scaled.now(), scaled.monotonic()) == (1120.0, clock.monotonic())
