"""Cognito, Step Functions and schedules: what calls the router, or why nothing has to.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html, semantics/sync.md §10, §11.
"""

import json
from collections.abc import Mapping
from typing import Any

from router.connecting.auth import connection, header_of, proofs_of
from router.connecting.words import Part, Surroundings, command, dumped, note, slug, variable
from router.model import Trigger

Settings = Mapping[str, Any]

_FORWARDER = '''\
"""Hands the events of a user pool to the router, and back what its function returned."""

import json
import os
import urllib.error
import urllib.request


def handler(event, context):
    headers = {"Content-Type": "application/json"} | json.loads(os.environ.get("ROUTER_HEADERS", "{}"))
    request = urllib.request.Request(os.environ["ROUTER_URL"], json.dumps(event).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=4.5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.load(error).get("message", f"the router answered {error.code}")) from None
'''


def of_user_pool(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """AWS invokes functions, never URLs: a small function stands in between."""
    name = f"router-{slug(trigger.name)}"
    headers = dict(pair for pair in map(header_of, proofs_of(settings, around)) if pair is not None)
    url = around.at(settings["path"])
    variables = {"ROUTER_URL": url} | ({"ROUTER_HEADERS": dumped(headers)} if headers else {})
    pool, region = settings["user_pool"], settings["user_pool"].partition("_")[0]
    arn = f"arn:aws:lambda:{region}:{around.account_id}:function:{name}"
    operations = {name: arn for name, each in settings["operations"].items() if each is not None}
    where = (("region", region), ("endpoint-url", around.endpoints.get("lambda")))
    return [
        note(
            "A user pool of AWS invokes Lambda functions; this one hands its events to the router. Whatever else plays the"
            f" pool (an emulator, a test) posts its events to {url} itself."
        ),
        Part("file", _FORWARDER, "The function.", "forward.py"),
        Part("command", "zip forward.zip forward.py"),
        command(
            "aws lambda create-function",
            ("function-name", name),
            ("runtime", "python3.13"),
            ("handler", "forward.handler"),
            ("role", f"arn:aws:iam::{around.account_id}:role/LAMBDA-ROLE"),
            ("timeout", "5"),
            ("environment", dumped({"Variables": variables})),
            ("zip-file", "fileb://forward.zip"),
            *where,
        ),
        command(
            "aws lambda add-permission",
            ("function-name", name),
            ("statement-id", "user-pool"),
            ("action", "lambda:InvokeFunction"),
            ("principal", "cognito-idp.amazonaws.com"),
            ("source-arn", f"arn:aws:cognito-idp:{region}:{around.account_id}:userpool/{pool}"),
            *where,
        ),
        note("`update-user-pool` resets every setting that is not given with it: add those that the pool has."),
        command(
            "aws cognito-idp update-user-pool",
            ("user-pool-id", pool),
            ("lambda-config", dumped(_lambda_config(operations, settings))),
            ("region", region),
            ("endpoint-url", around.endpoints.get("cognito-idp")),
        ),
    ]


def _lambda_config(operations: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """Token generation has versions, and custom senders have a form of their own."""
    config: dict[str, Any] = {}
    for name, arn in operations.items():
        version = settings["operations"][name].get("version")
        if name == "PreTokenGeneration" and version not in (None, "V1_0"):
            config["PreTokenGenerationConfig"] = {"LambdaArn": arn, "LambdaVersion": version}
        elif name.startswith("Custom") and name.endswith("Sender"):
            config[name] = {"LambdaArn": arn, "LambdaVersion": "V1_0"}
            config["KMSKeyID"] = "KMS-KEY-ARN"
        else:
            config[name] = arn
    return config


# --- Step Functions --------------------------------------------------------------------------------------------------


def of_task(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """The state that hands tasks to the router."""
    if settings.get("activity") is not None:
        return _activity(settings, around)
    url = around.at(settings["path"])
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": url,
            "Method": "POST",
            "Authentication": {"ConnectionArn": "CONNECTION-ARN"},
            "RequestBody.$": "$",
        },
        "ResultSelector": {"result.$": "$.ResponseBody"},
        "Retry": [_RETRY],
        "End": True,
    }
    permissions = [
        {
            "Effect": "Allow",
            "Action": "states:InvokeHTTPEndpoint",
            "Resource": "*",
            "Condition": {"StringEquals": {"states:HTTPEndpoint": url, "states:HTTPMethod": "POST"}},
        },
        {"Effect": "Allow", "Action": "events:RetrieveConnectionCredentials", "Resource": "CONNECTION-ARN"},
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": "arn:aws:secretsmanager:*:*:secret:events!connection/*",
        },
    ]
    return [
        *([] if url.startswith("https://") else [note("An HTTP Task calls https only: put TLS before the router.")]),
        *connection(trigger.name, proofs_of(settings, around), around),
        Part("command", f"echo {variable('CONNECTION')}", "The CONNECTION-ARN below."),
        _file("state.json", state, "The state. Step Functions waits 60 s at most."),
        _file("policy.json", {"Version": "2012-10-17", "Statement": permissions}, "What the state machine's role needs."),
    ]


_RETRY = {
    "ErrorEquals": ["States.Http.StatusCode.429", "States.Http.StatusCode.503", "States.Http.Socket"],
    "IntervalSeconds": 1,
    "MaxAttempts": 5,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
"""What passes: the function did not run, or nobody can know."""


def _activity(settings: Settings, around: Surroundings) -> list[Part]:
    arn = settings["activity"]
    state: dict[str, Any] = {"Type": "Task", "Resource": arn, "TimeoutSeconds": 900}
    if settings.get("heartbeat") is not None:
        state["HeartbeatSeconds"] = int(settings["heartbeat"])
    return [
        command(
            "aws stepfunctions create-activity",
            ("name", arn.rpartition(":")[2]),
            ("region", arn.split(":")[3]),
            ("endpoint-url", around.endpoints.get("states")),
        ),
        _file("state.json", state | {"End": True}, "The state: the router polls the activity, and needs no public address."),
        note("Without a `TimeoutSeconds` the state waits for ever where no router polls."),
    ]


def _file(name: str, value: Any, title: str) -> Part:
    return Part("file", json.dumps(value, indent=2, ensure_ascii=False) + "\n", title, name)


def of_schedule(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """Nobody sends."""
    return [note("The router's own clock is the sender: nothing has to be connected. Switch the schedules off in AWS, if any.")]
