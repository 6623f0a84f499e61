"""Events of EventBridge: AWS's envelope, what AWS's own services say in it, and how an API destination posts it.

Source: semantics/async.md §D.1, §D.12 and https://docs.aws.amazon.com/eventbridge/latest/ref/events.html.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from router.envelopes import HttpEnvelope
from router.samples import moments
from router.samples.http import posted
from router.samples.words import Context

API_DESTINATION = (
    ("User-Agent", "Amazon/EventBridge/ApiDestinations"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Range", "bytes=0-1048575"),
    ("Accept-Encoding", "gzip,deflate"),
    ("Connection", "close"),
)


def envelope(
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    context: Context,
    resources: Sequence[str] = (),
    time: float | None = None,
) -> dict[str, Any]:
    """An event, keys in AWS's order."""
    return {
        "version": "0",
        "id": context.new_id(),
        "detail-type": detail_type,
        "source": source,
        "account": context.account_id,
        "time": moments.whole(context.now if time is None else time),
        "region": context.region,
        "resources": [*resources],
        "detail": detail,
    }


def to_api_destination(text: str, path: str, context: Context) -> HttpEnvelope:
    """An event as an API destination posts it."""
    return posted(path, text, API_DESTINATION)


# --- what AWS's services say -----------------------------------------------------------------------------------------

Said = tuple[str, str, list[str], dict[str, Any]]
"""Source, detail type, resources, detail."""


def ec2_state_change(context: Context) -> Said:
    instance = "i-0123456789abcdef0"
    arn = f"arn:aws:ec2:{context.region}:{context.account_id}:instance/{instance}"
    return "aws.ec2", "EC2 Instance State-change Notification", [arn], {"instance-id": instance, "state": "running"}


def ecs_task_stopped(context: Context) -> Said:
    base = f"arn:aws:ecs:{context.region}:{context.account_id}"
    task = f"{base}:task/shop/{context.hex(32)}"
    detail = {
        "clusterArn": f"{base}:cluster/shop",
        "taskArn": task,
        "taskDefinitionArn": f"{base}:task-definition/shop:7",
        "group": "service:shop",
        "launchType": "FARGATE",
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "stoppedAt": moments.milliseconds(context.now),
        "containers": [{"name": "shop", "exitCode": 1, "lastStatus": "STOPPED"}],
        "version": 5,
    }
    return "aws.ecs", "ECS Task State Change", [task], detail


def alarm_state_change(context: Context) -> Said:
    name = "events-lost"
    arn = f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm:{name}"
    reason = "Threshold Crossed: 1 datapoint [3.0] was greater than the threshold (0.0)."
    detail = {
        "alarmName": name,
        "state": {"value": "ALARM", "reason": reason, "timestamp": moments.milliseconds(context.now)},
        "previousState": {"value": "OK", "reason": "no datapoints", "timestamp": moments.milliseconds(context.now - 3600)},
        "configuration": {"description": "Events were dropped."},
    }
    return "aws.cloudwatch", "CloudWatch Alarm State Change", [arn], detail


def pipeline_failed(context: Context) -> Said:
    arn = f"arn:aws:codepipeline:{context.region}:{context.account_id}:shop"
    detail = {"pipeline": "shop", "execution-id": context.new_id(), "state": "FAILED", "version": 3.0}
    return "aws.codepipeline", "CodePipeline Pipeline Execution State Change", [arn], detail


def secret_rotated(context: Context) -> Said:
    arn = f"arn:aws:secretsmanager:{context.region}:{context.account_id}:secret:shop-AbCdEf"
    detail = {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": "RotationSucceeded",
        "eventTime": moments.whole(context.now),
        "additionalEventData": {"SecretId": arn},
    }
    return "aws.secretsmanager", "AWS Service Event via CloudTrail", [arn], detail


def step_function_failed(context: Context) -> Said:
    base = f"arn:aws:states:{context.region}:{context.account_id}"
    execution = f"{base}:execution:shop:{context.new_id()}"
    detail = {
        "executionArn": execution,
        "stateMachineArn": f"{base}:stateMachine:shop",
        "name": execution.rpartition(":")[2],
        "status": "FAILED",
        "startDate": int(context.now * 1000) - 5000,
        "stopDate": int(context.now * 1000),
        "input": "{}",
        "output": None,
    }
    return "aws.states", "Step Functions Execution Status Change", [execution], detail


def invocation_failed(context: Context) -> Said:
    """What a failure destination on a bus gets of Lambda (semantics/async.md §A.4)."""
    function = f"arn:aws:lambda:{context.region}:{context.account_id}:function:orders:$LATEST"
    bus = f"arn:aws:events:{context.region}:{context.account_id}:event-bus/default"
    request = context.new_id()
    detail = {
        "version": "1.0",
        "timestamp": moments.milliseconds(context.now),
        "requestContext": {
            "requestId": request,
            "functionArn": function,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"order": "o-1"},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "boom", "errorType": "Exception", "requestId": request, "stackTrace": []},
    }
    return "lambda", "Lambda Function Invocation Result - Failure", [bus, function], detail


def scheduled(context: Context) -> Said:
    rule = f"arn:aws:events:{context.region}:{context.account_id}:rule/nightly"
    return "aws.events", "Scheduled Event", [rule], {}
