"""Functions in AWS: whether they can be called (DryRun, through the daemon's own client), and how they are set up."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from router.arn import FunctionArn, parse_function_arn
from router.backends.aws.inspection import Denied
from router.backends.aws.invoker import AwsInvoker
from router.doctor.examination import Check, Patient
from router.doctor.findings import Finding, blocked, failed, ok, warning
from router.functions import Function, Invocation
from router.outcome import Outcome, OutcomeKind
from router.permissions.needs import Deployment, invoked

_STATES = {
    "Pending": "is being made",
    "Inactive": "is asleep, and is made ready by its next call",
    "Failed": "cannot run",
}


def checks(patient: Patient, invoker: AwsInvoker) -> Iterator[Check]:
    """For each version or alias that is called, and once for each function. `invoker`: started."""
    called = list(invoked(Deployment(patient.config, patient.selection)))
    for resource, function in {resource: function for function, resource in called}.items():
        arn = parse_function_arn(resource)
        if arn is not None:  # `…:*`: callers choose
            path, service = ("functions", function.name), ("lambda", arn.region)
            yield Check("invocable", resource, path, partial(_dry_run, invoker, function, arn))
            yield Check("set up", resource, path, partial(_configuration, patient, function, arn), service)
    for name, function in {str(function.arn): function for function, _ in called}.items():
        service = ("lambda", function.arn.region)
        yield Check("concurrency", name, ("functions", function.name), partial(_concurrency, patient, function), service)


async def _dry_run(invoker: AwsInvoker, function: Function, arn: FunctionArn) -> Sequence[Finding]:
    if not invoker.has_credentials(function):
        return [blocked("there are no credentials for it that work")]
    invocation = Invocation(function, arn.qualifier, b"{}", "doctor", "", type="DryRun")
    return [said_of(await invoker.invoke(invocation), arn)]


def said_of(outcome: Outcome, arn: FunctionArn) -> Finding:
    """What an answer to a DryRun means."""
    said = f"{outcome.code or outcome.kind.value}: {outcome.message or 'no message'}"
    if outcome.kind is OutcomeKind.OK:
        return ok("it can be invoked")
    if outcome.status == 403:
        return failed(f"it may not be invoked: {said}", f"allow lambda:InvokeFunction on {arn} (lambda-router iam)")
    if outcome.status == 404:
        what = f"the version or alias `{arn.qualifier}`" if arn.qualifier else "the function"
        return failed(f"there is no such function: {said}", f"look at {what}, the region and the account")
    if outcome.kind in (OutcomeKind.TRANSPORT, OutcomeKind.TIMEOUT, OutcomeKind.THROTTLED, OutcomeKind.SERVICE_ERROR):
        return blocked(f"Lambda did not say: {said}", "look at credentials, network and endpoint, or try again")
    return failed(said, "look at the function in AWS")


async def _configuration(patient: Patient, function: Function, arn: FunctionArn) -> Sequence[Finding]:
    said = await configuration(patient, function, arn)
    return [*_state(said), *_timeout(patient, function, said)]


async def configuration(patient: Patient, function: Function, arn: FunctionArn) -> Mapping[str, Any]:
    """What GetFunctionConfiguration says, in the name of the role that calls the function."""
    named = {"Qualifier": arn.qualifier} if arn.qualifier else {}
    name = str(arn.qualified(None))
    return await patient.inspector.ask(
        *("lambda", arn.region, "get_function_configuration", function.invoke_role_arn), FunctionName=name, **named
    )


def _state(said: Mapping[str, Any]) -> Iterator[Finding]:
    state, reason = said.get("State", "Active"), said.get("StateReason") or "no reason is given"
    if state == "Failed":
        yield failed(f"the function {_STATES[state]}: {reason}", "mend the function in AWS")
    elif state in _STATES:
        yield warning(f"the function {_STATES[state]}: {reason}", "wait, or call it once")
    if said.get("LastUpdateStatus") == "Failed":
        reason = said.get("LastUpdateStatusReason") or "no reason is given"
        yield warning(f"its last update failed, so that the one before runs: {reason}", "update the function again")


def _timeout(patient: Patient, function: Function, said: Mapping[str, Any]) -> Iterator[Finding]:
    real = said.get("Timeout")
    declared = patient.config.raw.get("functions", {}).get(function.name, {}).get("timeout")
    if real is None:
        return
    if declared is None or function.timeout == real:
        yield ok(f"its timeout in AWS is {real} s")
    elif function.timeout < real:
        message = (
            f"its timeout in AWS is {real} s, and `timeout` here {function.timeout:g} s: the router stops waiting too early"
        )
        yield failed(message, f"write `timeout: {real}s`")
    else:
        yield warning(f"its timeout in AWS is {real} s, and `timeout` here {function.timeout:g} s", f"write `timeout: {real}s`")


async def _concurrency(patient: Patient, function: Function) -> Sequence[Finding]:
    said = await patient.inspector.ask(
        *("lambda", function.arn.region, "get_function_concurrency", function.invoke_role_arn),
        FunctionName=str(function.arn),
    )
    reserved = said.get("ReservedConcurrentExecutions")
    if reserved == 0:
        return [failed("its reserved concurrency is 0: every call is throttled", "raise it in AWS, or remove it")]
    limit = function.max_concurrency
    if reserved is not None and limit is not None and limit > reserved:
        message = f"`max_concurrency` is {limit}, and its reserved concurrency in AWS {reserved}: calls are throttled there"
        return [warning(message, f"write `max_concurrency: {reserved}`")]
    return [ok("its concurrency is not limited" if reserved is None else f"its reserved concurrency is {reserved}")]


async def real_timeout(patient: Patient, function: Function) -> float:
    """What is configured in AWS, or, where nobody may ask or it runs here, what is declared."""
    if patient.selection.runs_here(function):
        return function.timeout
    try:
        said = await configuration(patient, function, function.arn.qualified(function.qualifier))
    except Denied:
        return function.timeout
    return float(said.get("Timeout", function.timeout))
