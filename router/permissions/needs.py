"""What a compiled configuration needs: a function for each edge, all of them in one table.

Sources: the edges' own `ACTIONS`; the service authorization reference for what a resource looks like
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from router.arn import DEFAULT_ACCOUNT, partition_of
from router.backends.aws import activities, credentials, destinations, invoker, queues
from router.batches import ActivitySource, QueueSource
from router.functions import AsyncPolicy, DestinationAddress, Function, Target
from router.generation import LocalSelection
from router.model import ApiClaim, Trigger
from router.monitoring import cloudwatch
from router.monitoring.log_events import group_of
from router.permissions.statement import ROUTER, Statement
from router.permissions.unknown import is_unknown_function, known
from router.settings import Config

_ENCRYPTED = "{} on the key, where a {} is encrypted with a key of yours"
_SENT = {
    "sqs": ("SendLettersToQueues", _ENCRYPTED.format("kms:GenerateDataKey and kms:Decrypt", "queue")),
    "sns": ("PublishLetters", _ENCRYPTED.format("kms:GenerateDataKey and kms:Decrypt", "topic")),
    "events": ("PutLettersOnBuses", _ENCRYPTED.format("kms:GenerateDataKey and kms:Decrypt", "bus")),
    "s3": ("PutLettersIntoBuckets", _ENCRYPTED.format("kms:GenerateDataKey", "bucket")),
}
"""Destinations by service: the statement's name, and what else may be needed."""
Source = TypeVar("Source", QueueSource, ActivitySource)
_PER_TASK = frozenset({"states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"})


@dataclass(slots=True, frozen=True)
class Deployment:
    """A configuration, and which functions run on this machine."""

    config: Config
    selection: LocalSelection

    def in_aws(self, function: Function) -> bool:
        return not self.selection.runs_here(function)

    def calls(self, function: Function) -> bool:
        """Whether it is called in AWS, by an ARN that is known."""
        return self.in_aws(function) and not is_unknown_function(self.config.raw, function.name)

    @property
    def account(self) -> str:
        """For ARNs; `*` where the configuration does not say."""
        account = self.config.aws.account_id
        return "*" if account == DEFAULT_ACCOUNT else account


def statements(config: Config, selection: LocalSelection | None = None) -> list[Statement]:
    """Everything that is needed, those of the router itself first; without what depends on a variable that is not set."""
    deployment = Deployment(config, selection or LocalSelection())
    needed = [known(statement) for need in NEEDS for statement in need(deployment)]
    found = [statement for statement in needed if statement is not None]
    return sorted([*found, *_assumed(found)], key=lambda statement: (statement.principal != ROUTER, statement.principal))


def invocations(deployment: Deployment) -> Iterator[Statement]:
    """Functions in AWS, synchronous or not: both are InvokeFunction. Of a qualified call IAM asks for the qualified ARN."""
    by_principal: dict[str, dict[str, None]] = {}
    for function, resource in invoked(deployment):
        by_principal.setdefault(function.invoke_role_arn or ROUTER, {})[resource] = None
    for principal, resources in by_principal.items():
        actions = tuple(invoker.ACTIONS.values())
        yield Statement(principal, "InvokeFunctions", actions, tuple(resources), "Calls the functions that triggers name.")


def invoked(deployment: Deployment) -> Iterator[tuple[Function, str]]:
    """Every function that is called in AWS, with the ARNs by which it is; `…:*` where callers choose the qualifier."""
    config = deployment.config
    for trigger in config.triggers:
        for target in (*trigger.targets, *_followers(deployment, trigger)):
            if deployment.calls(target.function):
                yield from ((target.function, resource) for resource in _resources(target))
        if any(isinstance(claim, ApiClaim) and claim.service == "lambda" for claim in trigger.claims):
            for function in (config.functions[name] for name in trigger.functions):
                if deployment.calls(function):
                    yield from ((function, resource) for resource in (str(function.arn), f"{function.arn}:*"))


def _resources(target: Target) -> Iterator[str]:
    weighted = [str(target.function.arn.qualified(qualifier)) for qualifier, _ in target.weights]
    yield from weighted or [str(target.function.arn.qualified(target.qualifier or target.function.qualifier))]


def _followers(deployment: Deployment, trigger: Trigger) -> Iterator[Target]:
    for address in told(deployment, trigger):
        if address.target is not None:
            yield address.target


def told(deployment: Deployment, trigger: Trigger) -> Iterator[DestinationAddress]:
    """Where the managed deliveries of a trigger end, and those of the functions that are told about them."""
    if not trigger.accepts:
        return
    waiting, seen = list(trigger.functions), set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        for address in _ends(deployment, trigger, deployment.config.functions[name]):
            yield address
            if address.target is not None:
                waiting.append(address.target.function.name)


def _ends(deployment: Deployment, trigger: Trigger, function: Function) -> list[DestinationAddress]:
    policy: AsyncPolicy = trigger.policies.get(function.name, function.policy)
    managed = not deployment.in_aws(function) or policy.delivery == "managed"
    ends = (policy.on_success, policy.on_failure, policy.dead_letter) if managed else ()
    return [address for address in ends if address is not None]


def letters(deployment: Deployment) -> Iterator[Statement]:
    """Queues, topics, buses and buckets that are told about ended deliveries."""
    found: dict[str, dict[str, None]] = {}
    for trigger in deployment.config.triggers:
        for address in told(deployment, trigger):
            if address.target is None:
                found.setdefault(address.service, {})[_resource(deployment, address)] = None
    for service, resources in found.items():
        sid, hint = _SENT[service]
        actions = tuple(destinations.ACTIONS[service].values())
        account = deployment.account
        # A bucket's ARN has no account: without the condition, whoever owns that name would get the events.
        owned = service == "s3" and account != "*"
        conditions = {"StringEquals": {"s3:ResourceAccount": account}} if owned else {}
        why = "Sends what becomes of managed deliveries to their destinations."
        yield Statement(ROUTER, sid, actions, tuple(resources), why, conditions, hint)


def _resource(deployment: Deployment, address: DestinationAddress) -> str:
    arn = address.arn
    return f"{arn}/*" if address.service == "s3" else arn.replace(f":{DEFAULT_ACCOUNT}:", f":{deployment.account}:")


def polled_queues(deployment: Deployment) -> Iterator[Statement]:
    """Queues that are polled. A queue that is named by its URL is not looked up."""
    found: dict[tuple[str, bool], dict[str, None]] = {}
    for source in _sources(deployment, QueueSource):
        key = (source.role_arn or ROUTER, "://" in source.queue)
        found.setdefault(key, {})[_queue_arn(deployment, source)] = None
    for (principal, by_url), resources in found.items():
        actions = tuple(action for call, action in queues.ACTIONS.items() if not (by_url and call == "get_queue_url"))
        hint = _ENCRYPTED.format("kms:Decrypt", "queue")
        sid = "PollQueuesByUrl" if by_url else "PollQueues"
        yield Statement(principal, sid, actions, tuple(resources), "Polls the queues of triggers.", hint=hint)


def _queue_arn(deployment: Deployment, source: QueueSource) -> str:
    if source.queue.startswith("arn:"):
        return source.queue
    account, name = deployment.account, source.queue
    if "://" in source.queue:
        owner, _, name = urlsplit(source.queue).path.strip("/").rpartition("/")
        account = owner.rpartition("/")[2] or account
    return f"arn:{partition_of(source.region)}:sqs:{source.region}:{account}:{name}"


def worked_activities(deployment: Deployment) -> Iterator[Statement]:
    """Activities of Step Functions. IAM knows no resource for what is told about a task: the token names it."""
    by_principal: dict[str, dict[str, None]] = {}
    for source in _sources(deployment, ActivitySource):
        by_principal.setdefault(source.role_arn or ROUTER, {})[source.activity] = None
    for principal, resources in by_principal.items():
        polling = tuple(action for action in activities.ACTIONS.values() if action not in _PER_TASK)
        telling = tuple(action for action in activities.ACTIONS.values() if action in _PER_TASK)
        hint = "kms:Decrypt on the key, where an activity is encrypted with a key of yours"
        yield Statement(principal, "GetTasks", polling, tuple(resources), "Asks activities for tasks.", hint=hint)
        yield Statement(principal, "TellOfTasks", telling, ("*",), "Tells what became of a task; its token names it.")


def figures(deployment: Deployment) -> Iterator[Statement]:
    """Figures by PutMetricData. Lines of EMF need nothing of the router's own."""
    settings = deployment.config.cloudwatch
    if settings is None or settings.metrics != "api":
        return
    conditions = {"StringEquals": {"cloudwatch:namespace": settings.namespace}}
    actions = tuple(cloudwatch.METRIC_ACTIONS.values())
    yield Statement(ROUTER, "PutFigures", actions, ("*",), "Writes figures, into its own namespace alone.", conditions)


def logs(deployment: Deployment) -> Iterator[Statement]:
    """Log groups of triggers; made where they are missing."""
    settings = deployment.config.cloudwatch
    if settings is None or settings.logs is None:
        return
    groups = dict.fromkeys(group_of(settings.logs, trigger.name) for trigger in deployment.config.triggers)
    prefix = f"arn:{partition_of(settings.region)}:logs:{settings.region}:{deployment.account}:log-group"
    unneeded = "put_retention_policy" if settings.logs.retention is None else None
    actions = tuple(action for call, action in cloudwatch.LOG_ACTIONS.items() if call != unneeded)
    resources = tuple(f"{prefix}:{group}:*" for group in groups)
    yield Statement(ROUTER, "WriteLogs", actions, resources, "Writes invocations and warnings to CloudWatch Logs.")


NEEDS: tuple[Callable[[Deployment], Iterable[Statement]], ...] = (
    invocations,
    polled_queues,
    worked_activities,
    letters,
    figures,
    logs,
)


def _assumed(found: Iterable[Statement]) -> Iterator[Statement]:
    roles = dict.fromkeys(statement.principal for statement in found if statement.principal != ROUTER)
    if roles:
        why = "Assumes the roles that functions and sources name; their trust policies must allow it."
        yield Statement(ROUTER, "AssumeRoles", tuple(credentials.ACTIONS.values()), tuple(roles), why)


def _sources(deployment: Deployment, kind: type[Source]) -> Iterator[Source]:
    for trigger in deployment.config.triggers:
        source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
        if isinstance(source, kind):
            yield source


def role_of(trigger: Trigger) -> str | None:
    """The role in whose name a trigger polls; None: it polls nothing, or in the daemon's own."""
    source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
    return source.role_arn if source is not None else None
