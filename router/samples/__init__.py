"""Realistic requests and events for every trigger type: what tests, `explain` and `send` start from.

`make` by name, `for_trigger` for a declared trigger, `from_event` from a service's own document. Everything that differs from
one time to the next comes in through a `Context`.
"""

from router.samples.catalogue import KINDS, find, make
from router.samples.fitting import for_trigger
from router.samples.words import Context, Kind, Option, SampleError
from router.samples.wrapping import from_event

__all__ = ["KINDS", "Context", "Kind", "Option", "SampleError", "find", "for_trigger", "from_event", "make"]
