"""What functions return where nobody says: something that their front door takes."""

from collections.abc import Callable, Mapping
from typing import Any

from router import jsontext
from router.model import Invocation
from router.outcome import Outcome
from router.settings import Config
from router.simulation import MockAnswer
from router.simulation.mocks import answered

_PAGE = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "(what the function says)"}


def _edge(event: Any) -> Any:
    """A stage hands on what it got."""
    record = event["Records"][0]["cf"]
    return record.get("response", record["request"])


_USUAL: Mapping[str, Callable[[Any], Any]] = {
    "alb": lambda event: _PAGE,
    "api_gateway": lambda event: _PAGE,
    "cognito": lambda event: event,
    "function_url": lambda event: _PAGE,
    "lambda_edge": _edge,
}


def usual_answer(trigger_type: str, payload: bytes) -> Any:
    """A JSON value; null for those who do not look at it."""
    made = _USUAL.get(trigger_type)
    return made(jsontext.loads(payload)) if made is not None else None


class UsualAnswers:
    """The `Invoker` whose functions do what their callers hope for."""

    def __init__(self, config: Config) -> None:
        self._types = {trigger.name: trigger.type.name for trigger in config.triggers}

    async def invoke(self, invocation: Invocation) -> Outcome:
        returned = usual_answer(self._types.get(invocation.trigger, ""), invocation.payload)
        if returned is _PAGE and invocation.stream:
            head = {name: value for name, value in _PAGE.items() if name != "body"}
            return answered(MockAnswer(head, streams=str(_PAGE["body"])), invocation)[0]
        return answered(MockAnswer(returned), invocation)[0]

    async def close(self) -> None:
        return None
