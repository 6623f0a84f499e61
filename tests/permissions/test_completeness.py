"""The printed policy against the calls that are really made: each is allowed, and no statement is there for nothing."""

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from router.backends.aws import activities, credentials, destinations, invoker, queues
from router.backends.aws.activities import AwsActivities
from router.backends.aws.destinations import AwsDestinations
from router.backends.aws.invoker import AwsInvoker
from router.backends.aws.queues import AwsQueue
from router.batches import ActivitySource, QueueSource
from router.cli.send import into_queue
from router.clock import SystemClock
from router.deliveries import Letter
from router.functions import Invocation
from router.monitoring import cloudwatch
from router.permissions.needs import statements
from router.permissions.statement import Statement, policy
from router.settings import Config
from router.telemetry import Telemetry

CLOCK = SystemClock()
LETTER = Letter(body=b"{}", attributes=(), detail_type="d", resources=(), key="k.json", trace_id="")


async def every_call(config: Config) -> None:
    """What the edges do for a configuration: each public method of each, for everything that it names."""
    await _invoke(config)
    for trigger in config.triggers:
        source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
        if isinstance(source, QueueSource):
            await _poll(config, source)
        elif isinstance(source, ActivitySource):
            await _work(config, source)
    await _send(config)
    await _tell(config)


async def _invoke(config: Config) -> None:
    edge = AwsInvoker(config.aws, config.functions, CLOCK)
    await edge.start()
    targets = [target for trigger in config.triggers for target in trigger.targets]
    for target in targets:
        for qualifier in [name for name, _ in target.weights] or [target.qualifier]:
            for kind in ("RequestResponse", "Event"):
                invocation = Invocation(target.function, qualifier, b"{}", "id", "Root=1", type=kind)
                assert (await edge.invoke(invocation)).kind.value == "ok"
    await edge.close()


async def _poll(config: Config, source: QueueSource) -> None:
    edge = AwsQueue(config.aws, source, CLOCK)
    await edge.start()
    if "://" not in source.queue:
        await edge.describe()
    assert await edge.receive(1, 0, None) == []
    await edge.describe()
    await edge.delete(["no-such-handle"])
    await edge.change_visibility(["no-such-handle"], 0)
    await edge.close()


async def _work(config: Config, source: ActivitySource) -> None:
    edge = AwsActivities(config.aws, source, CLOCK)
    await edge.start()
    task = await edge.get_task()
    assert task is not None
    await edge.heartbeat(task.handle)
    await edge.succeed(task.handle, "{}")
    await edge.fail(task.handle, "error", "cause")
    await edge.close()


async def _send(config: Config) -> None:
    edge = AwsDestinations(config.aws, CLOCK)
    for function in (config.functions["orders"], config.functions["audit"]):
        for address in (function.policy.on_success, function.policy.on_failure, function.policy.dead_letter):
            if address is not None:
                await edge.send(address, LETTER)
    await edge.close()


async def _tell(config: Config) -> None:
    telemetry = Telemetry(config, CLOCK)
    await telemetry.start()
    for trigger in config.triggers:
        assert telemetry._logs is not None
        telemetry._logs.add(f"/router/{trigger.name}", "message")
    await telemetry.close()


def denied(found: Sequence[Statement], calls: Any) -> list[Any]:
    """The calls that the policies of their principals do not allow, as moto's IAM judges."""
    policies = {
        principal: IAMPolicy({"policy_document": json.dumps(policy(s for s in found if s.principal == principal))})
        for principal in {call.principal for call in calls}
    }
    return [
        call
        for call in calls
        if policies[call.principal].is_action_permitted(call.action, call.resource, None, dict(call.conditions))
        is not PermissionResult.PERMITTED
    ]


async def test_everything_that_is_called_is_allowed_and_nothing_else_is(aws: Any, served_config: Config) -> None:
    await every_call(served_config)
    found = statements(served_config)
    assert denied(found, aws.calls) == []
    assert {call.principal for call in aws.calls} == {statement.principal for statement in found}
    for statement in found:
        without = [other for other in found if other is not statement]
        assert denied(without, aws.calls), f"{statement.sid} of {statement.principal} is for nothing"
        for action in statement.actions:
            assert any(call.action == action and call.principal == statement.principal for call in aws.calls), action
        for resource in statement.resources:
            narrowed = [*without, _with(statement, [other for other in statement.resources if other != resource])]
            assert denied(narrowed, aws.calls), f"{resource} in {statement.sid} is for nothing"


def _with(statement: Statement, resources: Sequence[str]) -> Statement:
    kept = tuple(resources) or ("arn:aws:none:::",)
    return Statement(statement.principal, statement.sid, statement.actions, kept, statement.why, statement.conditions)


CALLING = {
    queues: queues.ACTIONS,
    into_queue: queues.SENDING_ACTIONS,
    activities: activities.ACTIONS,
    destinations: {call: action for calls in destinations.ACTIONS.values() for call, action in calls.items()},
    credentials: credentials.ACTIONS,
    cloudwatch: {**cloudwatch.METRIC_ACTIONS, **cloudwatch.LOG_ACTIONS},
    invoker: {},
}
"""The modules that call AWS; the Lambda API is called without an SDK."""


def operations_in(module: Any) -> set[str]:
    """The client methods that a module names: as the first argument of `call` and of what wraps it, or called themselves."""
    tree = ast.parse(Path(module.__file__).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    named = {
        str(node.args[0].value)
        for node in calls
        if node.func.attr in ("ask", "call", "post", "_tell", "_unless_there")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    return named | {node.func.attr for node in calls if node.func.attr == "assume_role"}


@pytest.mark.parametrize("module", CALLING, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_call_has_its_permission_beside_it(module: Any) -> None:
    assert operations_in(module) == set(CALLING[module])


def test_no_other_module_calls_aws(root: Path) -> None:
    known = {Path(module.__file__) for module in CALLING}
    calling = {
        str(path.relative_to(root))
        for path in (root / "router").rglob("*.py")
        if path not in known and re.search(r"\.create_client\(|ServiceClient\(", path.read_text())
    }
    # The client, what is asked for an address alone, the questions of `doctor`, and the wiring of CloudWatch's clients.
    assert calling == {
        "router/backends/aws/client.py",
        "router/backends/aws/endpoints.py",
        "router/backends/aws/inspection.py",
        "router/telemetry.py",
    }
