"""What is known of a rule beside its code: the words for people, and a file that breaks it beside the same file mended.

`lambda-router rules`, the page docs/rules.md, SARIF's rule list and the tests all read these records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from router.config.problem import Severity


class Tier(StrEnum):
    """How far a file has come when a rule looks at it."""

    YAML = "yaml"
    SCHEMA = "schema"
    SEMANTICS = "semantics"
    LINT = "lint"


@dataclass(slots=True, frozen=True)
class Rule:
    """One rule. `summary`: a sentence that says what is wrong; `why`: why it matters, and what to do.

    `bad`: a whole `router.yaml` that has the finding, at line and column `at`; `good`: the same, mended. `files`: more files
    that both need, by path. `env`: variables; `require_env`: whether an unset one is refused. `now`: epoch seconds.
    `source`: the page of AWS, or the section of our documentation, that says so.
    """

    code: str
    tier: Tier
    severity: Severity
    summary: str
    why: str
    bad: str
    at: tuple[int, int]
    good: str
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    require_env: bool = False
    now: float | None = None
    source: str = ""
