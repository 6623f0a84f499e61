"""The rules that hold between settings, after the schema: one table, each rule a function that reports what it finds.

Every finding has a stable code. A rule sees complete settings without the parts that do not fit the schema, and says nothing
about values that are not known because a variable is not set.
"""

from collections.abc import Callable

from router.config.rules import (
    arns,
    asynchronous,
    bodies,
    cases,
    delivery,
    effects,
    exposure,
    filters,
    functions,
    limits,
    listeners,
    local,
    monitoring,
    queues,
    reachability,
    secrets,
    settings,
    timeouts,
    triggers,
    unreached,
)
from router.config.rules.context import Context

RULES: tuple[Callable[[Context], None], ...] = (
    functions.targets,  # no-target, bad-arn
    functions.timeouts,  # bad-timeout
    functions.without_effect,  # without-effect
    functions.references,  # bad-reference, unknown-function
    functions.unused,  # unused-function (warning)
    functions.weights,  # bad-weights, without-effect
    arns.partitions,  # partition-region, mixed-partitions (warning)
    arns.urls,  # bad-url
    arns.regions,  # region-mismatch
    arns.other_regions,  # other-region (info)
    arns.destination_regions,  # other-region (info)
    arns.accounts,  # no-account (warning)
    arns.roles,  # cross-account-role (info)
    arns.qualifiers,  # bad-qualifier, looks-like-latest (warning), local-weights (info)
    local.what_to_start,  # without-effect, no-runtime, no-handler
    local.without_effect,  # without-effect
    local.handlers,  # no-code, bad-handler, no-handler-file
    local.packages,  # no-packages
    local.environment,  # reserved-variable, bad-variable, environment-too-large
    listeners.addresses,  # bad-address
    listeners.public_url,  # bad-public-url
    listeners.same_address,  # same-address
    listeners.networks,  # bad-network
    listeners.named_listeners,  # no-listener, unknown-listener
    listeners.strangers,  # no-auth
    listeners.admin,  # no-token, without-effect
    bodies.limits,  # idle-limit (info), refuses-messages (warning)
    exposure.plain_credentials,  # plain-credentials (warning)
    exposure.proxies,  # trusts-everybody (warning), without-effect
    exposure.open_doors,  # unproved-messages, everything-open (warnings)
    exposure.credentials,  # shared-credentials (info)
    triggers.invocations,  # bad-invocation
    triggers.own_rules,  # the types' own codes
    triggers.in_time,  # the types' own codes (warnings)
    triggers.claims,  # same-claim, same-route
    timeouts.callers,  # caller-gives-up (warning)
    queues.batches,  # whole-batch-again (info)
    queues.concurrency,  # without-effect
    asynchronous.destinations,  # bad-destination
    asynchronous.ages,  # bad-age, bad-delay
    asynchronous.without_effect,  # without-effect, managed-only
    asynchronous.defaults,  # unused-defaults (warning)
    delivery.retries_in_time,  # retries-too-late (warning), retries-cut-off (info)
    delivery.unused_delays,  # without-effect
    delivery.same_destination,  # same-destination (warning)
    delivery.unused_blocks,  # without-effect
    delivery.journal,  # idle-setting, short-window (warnings), without-effect
    filters.patterns,  # bad-pattern, without-effect
    reachability.patterns,  # never-matches, loses-messages, replaced-field, matches-everything, repeated-value
    reachability.twice,  # same-source, same-operation, delivered-twice, overlapping-notifications (warnings)
    reachability.circles,  # loop (warning), fed-back (info)
    unreached.routes,  # hidden-route (warning)
    unreached.listeners,  # unused-listener (warning)
    unreached.defaults,  # idle-defaults (info)
    monitoring.without_effect,  # without-effect
    monitoring.unseen_failures,  # unseen-failures (warning)
    effects.aws,  # idle-setting (warning)
    effects.triggers,  # without-effect
    limits.quotas,  # aws-quota (info)
    limits.beyond,  # beyond-aws (info)
    limits.local_functions,  # beyond-aws (info)
    limits.runtimes,  # deprecated-runtime (info)
    secrets.literal_secrets,  # literal-secret (warning)
    cases.cases,  # bad-given, bad-expectation, unknown-in-test (warnings)
    settings.unused_defaults,  # unused-defaults (warning)
)


def check(context: Context) -> None:
    """Apply every rule."""
    for rule in RULES:
        rule(context)
