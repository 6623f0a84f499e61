"""AWS as the daemon sees it, with every call written down as IAM would judge it: who, which action, which resource.

moto plays the services; Lambda and Step Functions, which it cannot play without Docker, answer here.
"""

import asyncio
import json
import logging
import re
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import aiohttp
import boto3
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from router.config import load
from router.files import LocalFiles
from router.permissions.statement import ROUTER
from router.settings import Config

REGION, ACCOUNT = "eu-west-1", "123456789012"
"""moto's own account."""
ROLES = tuple(f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("invoker", "poller", "worker"))

CONFIG = f"""\
version: 1
aws: {{region: {REGION}, account_id: {ACCOUNT}, endpoint_url: "ENDPOINT"}}
monitoring:
  cloudwatch: {{metrics: api, namespace: Shop, logs: {{group: "/router/{{trigger}}", what: all}}}}
defaults:
  async: {{on_failure: "sqs:failed", on_success: "events:results"}}
functions:
  orders:
    arn: "arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders:live"
    async: {{delivery: managed}}
  audit:
    arn: "arn:aws:lambda:{REGION}:{ACCOUNT}:function:audit"
    async: {{delivery: managed, dead_letter: "sns:dead", on_failure: "s3:failures"}}
  other: {{arn: "arn:aws:lambda:{REGION}:444455556666:function:other", invoke_role_arn: "{ROLES[0]}"}}
triggers:
  api:
    type: api_gateway
    api: http
    invocation: sync
    routes:
      GET /a: orders
      GET /b: {{function: audit, weights: {{blue: 90, "8": 10}}}}
      POST /c: {{function: audit, invocation: async}}
      POST /d: {{function: orders, invocation: async}}
      GET /e: other
  jobs: {{type: sqs, invocation: async, queue: "arn:aws:sqs:{REGION}:{ACCOUNT}:jobs", function: "orders:8"}}
  more: {{type: sqs, invocation: async, queue: "ENDPOINT/{ACCOUNT}/more", function: orders}}
  theirs: {{type: sqs, invocation: async, queue: theirs, role_arn: "{ROLES[1]}", function: orders}}
  work:
    type: step_functions
    invocation: sync
    activity: "arn:aws:states:{REGION}:{ACCOUNT}:activity:resize"
    function: orders
  lent:
    type: step_functions
    invocation: sync
    activity: "arn:aws:states:{REGION}:{ACCOUNT}:activity:lent"
    role_arn: "{ROLES[2]}"
    function: orders
"""
"""Every kind of call that the daemon makes, of two resources of a kind where names or roles differ."""


@dataclass(frozen=True)
class Called:
    """One call. `conditions`: the values of IAM's condition keys."""

    principal: str
    action: str
    resource: str
    conditions: tuple[tuple[str, str], ...] = ()


@dataclass
class RecordedAws:
    """An endpoint for every service. `calls`: in order, each once; `operations`: as AWS's API names them."""

    moto: str
    url: str = ""
    calls: dict[Called, None] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)
    roles: dict[str, str] = field(default_factory=dict)
    """ARNs by the access key that STS gave out."""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        credential = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", request.headers["authorization"])
        assert credential is not None
        key, region, service = credential.groups()
        operation, said = _operation(request, body)
        self.operations.add(f"{service}:{operation}")
        for resource, conditions in _resources(service, operation, said, region):
            called = Called(self.roles.get(key, ROUTER), _action(service, operation), resource, conditions)
            self.calls[called] = None
        if service == "lambda":
            return web.json_response(None)
        if service == "states":
            return web.json_response({"taskToken": "t", "input": "{}"} if operation == "GetActivityTask" else {})
        return await self._forward(request, body, said)

    async def _forward(self, request: web.Request, body: bytes, said: dict[str, Any]) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("content-length", "host")}
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            url = f"{self.moto}{request.raw_path}"
            async with session.request(request.method, url, headers=headers, data=body) as answer:
                text = await answer.read()
        if "RoleArn" in said:
            found = re.search(rb"<AccessKeyId>(.+?)</AccessKeyId>", text)
            assert found is not None
            self.roles[found[1].decode()] = said["RoleArn"]
        kept = {name: value for name, value in answer.headers.items() if name.lower() in ("content-type", "smithy-protocol")}
        return web.Response(status=answer.status, body=text, headers=kept)


def _operation(request: web.Request, body: bytes) -> tuple[str, dict[str, Any]]:
    """The name of the API's operation, and its parameters as far as IAM looks at them."""
    target = request.headers.get("x-amz-target")
    if target is not None:
        return target.rpartition(".")[2], json.loads(body)
    if "/invocations" in request.path:
        arn = unquote(request.path.split("/")[3])
        qualifier = request.query.get("Qualifier")
        return "Invoke", {"arn": f"{arn}:{qualifier}" if qualifier else arn}
    if "/operation/" in request.path:
        return request.path.rpartition("/")[2], {"body": body}
    if request.method == "PUT":
        return "PutObject", {"bucket_and_key": request.path.lstrip("/")}
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return form["Action"], form


def _action(service: str, operation: str) -> str:
    """IAM's name: the API's, but for batches, and for Invoke."""
    name = {"Invoke": "InvokeFunction"}.get(operation, operation.removesuffix("Batch"))
    return f"{ {'monitoring': 'cloudwatch'}.get(service, service) }:{name}"


def _resources(
    service: str, operation: str, said: dict[str, Any], region: str
) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    arn = f"arn:aws:{service}:{region}:{ACCOUNT}:"
    match service:
        case "lambda":
            return [(said["arn"], ())]
        case "sqs":
            owner, name = said.get("QueueOwnerAWSAccountId", ACCOUNT), said.get("QueueName")
            if name is None:
                owner, name = said["QueueUrl"].split("/")[-2:]
            return [(f"arn:aws:sqs:{region}:{owner}:{name}", ())]
        case "states":
            return [(said.get("activityArn", "*"), ())]
        case "sts":
            return [(said["RoleArn"], ())]
        case "sns":
            return [(said["TopicArn"], ())]
        case "events":
            return [(f"{arn}event-bus/{entry['EventBusName'].rpartition('/')[2]}", ()) for entry in said["Entries"]]
        case "s3":
            return [(f"arn:aws:s3:::{said['bucket_and_key']}", (("s3:ResourceAccount", ACCOUNT),))]
        case "logs":
            # AWS names a stream even where there is none: `…:log-group:<name>:log-stream:`.
            return [(f"{arn}log-group:{said['logGroupName']}:log-stream:{said.get('logStreamName', '')}", ())]
        case "monitoring":
            text = said["body"] if "body" in said else str(said).encode()
            return [("*", (("cloudwatch:namespace", "Shop" if b"Shop" in text else "another"),))]
    raise AssertionError(f"{service}:{operation}")


@pytest.fixture(scope="session")
def moto() -> Any:
    """moto's server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _furnish(url: str) -> None:
    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=url, region_name=REGION, **keys)

    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    for name in ("jobs", "more", "theirs", "failed"):
        client("sqs").create_queue(QueueName=name)
    client("sns").create_topic(Name="dead")
    client("events").create_event_bus(Name="results")
    client("s3").create_bucket(Bucket="failures", CreateBucketConfiguration={"LocationConstraint": REGION})


@pytest.fixture
async def aws(moto: str, clean_environment: None) -> AsyncIterator[RecordedAws]:
    """The recorded endpoint, with everything there that `config` names."""
    await asyncio.to_thread(_furnish, moto)
    recorded = RecordedAws(moto)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorded.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    recorded.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield recorded
    await runner.cleanup()


def compiled(text: str, folder: Path) -> Config:
    """A configuration from its text."""
    file = folder / "router.yaml"
    file.write_text(text)
    loaded = load([str(file)], files=LocalFiles(), env={})
    assert loaded.config is not None, loaded.problems
    return loaded.config


@pytest.fixture
def compile_config(tmp_path: Path) -> Any:
    """`compile_config(text)`."""
    return lambda text: compiled(text, tmp_path)


@pytest.fixture
def served_config(aws: RecordedAws, tmp_path: Path) -> Config:
    """One with every kind of call, at the recorded endpoint."""
    return compiled(CONFIG.replace("ENDPOINT", aws.url), tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The same where nothing is called."""
    return compiled(CONFIG.replace("ENDPOINT", "http://127.0.0.1:9"), tmp_path)
