"""Rules about comments that take findings back: `# lambda-router: ignore[code] reason`."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_REFUNDS = "  refunds: arn:aws:lambda:eu-west-1:111122223333:function:refunds   # lambda-router: ignore"

RULES: tuple[Rule, ...] = (
    Rule(
        "suppression-without-reason",
        Tier.LINT,
        Severity.WARNING,
        "A comment that should suppress a finding does not say why.",
        "Whoever reads it next cannot tell whether it still holds: it suppresses nothing until a reason stands behind it.",
        bad=f"{ORDERS}{_REFUNDS}[unused-function]\n{API}",
        at=(4, 69),
        good=f"{ORDERS}{_REFUNDS}[unused-function] called by hand once a month\n{API}",
        now=0.0,
    ),
    Rule(
        "unknown-rule",
        Tier.LINT,
        Severity.WARNING,
        "A comment should suppress a finding that does not exist.",
        "It suppresses nothing. `lambda-router rules` lists every code.",
        bad=f"{ORDERS}{_REFUNDS}[unused-functions] called by hand\n{API}",
        at=(4, 69),
        good=f"{ORDERS}{_REFUNDS}[unused-function] called by hand\n{API}",
        now=0.0,
    ),
    Rule(
        "unused-suppression",
        Tier.LINT,
        Severity.WARNING,
        "A comment suppresses nothing.",
        "What it took back is gone, stands in another line, or is an error, which cannot be suppressed because the file would"
        " not run. Remove the comment before it hides something else.",
        bad=f"{ORDERS}# lambda-router: ignore[unused-defaults] kept for later\n{API}",
        at=(4, 1),
        good=f"{ORDERS}{_REFUNDS}[unused-function] called by hand\n{API}",
        now=0.0,
    ),
)
