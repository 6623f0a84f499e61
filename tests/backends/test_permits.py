"""Permits are counted, and none is invented."""

import pytest

from router.backends.permits import PermitCount


@pytest.mark.parametrize("limit", [0, 1, 3])
async def test_no_more_run_than_the_limit(limit: int) -> None:
    permit = PermitCount().of("f", limit)
    assert [await permit.take() for _ in range(limit + 2)] == [True] * limit + [False, False]
    for _ in range(limit):
        permit.give_back()
    assert [await permit.take() for _ in range(limit + 1)] == [True] * limit + [False]
