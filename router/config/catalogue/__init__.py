"""Every rule of `validate` by its code, in words; one module per family, joined here.

Nothing that checks a file reads this: it is for people, and imported when they ask.
"""

from router.config.catalogue.rule import Rule, Tier

RULES: tuple[Rule, ...] = ()

BY_CODE = {rule.code: rule for rule in RULES}

__all__ = ["BY_CODE", "RULES", "Rule", "Tier"]
