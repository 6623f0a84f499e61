"""Rules about `tests:` and files with tests."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_TEST = f"{ORDERS}{API}tests:\n  an order:\n"
_GIVEN = "    given: {trigger: api, sample: {function: orders}}\n"

RULES: tuple[Rule, ...] = (
    Rule(
        "bad-given",
        Tier.SEMANTICS,
        Severity.WARNING,
        "A test does not say what comes in, or says it twice.",
        "A test begins with exactly one event, and says which trigger it is for where the event itself does not. The test"
        " fails; the configuration runs.",
        bad=f"{_TEST}    given: {{trigger: api}}\n    expect: {{function: orders}}\n",
        at=(8, 5),
        good=f"{_TEST}{_GIVEN}    expect: {{function: orders}}\n",
    ),
    Rule(
        "bad-expectation",
        Tier.SEMANTICS,
        Severity.WARNING,
        "What a test expects of a value cannot be looked at.",
        "Beside `equals:`, `contains:` and `jsonpath:` nothing else can stand, and queries are JSONPath as RFC 9535 has it. The"
        " test fails; the configuration runs.",
        bad=f"{_TEST}{_GIVEN}    expect: {{payload: {{jsonpath: {{detail.id: 7}}}}}}\n",
        at=(9, 35),
        good=f"{_TEST}{_GIVEN}    expect: {{payload: {{jsonpath: {{$.detail.id: 7}}}}}}\n",
    ),
    Rule(
        "unknown-in-test",
        Tier.SEMANTICS,
        Severity.WARNING,
        "A test names a trigger, function or route that the configuration does not declare.",
        "It would say nothing about this configuration any more. The test fails; the configuration runs.",
        bad=f"{_TEST}{_GIVEN}    expect: {{function: ordres}}\n",
        at=(9, 24),
        good=f"{_TEST}{_GIVEN}    expect: {{function: orders}}\n",
    ),
)
