"""Health checks of a load balancer: the event that it sends, and which answers count as healthy.

One check per target group, so one per function and qualifier that rules forward to.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html and semantics/sync.md §8.1.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from router import jsontext
from router.errors import RequestError
from router.model import Probe, Target, unsent_request
from router.outcome import Outcome, OutcomeKind
from router.triggers.alb.actions import Forward
from router.triggers.alb.answers import answer
from router.triggers.alb.conditions import query_pairs

USER_AGENT = "ELB-HealthChecker/2.0"


def compile_probes(settings: Mapping[str, Any] | None, forwards: Iterable[Forward]) -> tuple[Probe, ...]:
    """`settings`: the completed `health_check:`, None where no checks are wanted."""
    if settings is None:
        return ()
    probes: dict[tuple[str, bool], Probe] = {}
    for forward in forwards:
        for name, target in _targets(forward.target):
            probes.setdefault((name, forward.multi_value), _probe(settings, forward, name, target))
    return tuple(probes.values())


def _targets(target: Target) -> Iterator[tuple[str, Target]]:
    """Each qualifier by itself, where weights split between several."""
    qualifiers: list[str | None] = [qualifier for qualifier, weight in target.weights if weight]
    for qualifier in qualifiers or [target.qualifier]:
        name = f"{target.function.name}:{qualifier}" if qualifier else target.function.name
        yield name, Target(target.function, qualifier)


def _probe(settings: Mapping[str, Any], forward: Forward, name: str, target: Target) -> Probe:
    return Probe(
        name,
        target,
        jsontext.dumps(check_event(settings["path"], forward)),
        settings["interval"],
        settings["timeout"],
        _judge(settings["matcher"], forward.multi_value),
        settings["healthy_threshold"],
        settings["unhealthy_threshold"],
    )


def check_event(path: str, forward: Forward) -> dict[str, Any]:
    """The event of a health check; its only header says who asks."""
    path, _, query = path.partition("?")
    pairs = query_pairs(query)
    event: dict[str, Any] = {"requestContext": forward.context, "httpMethod": "GET", "path": path}
    if forward.multi_value:
        event["multiValueQueryStringParameters"] = {key: [value for name, value in pairs if name == key] for key, _ in pairs}
        event["multiValueHeaders"] = {"user-agent": [USER_AGENT]}
    else:
        event["queryStringParameters"] = dict(pairs)
        event["headers"] = {"user-agent": USER_AGENT}
    return {**event, "body": "", "isBase64Encoded": False}


def parse_matcher(text: str) -> tuple[tuple[int, int], ...]:
    """`200,300-399` as ranges, both ends included."""
    ends = [part.partition("-") for part in text.split(",")]
    return tuple((int(low), int(high or low)) for low, _, high in ends)


def _judge(matcher: str, multi_value: bool) -> Callable[[Outcome], str | None]:
    ranges = parse_matcher(matcher)

    def judge(outcome: Outcome) -> str | None:
        if outcome.kind is OutcomeKind.TIMEOUT:
            return f"Target.Timeout: {outcome.message}"
        if outcome.kind is not OutcomeKind.OK:
            return f"Target.FailedHealthChecks: {outcome.kind.value} {outcome.code or ''}".rstrip()
        try:
            status = answer(outcome.payload, _ASKED, multi_value=multi_value).status
        except RequestError as error:
            return f"Target.FailedHealthChecks: {error}"
        if any(low <= status <= high for low, high in ranges):
            return None
        return f"Target.ResponseCodeMismatch: {status} is not in {matcher}"

    return judge


_ASKED = unsent_request()
"""Stands for the request that an answer is judged against; no answer to a check goes anywhere."""
