"""Permits are shared so that no function starves another."""

from router.delivery.permits import Permits


def taken(permits: Permits, function: str, limit: int | None = None, kind: str = "local") -> int:
    """As many as it gets."""
    count = 0
    while permits.take(kind, function, limit):
        count += 1
    return count


def test_one_function_takes_half_and_each_further_one_finds_some_left() -> None:
    permits = Permits({"local": 64})
    assert [taken(permits, name) for name in ("a", "b", "c", "d")] == [32, 16, 8, 4]
    assert permits.running == 60


def test_what_is_given_back_can_be_taken_again() -> None:
    permits = Permits({"local": 8})
    assert taken(permits, "a") == 4
    permits.give_back("local", "a")
    assert (permits.running, taken(permits, "a"), taken(permits, "b")) == (3, 1, 2)


def test_the_last_permit_is_used() -> None:
    permits = Permits({"local": 1})
    assert [taken(permits, "a"), taken(permits, "b")] == [1, 0]
    permits.give_back("local", "a")
    assert taken(permits, "b") == 1


def test_a_functions_own_limit_holds_and_backends_are_counted_apart() -> None:
    permits = Permits({"local": 64, "aws": 4})
    assert taken(permits, "a", limit=2) == 2
    assert taken(permits, "a", kind="aws") == 2
