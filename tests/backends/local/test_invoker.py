"""The embedded Lambda service answers as Lambda's Invoke API does."""

from router.errors import Invoked
from router.outcome import Outcome, OutcomeKind

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"


async def test_answers_with_what_the_function_returned(start):
    shop = await start()
    outcome = await shop.call(b'{"a": 1}', id="8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11")
    assert outcome.function_seconds > 0
    outcome.function_seconds = 0
    assert outcome == Outcome(
        OutcomeKind.OK,
        b'{"a": 1}',
        200,
        "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11",
        "$LATEST",
        trace_id=TRACE,
        invoked=Invoked.YES,
    )
