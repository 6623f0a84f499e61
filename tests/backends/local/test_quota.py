"""What a container's quota says of the processors."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from router.backends.local.pace import Processors, idle_seconds
from router.backends.local.quota import Quota
from router.fakes import FakeClock


class Container:
    """A control group `/pod/router` with so much of `cpu.max`, and what it has used."""

    def __init__(self, folder: Path, maximum: str, around: str = "max 100000") -> None:
        self.clock = FakeClock()
        self.group = folder / "groups" / "pod" / "router"
        self.group.mkdir(parents=True)
        self.own = folder / "own"
        self.own.write_text("1:name=systemd:/elsewhere\n0::/pod/router\n")
        self.used = 3_000_000
        for path, text in ((self.group, maximum), (self.group.parent, around)):
            (path / "cpu.max").write_text(f"{text}\n")
        self.use(0.0, 0.0)
        self.quota = Quota(self.clock.monotonic, folder / "groups", self.own)

    def use(self, seconds: float, meanwhile: float) -> None:
        self.clock.advance(meanwhile)
        self.used += round(seconds * 1e6)
        for path in (self.group, self.group.parent):
            (path / "cpu.stat").write_text(f"usage_usec {self.used}\nuser_usec 1\nsystem_usec 1\n")


@pytest.fixture(autouse=True)
def four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: [SimpleNamespace(idle=float(number)) for number in range(4)])


def test_what_the_quota_leaves_is_idle(tmp_path: Path) -> None:
    container = Container(tmp_path, "150000 100000")
    assert container.quota.idle_seconds() == (0.0, 1.5)
    container.use(0.5, meanwhile=1.0)
    assert container.quota.idle_seconds() == pytest.approx((1.0, 1.5))
    container.use(4.0, meanwhile=1.0)  # more than it may: an earlier period left it
    assert container.quota.idle_seconds() == pytest.approx((1.0, 1.5))
    container.use(0.0, meanwhile=1.0)
    assert idle_seconds(container.quota) == pytest.approx((2.5, 1.5))


@pytest.mark.parametrize(
    ("own", "around", "processors"), [("max 100000", "50000 100000", 0.5), ("20000 10000", "max 100000", 2)]
)
def test_the_narrowest_group_counts(tmp_path: Path, own: str, around: str, processors: float) -> None:
    assert Container(tmp_path, own, around).quota.idle_seconds() == (0.0, processors)


@pytest.mark.parametrize("maximum", ["max 100000", "400000 100000", "", "nonsense"])
def test_without_a_narrower_quota_the_processors_count(tmp_path: Path, maximum: str) -> None:
    container = Container(tmp_path, maximum)
    assert idle_seconds(container.quota) == (6.0, 4)


def test_a_group_that_does_not_say_what_it_used_counts_as_none(tmp_path: Path) -> None:
    container = Container(tmp_path, "50000 100000")
    (container.group / "cpu.stat").unlink()
    assert idle_seconds(container.quota) == (6.0, 4)


def test_a_system_without_control_groups_has_no_quota(tmp_path: Path) -> None:
    assert Quota(FakeClock().monotonic, tmp_path, tmp_path / "none").idle_seconds() is None


@pytest.mark.parametrize(("share", "limit"), [(1.0, 1), (0.95, 1), (0.8, float("inf")), (0.0, float("inf"))])
@pytest.mark.parametrize("allowed", [1.0, 0.1])
def test_a_container_that_uses_its_quota_up_is_full(tmp_path: Path, allowed: float, share: float, limit: float) -> None:
    """The machine's processors have time; the container's share of them may have none."""
    container = Container(tmp_path, f"{allowed * 100_000:.0f} 100000")
    processors = Processors(container.clock.monotonic, lambda: idle_seconds(container.quota))
    processors.limit()
    container.use(0.25 * allowed * share, meanwhile=0.25)
    assert processors.limit() == limit
