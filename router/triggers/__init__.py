"""The explicit table of trigger types. A new type is one module beside this file and one name here.

A type's module is loaded when it is first asked for: most configurations use a few, and `validate` starts as fast as that.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from router.model import TriggerType

NAMES = (
    "alb",
    "api_gateway",
    "cognito",
    "eventbridge",
    "function_url",
    "lambda_api",
    "lambda_edge",
    "s3",
    "schedule",
    "sns",
    "sqs",
    "step_functions",
)


class _Types(Mapping[str, TriggerType]):
    def __getitem__(self, name: str) -> TriggerType:
        if name not in NAMES:
            raise KeyError(name)
        found: TriggerType = import_module(f"router.triggers.{name}").TYPE
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


TYPES: Mapping[str, TriggerType] = _Types()
