"""`lambda-router send` against a real daemon: every way of proving who sends, TLS, a Unix socket, a queue of moto's."""

import json
import re
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result
from moto.server import ThreadedMotoServer

from router.cli import main

pytestmark = pytest.mark.slow

CONFIG = """
version: 1
aws: {region: eu-west-1, account_id: "123456789012", endpoint_url: "MOTO"}
journal: {url: "sqlite:./journal"}
listeners:
  main: "127.0.0.1:PORT"
  secure: {address: "127.0.0.1:SECURE", tls: {certificate: cert.pem, key: key.pem}}
  mutual: {address: "127.0.0.1:MUTUAL", tls: {certificate: cert.pem, key: key.pem, client_ca: ca.pem}}
  local: "unix:./router.sock"
functions:
  show: {local: {runtime: python, handler: app.show, code: PRINTER}}
triggers:
  shop:
    type: api_gateway
    api: http
    invocation: sync
    listener: main
    auth: {bearer: "${SHOP_TOKEN}"}
    routes: {"GET /orders/{id}": show, "POST /orders": {function: show, auth: {api_key: {header: x-key, value: "${SHOP_KEY}"}}}}
  uploads:
    type: s3
    invocation: async
    listener: main
    source: {http: /hooks/minio, sender: minio}
    auth: {basic: {user: minio, password: "${MINIO_PASSWORD}"}}
    notifications: {jpg: {events: ["s3:ObjectCreated:*"], suffix: .jpg, function: show}}
  events:
    type: eventbridge
    invocation: async
    listener: main
    source: {http: /hooks/events}
    auth: {hmac: {header: x-signature, secret: "${HMAC_SECRET}", timestamp: {header: x-time}}}
    rules: {all: {pattern: {source: [shop]}, function: show}}
  safe: {type: function_url, invocation: sync, listener: secure, auth: none, function: show}
  known: {type: function_url, invocation: sync, listener: mutual, auth: none, function: show}
  close: {type: lambda_api, invocation: [sync, async], listener: local, auth: none, functions: [show]}
  jobs: {type: sqs, invocation: async, queue: QUEUE, function: show}
"""
SECRETS = {"SHOP_TOKEN": "t0ken-of-shop", "SHOP_KEY": "k3y-of-shop", "MINIO_PASSWORD": "pa55word", "HMAC_SECRET": "s1gned"}
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def moto() -> Iterator[str]:
    """The URL of moto's server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def daemon(start: Callable[..., Any], tmp_path: Path, moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """It runs with CONFIG; its queue exists. The test is in its folder, with its environment."""
    import boto3

    for name, value in {**SECRETS, **KEYS, "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    # moto keeps its queues, and the long polls of daemons that were killed: those would take another test's messages.
    queue = f"jobs-{uuid.uuid4().hex}.fifo"
    boto3.client("sqs", endpoint_url=moto, region_name="eu-west-1").create_queue(
        QueueName=queue, Attributes={"FifoQueue": "true"}
    )
    authority = trustme.CA()
    authority.cert_pem.write_to_path("ca.pem")
    authority.issue_cert("somebody@example.com").private_key_and_cert_chain_pem.write_to_path("client.pem")
    pem = authority.issue_cert("hooks.example.com")
    pem.private_key_pem.write_to_path("key.pem")
    for blob in pem.cert_chain_pems:
        blob.write_to_path("cert.pem", append=True)
    filled = {"PORT": free_port(), "SECURE": free_port(), "MUTUAL": free_port(), "MOTO": moto, "QUEUE": queue}
    text = CONFIG
    for name, value in filled.items():
        text = text.replace(name, value)
    return start(text, **SECRETS)


def send(*args: str, exit_code: int = 0, input: str | None = None) -> Result:
    result = CliRunner().invoke(main, ["send", *args], input=input)
    assert result.exit_code == exit_code, result.output + str(result.exception)
    return result


def test_requests_are_proven_sent_and_answered(daemon: Any) -> None:
    bearer = send("--trigger", "shop", "--set", "path=/orders/9", "-v")
    assert bearer.stdout.splitlines()[0] == "HTTP/1.1 200 OK"
    assert "\n\nnull" in bearer.stdout
    assert "> Authorization: ***" in bearer.stderr

    send("--trigger", "shop", "--set", "route=POST /orders", "--set", 'body={"a": 1}')
    send("--sample", "s3/minio-put", "--trigger", "uploads", "--set", "key=a b.jpg", "-v")
    send("--trigger", "events", "--set", "detail.total=5")
    send("--trigger", "safe")
    invoked = send("--trigger", "close", "--set", "payload=[1]")
    assert "x-amzn-RequestId" in invoked.stdout

    printed = [json.dumps(event) for event in daemon.printed("show", 5)]
    assert len(set(printed)) == 5
    assert [sum(part in event for event in printed) for part in ('"/orders/9"', "a+b.jpg", '"total": 5', "POST /orders")] == [
        1
    ] * 4


def test_no_secret_is_printed(daemon: Any) -> None:
    for args in (["--trigger", "shop"], ["--trigger", "uploads"], ["--trigger", "events"]):
        output = send(*args, "-v").output
        assert not [secret for secret in SECRETS.values() if secret in output]
        assert "***" in output


def test_without_proof_it_is_refused(daemon: Any) -> None:
    refused = send("--trigger", "shop", "--no-auth", exit_code=1)
    assert refused.stdout.splitlines()[0] == "HTTP/1.1 401 Unauthorized"
    assert "x-router-error: unauthorized" in refused.stdout


def test_a_listener_that_wants_a_certificate(daemon: Any) -> None:
    send("--trigger", "known", exit_code=3)
    assert send("--trigger", "known", "--cert", "client.pem").stdout.splitlines()[0] == "HTTP/1.1 200 OK"


def test_what_no_trigger_takes_is_answered_404(daemon: Any) -> None:
    document = json.dumps({"request": {"target": "/nowhere", "listener": "local"}})
    assert send("-", exit_code=1, input=document).stdout.splitlines()[0] == "HTTP/1.1 404 Not Found"


def test_messages_go_into_the_queue_that_is_polled(daemon: Any) -> None:
    result = send("--trigger", "jobs", "--set", "body=hello", "--set", "attributes.n=1", "--set", "group=g")
    assert re.match(r"jobs-[0-9a-f]+\.fifo: message ", result.stdout)
    (event,) = daemon.printed("show", 1)
    (record,) = event["Records"]
    assert (record["body"], record["attributes"]["MessageGroupId"]) == ("hello", "g")
    assert record["messageAttributes"]["n"]["stringValue"] == "1"


def test_documents_and_files(daemon: Any, tmp_path: Path) -> None:
    event = {"source": "shop", "detail-type": "Paid", "detail": {"from": "a document"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    assert send("event.json", "--trigger", "events").stdout.splitlines()[0] == "HTTP/1.1 200 OK"
    sample = CliRunner().invoke(main, ["sample", "--trigger", "shop", "--set", "path=/orders/piped"]).stdout
    send("-", input=sample)

    printed = json.dumps(daemon.printed("show", 2))
    assert "a document" in printed
    assert "/orders/piped" in printed


def test_a_router_that_is_gone(daemon: Any, tmp_path: Path) -> None:
    daemon.close()
    assert "The router cannot be reached at http://127.0.0.1:" in send("--trigger", "shop", exit_code=3).stderr
    (tmp_path / "router.sock").unlink(missing_ok=True)
    assert "The router cannot be reached at unix:" in send("--trigger", "close", exit_code=3).stderr
    shutil.rmtree(tmp_path / "journal")
