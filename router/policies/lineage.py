"""How many functions a chain has passed: a member of ours in the trace header, beside AWS's `Lineage`, which stays as it is.

AWS's own format is undocumented; a hop count finds the same loops (semantics/async.md §A.6). Whoever passes the trace header
on passes it on; a sender that cannot may send `X-Router-Hops` instead.
"""

import re

_MEMBER = "RouterHops"
_HOPS = re.compile(rf"(?:^|;)\s*{_MEMBER}=([0-9]{{1,4}})(?=\s*(?:;|$))")
_NUMBER = re.compile("[0-9]{1,4}")


def hops_of(trace_id: str, header: str | None = None) -> int:
    """The functions that the chain has passed: the larger one of what trace header and `X-Router-Hops` say; 0 without both."""
    member = _HOPS.search(trace_id)
    said = int(member[1]) if member else 0
    return max(said, int(header)) if header is not None and _NUMBER.fullmatch(header) else said


def with_hops(trace_id: str, hops: int) -> str:
    """The trace header with this count, every other member as it was."""
    bare = _HOPS.sub("", trace_id).strip(";")
    return f"{bare};{_MEMBER}={hops}" if bare else f"{_MEMBER}={hops}"
