"""The hop count in the trace header."""

import pytest

from router.policies.lineage import hops_of, with_hops

ROOT = "Root=1-6a514b28-0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("trace_id", "header", "hops"),
    [
        (ROOT, None, 0),
        (f"{ROOT};RouterHops=3;Lineage=1:fe460cdd:0", None, 3),
        ("RouterHops=7", None, 7),
        (f"{ROOT};XRouterHops=3", None, 0),
        (f"{ROOT};RouterHops=three", None, 0),
        (ROOT, "5", 5),
        (f"{ROOT};RouterHops=3", "5", 5),
        (f"{ROOT};RouterHops=6", "5", 6),
        (ROOT, "-5", 0),
        (ROOT, "99999", 0),
        (ROOT, "٣", 0),
        ("", None, 0),
    ],
)
def test_the_larger_count_counts(trace_id: str, header: str | None, hops: int) -> None:
    assert hops_of(trace_id, header) == hops


def test_lineage_is_forwarded_unchanged() -> None:
    trace = f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5"
    assert with_hops(trace, 1) == f"{trace};RouterHops=1"
    assert with_hops(f"{ROOT};RouterHops=1;Lineage=1:fe460cdd:0", 2) == f"{ROOT};Lineage=1:fe460cdd:0;RouterHops=2"
    assert with_hops("", 1) == "RouterHops=1"
