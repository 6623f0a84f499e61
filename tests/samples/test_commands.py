"""Curl and AWS CLI commands: what a shell makes of them is the sample again."""

import json
import re
import shlex
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.envelopes import HttpEnvelope
from router.samples import KINDS, Context, SampleError, make
from router.samples.aws_cli import aws_cli
from router.samples.curl import Door, curl

# --- curl ------------------------------------------------------------------------------------------------------------


def words(command: str) -> list[str]:
    """As a shell splits it: a line goes on after a backslash, but for one in quotes."""
    return shlex.split(re.sub(r"""'[^']*'|"[^"]*"|\\\n""", lambda found: " " if found[0] == "\\\n" else found[0], command))


def parsed(command: str) -> HttpEnvelope:
    """What curl is told to send; `-H name:` takes a header away."""
    args = words(command)
    assert args[:2] == ["curl", "-i"]
    method, headers, body = "", [], b""
    rest = iter(args[2:-1])
    for option in rest:
        match option:
            case "-X":
                method = next(rest)
            case "--head":
                method = "HEAD"
            case "-H":
                said = next(rest)
                if said.endswith(";") and ": " not in said:
                    headers.append((said[:-1], ""))
                elif ": " in said:
                    name, _, value = said.partition(": ")
                    headers.append((name, value))
            case "--data-raw":
                body = next(rest).encode()
            case _:
                assert option in ("--globoff", "--path-as-is")
    url = urlsplit(args[-1])
    target = f"{url.path}?{url.query}" if url.query else url.path
    return HttpEnvelope(method or ("POST" if body else "GET"), target, tuple(headers), body)


SENT = [name for name in KINDS if not name.endswith(("binary", "multipart"))]


@pytest.mark.parametrize("name", SENT)
def test_a_shell_makes_the_request_of_it_again(name: str, context: Context) -> None:
    envelope = make(name, {}, context).envelope
    if isinstance(envelope, HttpEnvelope):
        assert parsed(curl(envelope, Door())) == HttpEnvelope(envelope.method, envelope.target, envelope.headers, envelope.body)


@example("\\\n", ";")
@example("\n", "it's")
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), st.text("abc '\"$`\\;=", min_size=1))
def test_whatever_is_in_it(body: str, value: str) -> None:
    envelope = HttpEnvelope("PATCH", "/a", (("x", value.strip() or "v"), ("content-type", "t")), body.encode())
    assert parsed(curl(envelope, Door())) == envelope


def test_how_a_command_looks() -> None:
    envelope = HttpEnvelope("POST", "/a/../b?x[]=1", (("Host", "h"), ("X-Empty", ""), ("X", "it's")), b"@file")
    assert curl(envelope, Door("https://localhost", "/run/x y.sock", "cert.pem", is_local=True)) == (
        "curl -i \\\n"
        "  -H 'Host: h' \\\n"
        "  -H 'X-Empty;' \\\n"
        "  -H 'X: it'\"'\"'s' \\\n"
        "  -H User-Agent: \\\n"
        "  -H Accept: \\\n"
        "  -H Content-Type: \\\n"
        "  --unix-socket '/run/x y.sock' \\\n"
        "  -k \\\n"
        "  --globoff \\\n"
        "  --path-as-is \\\n"
        "  --data-raw @file \\\n"
        "  'https://localhost/a/../b?x[]=1'"
    )
    binary = HttpEnvelope("PUT", "/", (), b"\x00\xff")
    assert curl(binary, Door(certificate="cert.pem"), shown=False) == (
        "printf %s AP8= | base64 -d | curl \\\n"
        "  -X PUT \\\n"
        "  -H User-Agent: \\\n"
        "  -H Accept: \\\n"
        "  -H Content-Type: \\\n"
        "  --cacert cert.pem \\\n"
        "  --data-binary @- \\\n"
        "  http://127.0.0.1:8080/"
    )


class Ear:
    """A server that keeps the bytes of one request."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(20)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.heard = b""
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        peer, _ = self._socket.accept()
        with peer:
            while not self._is_whole():
                self.heard += peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def _is_whole(self) -> bool:
        head, end, body = self.heard.partition(b"\r\n\r\n")
        lengths = [int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        return bool(end) and len(body) >= sum(lengths)

    def close(self) -> None:
        self._thread.join(20)
        self._socket.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    made = Ear()
    yield made
    made.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("name", ["api_gateway/http-multipart", "api_gateway/http-encoded", "alb/multi-value", "s3/minio-put"])
def test_curl_sends_it_byte_for_byte(name: str, ear: Ear, context: Context) -> None:
    options = {"key": 'a\'b "c" $d ü.jpg'} if name.startswith("s3") else {}
    envelope = make(name, options, context).envelope
    assert isinstance(envelope, HttpEnvelope)

    subprocess.run(["sh", "-c", curl(envelope, Door(ear.url))], check=True, capture_output=True, timeout=30)

    head, _, body = ear.heard.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == f"{envelope.method} {envelope.target} HTTP/1.1"
    pairs = [tuple(header.split(": ", 1)) for header in headers if not header.startswith("Content-Length")]
    assert sorted(pairs) == sorted(envelope.headers)
    assert body == envelope.body


# --- the AWS CLI -----------------------------------------------------------------------------------------------------


def call(name: str, context: Context, endpoints: Mapping[str, str] | None = None, **options: Any) -> list[str]:
    return words(aws_cli(make(name, options, context).envelope, endpoints or {}))


def test_calls(context: Context) -> None:
    assert call("sqs/fifo", context, {"sqs": "http://127.0.0.1:4566"}, body="it's", trace="Root=1", group="g") == [
        *("aws", "sqs", "send-message"),
        *("--queue-url", "http://127.0.0.1:4566/111122223333/jobs.fifo"),
        *("--message-body", "it's"),
        *("--message-system-attributes", '{"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}'),
        *("--message-group-id", "g"),
        *("--message-deduplication-id", "24ceef1cb6b0cbc0b3321021318245760500d1b1e9411a091929268ad1491c9e"),
        *("--endpoint-url", "http://127.0.0.1:4566"),
    ]
    assert call("sns/notification", context) == [
        *("aws", "sns", "publish", "--topic-arn", "arn:aws:sns:eu-west-1:111122223333:alerts"),
        *("--message", "The disk is full.", "--subject", "Disk"),
        *("--message-attributes", '{"severity": {"DataType": "String", "StringValue": "high"}}'),
    ]
    assert call("sns/raw", context)[:5] == ["aws", "sns", "publish", "--topic-arn", "arn:aws:sns:eu-west-1:111122223333:alerts"]
    assert call("sns/subscription-confirmation", context)[:3] == ["aws", "sns", "subscribe"]
    assert call("sns/unsubscribe", context)[:3] == ["aws", "sns", "unsubscribe"]
    (entry,) = json.loads(call("eventbridge/put-events", context)[-1])
    assert (entry["Source"], json.loads(entry["Detail"])) == ("shop", {"order": "o-1", "total": 12.5})
    (entry,) = json.loads(call("eventbridge/api-destination", context)[-1])
    assert (entry["DetailType"], entry["Time"]) == ("OrderPaid", "2026-03-01T02:00:00Z")
    assert call("lambda_api/event", context, {"lambda": "http://127.0.0.1:8080"}, qualifier="live") == [
        *("aws", "lambda", "invoke", "--function-name", "orders", "--qualifier", "live", "--invocation-type", "Event"),
        *("--cli-binary-format", "raw-in-base64-out", "--payload", '{"order":"o-1"}'),
        *("--endpoint-url", "http://127.0.0.1:8080", "/dev/stdout"),
    ]


@pytest.mark.parametrize("sender", ["", "minio-", "ceph-"])
def test_changes_of_objects(sender: str, context: Context) -> None:
    key = "a b+c/ü.jpg"
    assert call(f"s3/{sender}put", context, {"s3": "http://127.0.0.1:9000"}, key=key) == [
        *("aws", "s3api", "put-object", "--bucket", "photos", "--key", key, "--body", "FILE"),
        *("--endpoint-url", "http://127.0.0.1:9000"),
    ]
    assert call(f"s3/{sender}delete", context, key=key)[2:] == ["delete-object", "--bucket", "photos", "--key", key]
    assert call(f"s3/{sender}copy", context, key=key)[2] == "copy-object"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alb/get", "no call of the AWS CLI does this: it is an HTTP request, so use `--as curl`"),
        ("cognito/PreSignUp_SignUp", "no call of the AWS CLI does this: it is an HTTP request, so use `--as curl`"),
        (
            "step_functions/task",
            "a task comes of a state machine: start one that has it with `aws stepfunctions start-execution`",
        ),
        ("schedule/tick", "a schedule is due when its time has come; no call brings it forward"),
        ("eventbridge/ec2-state-change", "only AWS itself puts events of `aws.ec2` onto a bus"),
        ("s3/lifecycle-expiration", "no single call of the AWS CLI makes a store tell of `LifecycleExpiration:Delete`"),
    ],
)
def test_what_no_call_does(name: str, text: str, context: Context) -> None:
    with pytest.raises(SampleError) as raised:
        call(name, context)
    assert str(raised.value) == text
