"""`lambda-router send` without a daemon: what is refused, what is added, what is hidden. See also tests/e2e/test_send.py."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.batches import Message
from router.cli import main
from router.cli.send.into_queue import parameters

CONFIG = """
version: 1
aws: {region: eu-west-1, account_id: "111122223333", endpoint_url: "http://127.0.0.1:1"}
server: {public_url: "https://hooks.example.com"}
listeners: {main: "127.0.0.1:PORT", any: "127.0.0.1:0"}
functions: {f: {arn: "arn:aws:lambda:eu-west-1:111122223333:function:f"}}
triggers:
  hook: {type: function_url, invocation: sync, listener: main, auth: {bearer: ["${TOKEN}", other]}, function: f, hosts: [hook]}
  balancer:
    type: alb
    invocation: sync
    listener: main
    hosts: [balancer]
    auth: {api_key: {header: x-outer, value: "${TOKEN}"}}
    rules: {inner: {path: /inner, function: f, auth: {api_key: {header: x-inner, value: "${INNER}"}}}}
    default: {function: f}
  open: {type: function_url, invocation: sync, listener: any, auth: none, function: f}
  alerts:
    type: sns
    invocation: async
    listener: main
    auth: none
    source: {http: /sns}
    topics: ["arn:aws:sns:eu-west-1:111122223333:alerts"]
    subscriptions: {all: f}
  jobs: {type: sqs, invocation: async, queue: "arn:aws:sqs:eu-west-1:111122223333:jobs", function: f}
  worker: {type: step_functions, invocation: sync, activity: "arn:aws:states:eu-west-1:111122223333:activity:a", function: f}
  nightly: {type: schedule, invocation: async, schedules: {beat: {expression: rate(1 hour), function: f}}}
"""


class Echo(BaseHTTPRequestHandler):
    """Answers with the request that it got; `/status/…` says with which status."""

    def answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        said = {"line": self.requestline, "headers": self.headers.items(), "body": self.rfile.read(length).decode("latin-1")}
        status = int(self.path.partition("?")[0].split("/")[2]) if self.path.startswith("/status/") else 200
        body = b"\xff" if self.path.startswith("/binary") else json.dumps(said).encode()
        body = b"" if status == 204 else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-router-error", "none")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def echo() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


Send = Callable[..., Result]


@pytest.fixture
def send(tmp_path: Path, echo: int, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Call `lambda-router send` with an echo in the router's place."""
    (tmp_path / "router.yaml").write_text(CONFIG.replace("PORT", str(echo)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "t0ken-s3cret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def call(*args: str, exit_code: int = 0, input: str | None = None) -> Result:
        result = CliRunner().invoke(main, ["send", *args], input=input)
        assert result.exit_code == exit_code, f"{result.output}\n{result.exception}"
        return result

    return call


def echoed(result: Result) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(result.stdout.partition("\n\n")[2])
    return value


def test_the_request_goes_out_as_it_stands_in_the_envelope(send: Send) -> None:
    headers = {"Host": "hook", "X-A": ["1", "2"], "Accept": "text/html"}
    target = "/a/../b%2Fc?x=%20+&y"
    document = {"request": {"method": "PUT", "target": target, "headers": headers, "body": "ü"}, "trigger": "hook"}
    said = echoed(send("-", "--no-auth", input=json.dumps(document)))
    assert said["line"] == f"PUT {target} HTTP/1.1"
    assert said["headers"] == [["Host", "hook"], ["X-A", "1"], ["X-A", "2"], ["Accept", "text/html"], ["Content-Length", "2"]]
    assert said["body"].encode("latin-1").decode() == "ü"


def test_what_proves_the_sender_is_added_and_hidden_wherever_it_comes_back(send: Send) -> None:
    result = send("--trigger", "hook", "-v")
    assert ["Authorization", "***"] in echoed(result)["headers"]
    assert "> Authorization: ***" in result.stderr
    assert "t0ken-s3cret" not in result.output


def test_a_rule_has_its_own_auth(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INNER", "inner-s3cret")
    names = {pair[0].lower() for pair in echoed(send("--trigger", "balancer"))["headers"]}
    assert ("x-inner" in names, "x-outer" in names) == (True, False)
    names = {pair[0].lower() for pair in echoed(send("--trigger", "balancer", "--set", "path=/else"))["headers"]}
    assert ("x-inner" in names, "x-outer" in names) == (False, True)


def test_a_secret_that_is_not_known_is_left_out_and_said(send: Send) -> None:
    result = send("--trigger", "balancer")
    assert result.stderr == "lambda-router: ${INNER} is not set, so that nothing proves who sends this.\n"
    assert "x-inner" not in result.stdout


@pytest.mark.parametrize(
    ("url", "proven"),
    [("http://127.0.0.1:PORT", True), ("http://localhost:PORT", True), ("http://hooks.localhost:PORT", False)],
)
def test_secrets_go_to_addresses_of_the_configuration_only(url: str, proven: bool, send: Send, echo: int) -> None:
    result = CliRunner().invoke(
        main, ["send", "--trigger", "hook", "--to", url.replace("PORT", str(echo)), "--timeout", "5", "-v"]
    )
    assert ("Authorization" in result.stderr) is proven
    assert ("is no address of this configuration" in result.stderr) is not proven


@pytest.mark.parametrize(("status", "exit_code"), [(204, 0), (302, 0), (404, 1), (503, 1)])
def test_the_status_decides_the_exit_code(status: int, exit_code: int, send: Send) -> None:
    result = send("--trigger", "hook", "--set", f"path=/status/{status}", exit_code=exit_code)
    assert result.stdout.startswith(f"HTTP/1.1 {status} ")
    assert "x-router-error: none" in result.stdout


def test_bytes_are_printed_as_base64(send: Send) -> None:
    assert send("--trigger", "hook", "--set", "path=/binary").stdout.endswith("\n\n(1 bytes in base64)\n/w==\n")


def test_the_trigger_is_found_by_the_request(send: Send) -> None:
    document = {"request": {"target": "/inner", "headers": {"Host": "balancer"}}}
    assert (
        send("-", input=json.dumps(document)).stderr
        == "lambda-router: ${INNER} is not set, so that nothing proves who sends this.\n"
    )
    document = {"request": {"target": "/", "headers": {"Host": "nobody"}, "listener": "main"}}
    assert echoed(send("-", input=json.dumps(document)))["headers"] == [["Host", "nobody"]]


def test_of_a_message_that_nobody_can_sign_it_is_said(send: Send) -> None:
    result = send("--trigger", "alerts")
    message = "nobody but SNS can sign messages, and this trigger verifies signatures: it will refuse this one."
    assert result.stderr == f"lambda-router: alerts: {message}\n"


def test_a_queue_that_cannot_be_reached(send: Send) -> None:
    result = send("--trigger", "jobs", exit_code=3)
    assert result.stderr.startswith("lambda-router: The queue arn:aws:sqs:eu-west-1:111122223333:jobs cannot be reached: ")


def test_nobody_answers(send: Send, echo: int) -> None:
    result = send("--trigger", "open", "--to", "http://127.0.0.1:1", exit_code=3)
    assert result.stderr == "lambda-router: The router cannot be reached at http://127.0.0.1:1: Connection refused.\n"


@pytest.mark.parametrize(
    ("args", "input", "text"),
    [
        ([], None, "Name what to send: FILE, --sample or --trigger."),
        (["-", "--sample", "s3"], "{}", "FILE and --sample exclude each other."),
        (["-"], "{", "<stdin> is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        (["-"], '{"Records": []}', "<stdin>: a document has exactly one of `request`, `messages`, `task`, `task_text`,"
         " `schedule`; this one has 'Records'; a service's own document needs --trigger."),
        (["-", "--trigger", "hook"], "{}", "<stdin>: this is no event of an HTTP front door: known are payload 1.0"
         " (`httpMethod`), payload 2.0 (`rawPath`), the event of a load balancer (`requestContext.elb`) and of an edge"
         " (`Records[0].cf`)."),
        (["-", "--set", "a=b"], "{}", "--set and --via are options of a sample, and have no effect on FILE."),
        (["--trigger", "hok"], None, "There is no trigger `hok`; did you mean `hook`?"),
        (["--trigger", "open"], None, "The port of the listener `any` is chosen when it starts: use --to."),
        (["--trigger", "hook", "--to", "hooks"], None, "--to takes a URL that begins with http:// or https://."),
        (["--trigger", "hook", "--to", "http://h:0"], None, "--to http://h:0 names no host, or no port from 1 to 65535."),
        (["--trigger", "hook", "--to", "http://:80"], None, "--to http://:80 names no host, or no port from 1 to 65535."),
        (["--trigger", "hook", "--key", "k"], None, "--key has no effect without --cert."),
        (["--trigger", "worker"], None, "A task cannot be sent: Step Functions hands out those of running state machines."
         " `lambda-router explain` and `lambda-router test` show what becomes of one."),
        (["--trigger", "nightly"], None, "A planned time cannot be sent: it comes by itself. `lambda-router explain` and"
         " `lambda-router test` show what becomes of one; `lambda-router run --time-scale` makes time pass faster."),
        (["-"], '{"request": {"target": "/"}, "trigger": "jobs"}', "The trigger `jobs` is polled: no request reaches it."),
        (["-"], '{"request": {"listener": "x"}}', "There is no listener `x`; declared are main, any."),
        (["-"], '{"messages": ["a"], "trigger": "hook"}', "The trigger `hook` polls no queue."),
        (["-"], '{"messages": ["a"], "queue_arn": "arn:aws:sqs:eu-west-1:1:x"}', "No trigger polls the queue `x`: queues are"
         " polled by jobs; name one with --trigger."),
    ],
)  # fmt: skip
def test_wrong_usage(args: list[str], input: str | None, text: str, send: Send) -> None:
    assert send(*args, exit_code=2, input=input).stderr.splitlines()[-1] == f"Error: {text}"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"target": "/", "headers": {"": "1"}}, "Invalid header name b''"),
        ({"target": "/", "headers": {"x": "a\nb: c"}}, "Invalid header value b'a\\nb: c'"),
        ({"target": "/\u00e9"}, "'ascii' codec can't encode character '\\xe9' in position 5: ordinal not in range(128)"),
    ],
)
def test_what_no_request_can_hold_is_wrong_usage(send: Send, request_: dict[str, Any], why: str) -> None:
    done = send("-", "--trigger", "hook", exit_code=2, input=json.dumps({"request": request_}))
    assert done.stderr.splitlines()[-1] == f"Error: The request cannot be sent: {why}."


def test_a_message_goes_in_as_its_sender_would_put_it() -> None:
    attributes = {"b": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    system = {"MessageDeduplicationId": "d", "AWSTraceHeader": "Root=1", "SentTimestamp": "1"}
    message = Message("handle", "body", {"Attributes": system, "MessageAttributes": attributes, "MD5OfBody": "x"}, "id", "g")
    assert parameters(message) == {
        "MessageBody": "body",
        "MessageGroupId": "g",
        "MessageDeduplicationId": "d",
        "MessageAttributes": attributes,
        "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}},
    }
    assert parameters(Message("handle", "body")) == {"MessageBody": "body"}
