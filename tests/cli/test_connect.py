"""`lambda-router connect`: the commands mean what they say to a shell, to the AWS CLI and to moto; no secret is in them."""

import base64
import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto.server import ThreadedMotoServer

from router.cli import main

HEAD = """
version: 1
aws: {region: eu-west-1, account_id: "123456789012"ENDPOINT}
server: {public_url: "https://hooks.example.com/base"}
functions: {f: {arn: "arn:aws:lambda:eu-west-1:123456789012:function:f", timeout: 20s}}
triggers:
"""
CREATED = 'events: ["s3:ObjectCreated:*"]'
MINIO = """
  uploads:
    type: s3
    invocation: async
    source: {http: /hooks/minio, sender: minio}
    auth: AUTH
    buckets: [photos, "my films"]
    notifications:
      jpg: {events: ["s3:ObjectCreated:*"], prefix: images/a+b/, suffix: .jpg, function: f}
      gone: {events: ["s3:ObjectRemoved:*", "s3:ObjectAccessed:Get"], function: f}
"""


@pytest.fixture
def connect(tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `lambda-router connect` on triggers; `endpoint` is where AWS is."""
    monkeypatch.chdir(tmp_path)

    def call(trigger: str, triggers: str, *args: str, endpoint: str = "", head: str = HEAD, exit_code: int = 0) -> Result:
        more = f", endpoint_url: '{endpoint}'" if endpoint else ""
        (tmp_path / "router.yaml").write_text(head.replace("ENDPOINT", more) + triggers)
        result = CliRunner().invoke(main, ["connect", trigger, *args])
        assert result.exit_code == exit_code, result.output
        return result

    return call


Connect = Callable[..., Result]
SHOWING = """
for name in mc aws zip curl; do
  eval "$name() { printf '%s\\0' $name \\"\\$@\\" >> calls; printf '\\n' >> calls; echo made-by-$name; }"
done
export -f mc aws zip curl
"""


def calls(text: str, folder: Path, **environment: str) -> list[list[str]]:
    """What a shell calls with which words; every program is stood in for by one that writes them down."""
    (folder / "script").write_text(f"set -eu\n{SHOWING}\n{text}")
    env = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(["bash", "script"], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    written = (folder / "calls").read_bytes().decode()
    return [line.split("\0")[:-1] for line in written.splitlines()]


def options(words: list[str]) -> dict[str, str]:
    """Long options by name."""
    return {words[at].removeprefix("--"): words[at + 1] for at in range(len(words) - 1) if words[at].startswith("--")}


# --- stores ----------------------------------------------------------------------------------------------------------


def test_minio(connect: Connect, tmp_path: Path) -> None:
    text = connect("uploads", MINIO.replace("AUTH", '{bearer: "${MINIO_TOKEN}"}')).stdout
    assert calls(text, tmp_path, MINIO_TOKEN="t0 ken'") == [
        [
            *("mc", "admin", "config", "set", "ALIAS", "notify_webhook:uploads"),
            *("endpoint=https://hooks.example.com/base/hooks/minio", "auth_token=t0 ken'"),
            *("queue_dir=/var/spool/minio", "queue_limit=100000"),
        ],
        ["mc", "admin", "service", "restart", "ALIAS"],
        *(
            ["mc", "event", "add", f"ALIAS/{bucket}", "arn:minio:sqs::uploads:webhook", *rule]
            for bucket in ("photos", "my films")
            for rule in (["--event", "put", "--prefix", "images/a b/", "--suffix", ".jpg"], ["--event", "delete,get"])
        ),
    ]


def test_minio_sends_basic_credentials_as_a_whole_header(connect: Connect, tmp_path: Path) -> None:
    assert connect("uploads", MINIO.replace("AUTH", '{api_key: {header: x, value: "${K}"}}')).stdout.count("cannot send") == 1
    text = connect("uploads", MINIO.replace("AUTH", '{basic: {user: "us er", password: "${PASSWORD}"}}')).stdout
    token, pair = calls(text, tmp_path, PASSWORD='a"b')[0][7], b'us er:a"b'
    assert token == f"auth_token=Basic {base64.b64encode(pair).decode()}"


def test_overlapping_notifications_are_one_rule_at_the_store(connect: Connect, tmp_path: Path) -> None:
    triggers = MINIO.replace("AUTH", "none").replace(
        "gone:", 'audit: {events: ["s3:ObjectCreated:Put"], prefix: images/, function: f}\n      gone:'
    )
    rules = [
        words[5:]
        for words in calls(connect("uploads", triggers).stdout, tmp_path)
        if words[:4] == ["mc", "event", "add", "ALIAS/photos"]
    ]
    assert rules == [["--event", "put,delete,get"]]


CEPH = MINIO.replace("sender: minio", "sender: ceph").replace(', "s3:ObjectAccessed:Get"', "")


def test_ceph(connect: Connect, tmp_path: Path) -> None:
    text = connect("uploads", CEPH.replace("AUTH", '{basic: {user: rgw, password: "${PASSWORD}"}}')).stdout
    topic, *buckets = calls(text, tmp_path, PASSWORD="pa55")
    assert topic[:3] == ["aws", "sns", "create-topic"]
    assert json.loads(options(topic)["attributes"]) == {
        "push-endpoint": "https://rgw:pa55@hooks.example.com/base/hooks/minio",
        "persistent": "true",
        "verify-ssl": "true",
    }
    assert [options(words)["bucket"] for words in buckets] == ["photos", "my films"]
    first, second = json.loads(options(buckets[0])["notification-configuration"])["TopicConfigurations"]
    assert first == {
        "Id": "jpg",
        "TopicArn": "arn:aws:sns:default::router-uploads",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "images/a b/"}, {"Name": "suffix", "Value": ".jpg"}]}},
    }
    assert "Filter" not in second


def test_seaweedfs(connect: Connect, tmp_path: Path) -> None:
    triggers = CEPH.replace("ceph", "seaweedfs").replace("AUTH", '{bearer: "${file:token}"}')
    (tmp_path / "token").write_text("t0`$ken\n")
    text = connect("uploads", triggers).stdout
    assert "t0`$ken" not in text
    (tmp_path / "calls").touch()
    calls(text, tmp_path)
    assert tomllib.loads((tmp_path / "notification.toml").read_text()) == {
        "notification": {
            "webhook": {
                "enabled": True,
                "endpoint": "https://hooks.example.com/base/hooks/minio",
                "bearer_token": "t0`$ken",
                "timeout_seconds": 10,
                "max_retries": 3,
                "event_types": ["create", "update", "delete", "rename"],
                "path_prefixes": ["/buckets/photos/", "/buckets/my films/"],
            }
        }
    }


# --- AWS, against moto -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(moto: str) -> Callable[[str], Any]:
    return lambda service: boto3.client(
        service, endpoint_url=moto, region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def run(text: str, folder: Path, **environment: str) -> None:
    """With the real AWS CLI."""
    (folder / "script").write_text(f"set -eu\n{text}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PYTHONWARNINGS": "ignore"}
    env = {"PATH": path, "HOME": str(folder), **keys, **environment}
    done = subprocess.run(["bash", "script"], cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_queue_with_its_dead_letters(connect: Connect, tmp_path: Path, moto: str, client: Callable[[str], Any]) -> None:
    run(connect("jobs", "  jobs: {type: sqs, invocation: async, queue: jobs, function: f}\n", endpoint=moto).stdout, tmp_path)
    sqs = client("sqs")
    said = sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName="jobs")["QueueUrl"], AttributeNames=["All"])[
        "Attributes"
    ]
    assert said["VisibilityTimeout"] == "120"
    redrive = json.loads(said["RedrivePolicy"])
    assert (redrive["deadLetterTargetArn"], str(redrive["maxReceiveCount"])) == (
        "arn:aws:sqs:eu-west-1:123456789012:jobs-dead",
        "5",
    )


@pytest.mark.slow
def test_s3_into_a_queue(connect: Connect, tmp_path: Path, moto: str, client: Callable[[str], Any]) -> None:
    client("s3").create_bucket(Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    notifications = "{jpg: {events: ['s3:ObjectCreated:*'], prefix: a+b/, suffix: .jpg, function: f}}"
    source = "source: {sqs: uploads}, buckets: [pictures]"
    trigger = f"  inbox: {{type: s3, invocation: async, {source}, notifications: {notifications}}}\n"
    run(connect("inbox", trigger, endpoint=moto).stdout, tmp_path)
    (told,) = client("s3").get_bucket_notification_configuration(Bucket="pictures")["QueueConfigurations"]
    assert (told["QueueArn"], told["Events"]) == ("arn:aws:sqs:eu-west-1:123456789012:uploads", ["s3:ObjectCreated:*"])
    rules = {rule["Name"].lower(): rule["Value"] for rule in told["Filter"]["Key"]["FilterRules"]}
    assert rules == {"prefix": "a+b/", "suffix": ".jpg"}
    assert policy_of(client("sqs"), "uploads")["Principal"] == {"Service": "s3.amazonaws.com"}


def policy_of(sqs: Any, queue: str) -> Any:
    """The only statement of a queue's policy."""
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    (statement,) = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])[
        "Statement"
    ]
    return statement


TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


@pytest.mark.slow
def test_a_topic_over_https_and_into_a_queue(connect: Connect, tmp_path: Path, moto: str, client: Callable[[str], Any]) -> None:
    client("sns").create_topic(Name="alerts")
    one = "subscriptions: {page: {function: f, filter_policy: {severity: [high]}}}"
    auth = 'auth: {basic: {user: sns, password: "${PASSWORD}"}}'
    http = f"  alerts: {{type: sns, invocation: async, {auth}, source: {{http: /sns}}, topics: ['{TOPIC}'], {one}}}\n"
    run(connect("alerts", http, endpoint=moto).stdout, tmp_path, PASSWORD="pa55")
    queued = f"  inbox: {{type: sns, invocation: async, source: {{sqs: alerts-inbox}}, topics: ['{TOPIC}'], {one}}}\n"
    run(connect("inbox", queued, endpoint=moto).stdout, tmp_path)

    found = {each["Protocol"]: each for each in client("sns").list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]}
    assert found["https"]["Endpoint"] == "https://sns:pa55@hooks.example.com/base/sns"
    assert found["sqs"]["Endpoint"] == "arn:aws:sqs:eu-west-1:123456789012:alerts-inbox"
    said = client("sns").get_subscription_attributes(SubscriptionArn=found["sqs"]["SubscriptionArn"])["Attributes"]
    assert json.loads(said["FilterPolicy"]) == {"severity": ["high"]}
    assert policy_of(client("sqs"), "alerts-inbox")["Condition"]["ArnLike"] == {"aws:SourceArn": [TOPIC]}


RULES = "rules: {paid: {pattern: {source: [shop], detail: {total: [{numeric: ['>', 0]}]}}, function: f}}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("auth", "kind"),
    [
        ('auth: {api_key: {header: x-key, value: "${SECRET}"}}', "API_KEY"),
        ('auth: {basic: {user: u, password: "${SECRET}"}}', "BASIC"),
        ("auth: none", "API_KEY"),
    ],
)
def test_an_api_destination(
    auth: str, kind: str, connect: Connect, tmp_path: Path, moto: str, client: Callable[[str], Any]
) -> None:
    name = f"bus-{kind.lower()}-{len(auth)}".replace("_", "-")
    trigger = f"  {name}: {{type: eventbridge, invocation: async, {auth}, source: {{http: /events}}, {RULES}}}\n"
    run(connect(name, trigger, endpoint=moto).stdout, tmp_path, SECRET="s3cret")
    events = client("events")
    assert events.describe_connection(Name=f"router-{name}")["AuthorizationType"] == kind
    destination = events.describe_api_destination(Name=f"router-{name}")
    assert destination["InvocationEndpoint"] == "https://hooks.example.com/base/events"
    assert json.loads(events.describe_rule(Name="router-paid")["EventPattern"]) == {
        "source": ["shop"],
        "detail": {"total": [{"numeric": [">", 0]}]},
    }
    (target,) = events.list_targets_by_rule(Rule="router-paid")["Targets"]
    assert target["Arn"] == destination["ApiDestinationArn"]
    role = client("iam").get_role_policy(RoleName=f"router-{name}", PolicyName="post")["PolicyDocument"]
    assert role["Statement"][0]["Resource"] == destination["ApiDestinationArn"]


@pytest.mark.slow
def test_rules_into_a_queue(connect: Connect, tmp_path: Path, moto: str, client: Callable[[str], Any]) -> None:
    trigger = f"  inbox: {{type: eventbridge, invocation: async, source: {{sqs: events-inbox.fifo}}, {RULES}}}\n"
    run(connect("inbox", trigger, endpoint=moto).stdout, tmp_path)
    (target,) = client("events").list_targets_by_rule(Rule="router-paid")["Targets"]
    assert target == {
        "Id": "router",
        "Arn": "arn:aws:sqs:eu-west-1:123456789012:events-inbox.fifo",
        "SqsParameters": {"MessageGroupId": "inbox"},
    }


# --- front doors and APIs --------------------------------------------------------------------------------------------


def test_base_urls_and_names(connect: Connect, tmp_path: Path) -> None:
    routes = "routes: {'POST /orders/{id}': f, $default: f}"
    hosts = "hosts: [shop.example.com, '*.api.example.com'], base_path: /v1"
    shop = f"  shop: {{type: api_gateway, api: http, invocation: sync, auth: {{bearer: '${{T}}'}}, {hosts}, {routes}}}\n"
    result = connect("shop", shop)
    assert "# Clients' base URL: https://shop.example.com/base/v1/" in result.stdout
    assert "# DNS: `*.api.example.com` leads to the router: a CNAME to hooks.example.com" in result.stdout
    assert calls(result.stdout, tmp_path, T="t0k") == [
        [
            *("curl", "-i", "-X", "POST", "-H", "Host: shop.example.com", "-H", "Authorization: Bearer t0k"),
            "https://hooks.example.com/base/v1/orders/id",
        ]
    ]
    for settings in ("alb, default: f", "function_url, function: f"):
        plain = connect("site", f"  site: {{type: {settings}, invocation: sync, auth: none}}\n").stdout
        assert "# Clients' base URL: https://hooks.example.com/base/\n" in plain


def test_endpoints_for_sdks(connect: Connect) -> None:
    api = connect("api", "  api: {type: lambda_api, invocation: [sync, async], auth: none, functions: all}\n").stdout
    assert "export AWS_ENDPOINT_URL_LAMBDA=https://hooks.example.com/base\n" in api
    bus = connect("bus", f"  bus: {{type: eventbridge, invocation: async, auth: none, bus: orders, {RULES}}}\n").stdout
    assert "export AWS_ENDPOINT_URL_EVENTBRIDGE=https://hooks.example.com/base\n" in bus
    assert '"EventBusName":"orders"' in bus


# --- Cognito, Step Functions -----------------------------------------------------------------------------------------


def test_a_user_pool(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operations = "{PreSignUp: f, PreTokenGeneration: {function: f, version: V2_0}, CustomEmailSender: f}"
    more = f"user_pool: eu-west-1_Abc, auth: {{bearer: '${{T}}'}}, operations: {operations}"
    pool = f"  pool: {{type: cognito, invocation: sync, path: /c, {more}}}\n"
    made = calls(connect("pool", pool).stdout, tmp_path, T="t0k")
    variables = json.loads(options(made[1])["environment"])["Variables"]
    assert variables == {"ROUTER_URL": "https://hooks.example.com/base/c", "ROUTER_HEADERS": '{"Authorization":"Bearer t0k"}'}
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:router-pool"
    assert json.loads(options(made[3])["lambda-config"]) == {
        "PreSignUp": arn,
        "PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": "V2_0"},
        "CustomEmailSender": {"LambdaArn": arn, "LambdaVersion": "V1_0"},
        "KMSKeyID": "KMS-KEY-ARN",
    }
    compile((tmp_path / "forward.py").read_text(), "forward.py", "exec")


def test_tasks(connect: Connect, tmp_path: Path) -> None:
    auth = "{api_key: {header: x-k, value: '${K}'}}"
    task = f"  task: {{type: step_functions, invocation: sync, path: /t, auth: {auth}, function: f}}\n"
    made = calls(connect("task", task).stdout, tmp_path, K="k3y")
    assert json.loads(options(made[0])["auth-parameters"]) == {
        "ApiKeyAuthParameters": {"ApiKeyName": "x-k", "ApiKeyValue": "k3y"}
    }
    state = json.loads((tmp_path / "state.json").read_text())
    assert (state["Resource"], state["Parameters"]["ApiEndpoint"]) == (
        "arn:aws:states:::http:invoke",
        "https://hooks.example.com/base/t",
    )
    activity = "arn:aws:states:eu-west-1:123456789012:activity:resize"
    worker = f"  worker: {{type: step_functions, invocation: sync, activity: '{activity}', heartbeat: 30s, function: f}}\n"
    (tmp_path / "calls").unlink()
    (made,) = calls(connect("worker", worker).stdout, tmp_path)
    assert options(made)["name"] == "resize"
    state = json.loads((tmp_path / "state.json").read_text())
    assert state == {"Type": "Task", "Resource": activity, "TimeoutSeconds": 900, "HeartbeatSeconds": 30, "End": True}


def test_a_schedule_needs_nothing(connect: Connect) -> None:
    schedules = "{beat: {expression: rate(1 hour), function: f}}"
    text = connect("nightly", f"  nightly: {{type: schedule, invocation: async, schedules: {schedules}}}\n").stdout
    assert "nothing has to be connected" in text


# --- secrets, JSON, wrong usage --------------------------------------------------------------------------------------


def test_no_secret_is_printed(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_TOKEN", "t0ken-s3cret")
    for auth in ('{bearer: "${MINIO_TOKEN}"}', '{bearer: "${UNSET:-t0ken-s3cret}"}', "{bearer: t0ken-s3cret}"):
        for form in ("text", "json"):
            assert "t0ken-s3cret" not in connect("uploads", MINIO.replace("AUTH", auth), "--format", form).output
    literal = connect("uploads", MINIO.replace("AUTH", "{bearer: t0ken-s3cret}")).stdout
    assert "# Set UPLOADS_BEARER to the secret at router.yaml:12:20." in literal
    assert 'auth_token="${UPLOADS_BEARER}"' in literal


def test_json(connect: Connect) -> None:
    document = json.loads(connect("uploads", MINIO.replace("AUTH", '{bearer: "${T}"}'), "--format", "json").stdout)
    assert {name: value for name, value in document.items() if name != "parts"} == {
        "version": 1,
        "trigger": "uploads",
        "type": "s3",
        "url": "https://hooks.example.com/base",
        "placeholder": False,
    }
    assert document["parts"][1]["kind"] == "command"
    assert shlex.split(document["parts"][1]["text"].replace("\\\n", ""))[:4] == ["mc", "admin", "config", "set"]


def test_without_a_public_url_a_placeholder_is_named(connect: Connect) -> None:
    head = HEAD.replace('server: {public_url: "https://hooks.example.com/base"}\n', "")
    text = connect("uploads", MINIO.replace("AUTH", "none"), head=head).stdout
    assert "# `server.public_url` is not set: put the router's own address in the place of https://router.example.com." in text
    assert "endpoint=https://router.example.com/hooks/minio" in text


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        ("uplods", "There is no trigger `uplods`; did you mean `uploads`?"),
        ("off", "The trigger `off` is switched off: `enabled: false`."),
    ],
)
def test_wrong_usage(trigger: str, text: str, connect: Connect) -> None:
    off = "  off: {type: function_url, invocation: sync, auth: none, enabled: false, function: f}\n"
    result = connect(trigger, MINIO.replace("AUTH", "none") + off, exit_code=2)
    assert result.stderr.splitlines()[-1] == f"Error: {text}"
