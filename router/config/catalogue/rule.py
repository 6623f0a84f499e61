"""What is known of a rule beside its code: the words for people, and a file that breaks it beside the same file mended.

`lambda-router rules`, the page docs/rules.md, SARIF's rule list and the tests all read these records.
"""

from collections.abc import Callable, Mapping
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

    `bad`: a whole `router.yaml` that has the finding, once, at line and column `at`; `good`: the same, mended. `where`: the
    file that has the finding, where it is another one. `files`: more files that both need, by path. `env`: variables;
    `require_env`: whether an unset one is refused. `now`: epoch seconds. `source`: the page of AWS, or the section of our
    documentation, that says so. `data`: makes the bytes of the file where no text has the finding; then `bad` shows them
    to people.
    """

    code: str
    tier: Tier
    severity: Severity
    summary: str
    why: str
    bad: str
    at: tuple[int, int]
    good: str
    where: str = "router.yaml"
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    require_env: bool = False
    now: float | None = None
    source: str = ""
    data: Callable[[], bytes] | None = None


ORDERS = """\
version: 1
functions:
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
"""
"""How most examples begin: three lines."""

API = """\
triggers:
  api: {type: lambda_api, invocation: sync, functions: [orders]}
"""
"""A trigger that uses the function of `ORDERS`: two lines."""
