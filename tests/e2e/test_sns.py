"""SNS end to end: topics of ministack, over HTTP with the handshake and through SQS, into functions of this machine.

ministack's signatures are fakes, so what is signed comes from here, with a certificate that a server of our own hands out.
"""

import base64
import json
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

pytestmark = pytest.mark.slow

FUNCTIONS = """
version: 1
log: {access: true}
listeners: {main: "127.0.0.1:0"}
journal: {url: "sqlite:./journal"}
functions:
  page: {local: {runtime: python, handler: app.show, code: PRINTER}}
  audit: {local: {runtime: python, handler: app.show, code: PRINTER}}
"""
OVER_HTTP = """
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    auth: none
    topics: TOPIC
    signature: {verify: false, certificate_hosts: EMULATOR}
    subscriptions:
      page: {function: page, filter_policy: {severity: [high]}}
      audit: audit
"""
THROUGH_A_QUEUE = """
aws: {endpoint_url: EMULATOR}
triggers:
  alerts:
    type: sns
    invocation: async
    source: {sqs: QUEUE}
    topics: TOPIC
    subscriptions:
      page: {function: page, filter_policy: {severity: [high]}}
      audit: audit
"""
HIGH = {"severity": {"DataType": "String", "StringValue": "high"}}


def published(event: Any) -> tuple[str, str | None, Any]:
    """What a function sees of a message: text, subject, attributes."""
    [record] = event["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    return record["Sns"]["Message"], record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]


def pending(sns: Any, topic: str) -> str:
    """Whether the only subscription of a topic waits for its confirmation."""
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=listed["SubscriptionArn"])["Attributes"]
    return str(attributes["PendingConfirmation"])


def post(url: str, body: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "text/plain"}), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_over_http(start: Callable[..., Any], ministack: Any) -> None:
    sns = ministack.client("sns")
    topic = sns.create_topic(Name="http-alerts")["TopicArn"]
    running = start((FUNCTIONS + OVER_HTTP).replace("TOPIC", topic).replace("EMULATOR", ministack.url))
    endpoint = f"{running.url()}/hooks/sns"

    subscription = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint, ReturnSubscriptionArn=True)
    assert subscription["SubscriptionArn"] == "pending confirmation"
    running.logged("A subscription is confirmed.", trigger="alerts", topic=topic)
    assert pending(sns, topic) == "false"

    sns.publish(TopicArn=topic, Message="nothing much")
    running.printed("audit", 1)
    sns.publish(TopicArn=topic, Message="The disk is full.", Subject="Disk", MessageAttributes=HIGH)

    high = ("The disk is full.", "Disk", {"severity": {"Type": "String", "Value": "high"}})
    assert [published(event) for event in running.printed("audit", 2)] == [("nothing much", None, {}), high]
    assert [published(event) for event in running.printed("page", 1)] == [high]


def test_a_topic_that_is_not_declared_is_not_confirmed(start: Callable[..., Any], ministack: Any) -> None:
    sns = ministack.client("sns")
    declared, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("declared", "other"))
    running = start((FUNCTIONS + OVER_HTTP).replace("TOPIC", declared).replace("EMULATOR", ministack.url))

    sns.subscribe(TopicArn=other, Protocol="http", Endpoint=f"{running.url()}/hooks/sns")

    running.find(lambda line: line.get("status") == 403 and line.get("path") == "/hooks/sns")
    assert pending(sns, other) == "true"


def test_a_delivery_that_sns_repeats_runs_once(start: Callable[..., Any], ministack: Any) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:repeated"
    running = start((FUNCTIONS + OVER_HTTP).replace("TOPIC", topic).replace("EMULATOR", ministack.url))
    endpoint = f"{running.url()}/hooks/sns"

    def message(id: str) -> bytes:
        fields = {
            "Type": "Notification",
            "MessageId": id,
            "TopicArn": topic,
            "Message": id,
            "Timestamp": "2026-05-02T00:54:06.655Z",
        }
        return json.dumps(fields).encode()

    statuses = [post(endpoint, message(id)) for id in ("one", "one", "two", "one", "three")]

    assert statuses == [200] * 5
    assert sorted(published(event)[0] for event in running.printed("audit", 3)) == ["one", "three", "two"]


@pytest.mark.parametrize("raw", ["false", "true"])
def test_through_a_queue(start: Callable[..., Any], ministack: Any, raw: str) -> None:
    sns, sqs = ministack.client("sns"), ministack.client("sqs")
    topic = sns.create_topic(Name=f"queue-alerts-{raw}")["TopicArn"]
    url = sqs.create_queue(QueueName=f"inbox-{raw}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": raw})
    text = FUNCTIONS + THROUGH_A_QUEUE
    running = start(text.replace("TOPIC", topic).replace("EMULATOR", ministack.url).replace("QUEUE", arn))

    sns.publish(TopicArn=topic, Message="nothing much")
    running.printed("audit", 1)
    sns.publish(TopicArn=topic, Message='{"disk": "full"}', MessageAttributes=HIGH)

    high = ('{"disk": "full"}', None, {"severity": {"Type": "String", "Value": "high"}})
    assert [published(event) for event in running.printed("audit", 2)] == [("nothing much", None, {}), high]
    assert [published(event) for event in running.printed("page", 1)] == [high]


# --- signatures ------------------------------------------------------------------------------------------------------


class CertificateServer:
    """Serves the certificate of `key` at `url` over TLS. `authority`: the file that proves it. `requests`: the paths."""

    def __init__(self, folder: Path) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.requests: list[str] = []
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.certificate(), self.requests))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"localhost:{self.server.server_port}"
        self.url = f"https://{self.host}/SimpleNotificationService.pem"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
        now, day = datetime.now(UTC), timedelta(days=1)
        valid = builder.public_key(self.key.public_key()).not_valid_before(now - day).not_valid_after(now + day)
        return valid.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def signed(self, topic: str, id: str, version: str, **forged: str) -> bytes:
        """A notification as SNS signs it, with what is forged afterwards."""
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        fields = {"Message": id, "MessageId": id, "Timestamp": now, "TopicArn": topic, "Type": "Notification"}
        content = "".join(f"{name}\n{value}\n" for name, value in fields.items()).encode()
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = base64.b64encode(self.key.sign(content, padding.PKCS1v15(), algorithm)).decode()
        proof = {"SignatureVersion": version, "Signature": signature, "SigningCertURL": self.url}
        return json.dumps(fields | proof | forged).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def handler(body: bytes, requests: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing is printed."""

    return Handler


@pytest.fixture
def certificates(tmp_path: Path) -> Iterator[CertificateServer]:
    server = CertificateServer(tmp_path)
    yield server
    server.close()


def test_signatures(start: Callable[..., Any], certificates: CertificateServer) -> None:
    """The default: every signature is checked, and the certificate is fetched once."""
    topic = "arn:aws:sns:us-east-1:000000000000:signed"
    trusting = OVER_HTTP.replace("{verify: false, certificate_hosts: EMULATOR}", f"{{certificate_hosts: {certificates.host}}}")
    running = start((FUNCTIONS + trusting).replace("TOPIC", topic), SSL_CERT_FILE=str(certificates.authority))
    endpoint = f"{running.url()}/hooks/sns"

    assert post(endpoint, certificates.signed(topic, "forged", "1", Message="something else")) == 403
    assert post(endpoint, certificates.signed(topic, "elsewhere", "1", SigningCertURL="https://127.0.0.1/a.pem")) == 403
    assert post(endpoint, certificates.signed(topic, "one", "1")) == 200
    assert post(endpoint, certificates.signed(topic, "two", "2")) == 200

    assert sorted(published(event)[0] for event in running.printed("audit", 2)) == ["one", "two"]
    assert certificates.requests == ["/SimpleNotificationService.pem"]
