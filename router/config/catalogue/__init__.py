"""Every rule of `validate` by its code, in words; one module per family, joined here.

Nothing that checks a file reads this: it is for people, and imported when they ask. To add a rule, add its record to the
module of its family; the tests hold every record to what the examples give, and to the code that reports it.
"""

from router.config.catalogue import (
    aws,
    cases,
    delivery,
    events,
    exposure,
    files,
    functions,
    listeners,
    reachability,
    schema,
    suppression,
    triggers,
    web,
    yaml,
)
from router.config.catalogue.rule import Rule, Tier

RULES: tuple[Rule, ...] = (
    *yaml.RULES,
    *files.RULES,
    *schema.RULES,
    *functions.RULES,
    *listeners.RULES,
    *triggers.RULES,
    *web.RULES,
    *events.RULES,
    *reachability.RULES,
    *cases.RULES,
    *suppression.RULES,
    *aws.RULES,
    *delivery.RULES,
    *exposure.RULES,
)

BY_CODE = {rule.code: rule for rule in RULES}

__all__ = ["BY_CODE", "RULES", "Rule", "Tier"]
