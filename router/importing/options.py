"""What the caller of an import decides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Deployed(StrEnum):
    """Where functions run: in AWS, on this machine, or both (`run --local` then chooses)."""

    ARN = "arn"
    LOCAL = "local"
    BOTH = "both"


class Given(Mapping[str, str]):
    """Values that a caller gives. `asked`: the names that anything looked for, so that one that nothing knows can be told."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(slots=True, frozen=True)
class Options:
    """`parameters`: values of parameters, of pseudo parameters (`AWS::StackName`), of exports, and physical names of resources.

    `workers`: activity to function, both by their names in the template. `stage`: of serverless.yml. `account`, `region`: of
    what the template names without saying where; None: variables stand for them.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    workers: Mapping[str, str] = field(default_factory=dict)
    functions: Deployed = Deployed.BOTH
    stage: str | None = None
    account: str | None = None
    region: str | None = None
