"""`lambda-router explain`, as a person and as a pipeline calls it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.cli import explain as module
from router.cli import main, waiting

CONFIG = """\
version: 1
aws: {region: eu-west-1, account_id: "111122223333"}
functions:
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
  thumbs:
    arn: arn:aws:lambda:eu-west-1:111122223333:function:thumbs
    async: {delivery: managed, max_retries: 1, on_failure: sqs:thumbs-failed, on_success: "events:${BUS}"}
  audit: arn:aws:lambda:eu-west-1:111122223333:function:audit
triggers:
  shop:
    type: api_gateway
    api: http
    invocation: sync
    hosts: [shop.example.com]
    auth: {bearer: "${TOKEN}"}
    routes:
      GET /orders/{id}: {function: orders, weights: {live: 95, "8": 5}}
      POST /orders: orders:live
      POST /imports: {function: audit, invocation: async}
  uploads:
    type: s3
    invocation: async
    source: {http: /hooks/s3}
    auth: {bearer: "${TOKEN}"}
    buckets: [photos]
    filter: {Records: {s3: {object: {size: [{numeric: ["<", 5000]}]}}}}
    notifications:
      images: {events: ["s3:ObjectCreated:*"], prefix: images/, suffix: .jpg, function: thumbs}
      removals: {events: ["s3:ObjectRemoved:*"], function: audit}
  bus:
    type: eventbridge
    invocation: async
    auth: none
    rules:
      paid: {pattern: {source: [shop], detail: {total: [{numeric: [">", 0]}]}}, function: audit}
  jobs: {type: sqs, invocation: async, queue: jobs, function: thumbs, filters: [{body: {kind: [resize]}}]}
  nightly: {type: schedule, invocation: async, schedules: {report: {expression: cron(0 2 * * ? *), function: audit}}}
"""
NOW = 1_783_711_144.0
ORDER = """\
GET /orders/7 for shop.example.com on listener main

matched   trigger shop (api_gateway), router.yaml:10
          route GET /orders/{id}, router.yaml:17
function  orders split between live 95%, 8 5%, arn:aws:lambda:eu-west-1:111122223333:function:orders
          sync: the caller waits; RequestResponse on the wire
event     EVENT
answer    if it returns {"statusCode": 201, "body": "made"}: 201
          content-type: text/plain; charset=utf-8
          apigw-requestid: AEAAgAAAAAAAAAE=
          made
answer    if it takes too long: 503 (timeout)
          content-type: application/json
          apigw-requestid: AEAAgAAAAAAAAAE=
          {"message":"Service Unavailable"}
note      Who may call `shop` is not judged here; --auth does.

Not matched, nearest first:
  trigger shop, route POST /orders, router.yaml:18: path segment 2: wanted the end of the path, got 7
  trigger shop, route POST /imports, router.yaml:19: path segment 1: wanted imports, got orders
  trigger uploads, router.yaml:23: path: wanted /hooks/s3, got /orders/7
  1 more: --all
"""
UPLOAD = """\
POST /hooks/s3 for hooks.example.com on listener main

matched   trigger uploads (s3), router.yaml:20
          route images, router.yaml:28
function  thumbs, arn:aws:lambda:eu-west-1:111122223333:function:thumbs
          async: nobody waits; RequestResponse on the wire
event     EVENT
delivery  uploads, images, thumbs: managed, 1 retry of function errors, at most 6h old
          the last attempt begins at 5h 58m 31s at the latest
          if it returns what is expected: one attempt at 0s, then Success; on_success gets a record: BUS
          if it fails: 2 attempts at 0s, 1m, then RetriesExhausted; on_failure gets a record: QUEUE
          if Lambda throttles every call: THROTTLED
answer    200
note      Who may call `uploads` is not judged here; --auth does.

Not matched, nearest first:
  trigger uploads, route removals, router.yaml:29: event: wanted s3:ObjectRemoved:*, got s3:ObjectCreated:Put
  trigger shop, router.yaml:14: host: wanted shop.example.com, got hooks.example.com
  trigger bus, router.yaml:30: X-Amz-Target: wanted AWSEvents, got nothing
"""

KEYS = [
    "Records",
    "Entries",
    "source",
    "detail-type",
    "detail",
    "time",
    "messages",
    "Body",
    "task",
    "request",
    "schedule",
    "Type",
]

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command beside that configuration, at a time that stands still."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module.time, "time", lambda: NOW)
    (tmp_path / "router.yaml").write_text(CONFIG)

    def call(*args: str, input: str | bytes | None = None) -> Result:
        return CliRunner().invoke(main, ["explain", *args], env={"TOKEN": "s3cret", "BUS": "hidden-bus"}, input=input)

    return call


def folded(text: str) -> str:
    """The text with EVENT in place of the event."""
    lines, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith("event "):
            lines.append("event     EVENT\n")
        inside = line.startswith("event ") or (inside and line.startswith(" " * 10))
        if not inside:
            lines.append(line)
    return "".join(lines)


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_request(run: Run) -> None:
    answer = '{"statusCode": 201, "body": "made"}'
    result = run("--request", "GET https://shop.example.com/orders/7", "--returns", answer, "--outcome", "timeout")
    assert (folded(result.stdout), result.stderr, result.exit_code) == (ORDER, "", 0)


def test_an_event_that_is_accepted_for_later(run: Run) -> None:
    result = run("--trigger", "uploads")
    queue = "arn:aws:sqs:eu-west-1:111122223333:thumbs-failed"
    bus = "arn:aws:events:eu-west-1:111122223333:event-bus/${BUS}"
    throttled = "80 attempts from 0s to 5h 58m 31s, then EventAgeExceeded; on_failure gets a record: QUEUE"
    assert folded(result.stdout) == UPLOAD.replace("THROTTLED", throttled).replace("QUEUE", queue).replace("BUS", bus)
    assert (result.stderr, result.exit_code) == ("", 0)


def test_the_event_is_what_the_function_gets(run: Run) -> None:
    request = ("--request", "GET /orders/7?a=1", "-H", "Host: shop.example.com")
    shown = document(run(*request, "--format", "json"))["calls"][0]
    raw = run(*request, "--raw").stdout
    assert json.loads(raw) == shown.pop("event")
    assert raw.startswith('{"version":"2.0","routeKey":"GET /orders/{id}","rawPath":"/orders/7","rawQueryString":"a=1",')
    assert shown == {
        "trigger": "shop",
        "route": "GET /orders/{id}",
        "function": "orders",
        "arn": "arn:aws:lambda:eu-west-1:111122223333:function:orders",
        "qualifier": None,
        "weights": {"live": 95, "8": 5},
        "invocation": "sync",
        "type": "RequestResponse",
    }


def test_secrets_of_the_configuration_are_not_printed_back(run: Run) -> None:
    request = ("--request", "GET /orders/7", "-H", "Host: shop.example.com", "-H", "Authorization: Bearer s3cret")
    for more in ((), ("--raw",), ("--format", "json"), ("--auth",)):
        printed = run(*request, *more).output
        assert "Bearer ${TOKEN}" in printed
        assert "s3cret" not in printed


def test_callers_are_judged_where_that_is_asked(run: Run) -> None:
    request = ("--request", "GET https://shop.example.com/orders/7", "--auth", "--format", "json")
    refused = document(run(*request))
    assert [answer["status"] for answer in refused["answers"]] == [401]
    assert refused["calls"] == []
    admitted = document(run(*request, "-H", "Authorization: Bearer s3cret"))
    assert [(answer["case"], answer["status"]) for answer in admitted["answers"]] == [
        ("it returns what is expected", 200),
        ("it fails", 500),
    ]


def misses(result: Result) -> list[tuple[str, str, str, str, str, int]]:
    keys = ("trigger", "route", "predicate", "wanted", "got")
    return [(*(miss[key] for key in keys), miss["place"]["line"]) for miss in document(result)["misses"]]  # type: ignore[misc]


def test_why_not(run: Run) -> None:
    result = run("--request", "PUT /orders/7", "-H", "Host: shop.exmple.com", "--format", "json")
    assert (document(result)["matched"], result.exit_code) == (False, 1)
    assert misses(result) == [
        ("shop", "", "host", "shop.example.com", "shop.exmple.com", 14),
        ("uploads", "", "path", "/hooks/s3", "/orders/7", 23),
        ("bus", "", "X-Amz-Target", "AWSEvents", "", 30),
    ]
    assert run("--request", "PUT /", "-H", "Host: shop.exmple.com", "--all").stdout.startswith(
        "PUT / for shop.exmple.com\n\nmatched   nothing\nanswer    404 (unmatched)\n"
    )


def test_why_not_within_a_trigger(run: Run) -> None:
    result = run("--request", "DELETE https://shop.example.com/orders", "--format", "json")
    assert result.exit_code == 1
    assert misses(result)[:3] == [
        ("shop", "POST /orders", "method", "POST", "DELETE", 18),
        ("shop", "POST /imports", "path segment 1", "imports", "orders", 19),
        ("shop", "GET /orders/{id}", "path segment 2", "any text", "the end of the path", 17),
    ]


PAID = {"source": "shop", "detail-type": "OrderPaid", "detail": {"total": 5}, "id": "e-1", "version": "0", "account": "1"}


def test_a_document_finds_its_trigger(run: Run, tmp_path: Path) -> None:
    event = PAID | {"time": "2026-03-01T02:00:00Z", "region": "eu-west-1", "resources": []}
    (tmp_path / "event.json").write_text(json.dumps(event))
    for result in (run("--event", json.dumps(event)), run("--event", "event.json"), run("-", input=json.dumps(event))):
        assert result.exit_code == 0
        assert "matched   trigger bus (eventbridge), router.yaml:30\n          route paid, router.yaml:35\n" in result.stdout
    failed = run("--event", json.dumps(event | {"detail": {"total": -1}}), "--format", "json")
    assert failed.exit_code == 1
    assert misses(failed)[0] == ("bus", "paid", "detail.total", "numeric > 0", "-1", 35)


def test_a_filter_of_the_trigger(run: Run) -> None:
    result = run("--trigger", "uploads", "-o", "size=9000", "--format", "json")
    assert result.exit_code == 1
    assert misses(result)[0] == ("uploads", "images", "filter Records.s3.object.size", "numeric < 5000", "9000", 26)
    assert (document(result)["calls"], document(result)["deliveries"]) == ([], [])


def test_an_envelope(run: Run) -> None:
    envelope = {"messages": [{"Body": '{"kind": "resize"}'}, {"Body": '{"kind": "crop"}'}], "trigger": "jobs"}
    result = run(json.dumps(envelope), "--format", "json")
    found = document(result)
    assert (result.exit_code, [rule["subject"] for rule in found["rules"]]) == (0, ["messages[0]"])
    assert misses(result) == [("jobs", "", "body.kind", '"resize"', '"crop"', 36)]
    assert [(each["case"], [*each["outcomes"].values()]) for each in found["settled"]] == [
        ("it returns what is expected", ["completed", "completed"]),
        ("it fails", ["completed", "left: function_error"]),
    ]


def test_a_delegated_delivery(run: Run) -> None:
    result = run("--schedule", "report")
    assert "Event on the wire" in result.stdout
    assert "delegated, the router hands over to Lambda\n" in result.stdout
    assert "          if Lambda takes it: one attempt at 0s, then it is Lambda's\n" in result.stdout
    assert "the last try begins at 23h " in result.stdout
    assert '"detail-type": "Scheduled Event"' in result.stdout


def test_a_sample_by_its_name(run: Run) -> None:
    taken = document(run("--sample", "eventbridge/put-events", "-o", "source=shop", "--format", "json"))
    assert taken["asked"].startswith("POST / for ")
    result = run("--trigger", "uploads", "-o", "key=notes.txt")
    assert result.exit_code == 1
    assert "route images, router.yaml:28: prefix: wanted images/, got notes.txt" in result.stdout


def test_what_depends_on_a_variable_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text(CONFIG.replace("api: http\n", 'api: "${API}"\n'))
    result = run("--request", "GET https://shop.example.com/orders/7")
    assert result.stdout.endswith("\nNothing can be said of `shop`: a variable is not set.\n")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Give one of ENVELOPE, --request, --event, --sample, --schedule, or --trigger alone"),
        (("--request", "GET /", "--schedule", "report"), "Give one of "),
        (("--request", "orders"), "--request is `METHOD /target` or `METHOD https://host/target`, not `orders`."),
        (("--request", "GET /", "-H", "nonsense"), "A header is `name: value`, not `nonsense`."),
        (("--request", "GET /", "-d", "@nowhere"), "`nowhere` cannot be read: No such file or directory."),
        (("--request", "GET /", "--listener", "no"), "There is no listener `no`."),
        (("--request", "GET /", "--returns", "{"), "`--returns` is not JSON: "),
        (("--schedule", "weekly"), "There is no schedule `weekly`; there is `report`."),
        (("--trigger", "shops"), "There is no trigger `shops`; there is `shop`, `uploads`, "),
        (("--trigger", "uploads", "-o", "key"), "An option of a sample is `name=value`, not `key`."),
        (("--trigger", "uploads", "-o", "kee=x"), "did you mean `key`?"),
        (("--trigger", "uploads", "-d", "x"), "--data has no effect without --request."),
        (("--request", "GET /", "-o", "a=b"), "--option has no effect without --sample or --trigger."),
        (("--request", "GET /", "--raw", "--all"), "--raw prints events alone: "),
        (("--request", "GET /", "--all", "--format", "json"), "--all has no effect with --format json"),
        (("--request", "GET http://[::1/x"), "--request: `http://[::1/x` is no URL: Invalid IPv6 URL."),
        (("--request", "GET /", "--client-ip", "nowhere"), "`nowhere` is no IP address."),
        (("--request", "GET /", "-H", "a: b\r\nc: d"), "A header is `name: value`, not `a: b"),
        (("--event", "nowhere.json"), "`nowhere.json` cannot be read: No such file or directory."),
        (("--event", "{"), "is not JSON: "),
    ],
)
def test_wrong_usage(run: Run, args: tuple[str, ...], message: str) -> None:
    result = run(*args)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (2, "")


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4) | st.sampled_from(["shop", "aws.s3", "2026-03-01T02:00:00Z"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
TARGETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12).map(lambda text: f"/{text}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, TARGETS, st.sampled_from(["GET", "POST", "PROPFIND"]), st.binary(max_size=8))
def test_whatever_is_asked_there_is_an_answer(run: Run, value: Any, target: str, method: str, body: bytes) -> None:
    named = run("--event", json.dumps(value) if isinstance(value, (dict, list)) else f"[{json.dumps(value)}]")
    posted = run("--request", f"{method} https://shop.example.com{target}", "-d", "@-", "--all", input=body)
    assert [result.exit_code for result in (named, posted) if result.exit_code not in (0, 1, 2)] == []


def test_a_document_that_no_trigger_takes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text(CONFIG[: CONFIG.index("  uploads:\n")])
    result = run("--event", "[1]")
    assert "Error: No trigger takes such a document (shop: " in result.stderr
    assert result.exit_code == 2


def test_a_fifo_that_nobody_writes_to_is_said_to_be_waited_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "event")
    said: list[str] = []

    def write(what: str) -> None:
        """What comes once the command has said that it waits."""
        said.append(what)
        (tmp_path / "event").write_text(json.dumps({"source": "shop", "detail-type": "Paid", "detail": {"total": 1}}))

    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    monkeypatch.setattr(waiting, "tell", write)
    assert run("--trigger", "bus", "--event", "event").exit_code == 0
    assert said == ["`event`"]


def test_what_is_waited_for_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    waiting.tell("standard input")
    assert capsys.readouterr() == ("", "lambda-router: still waiting for the end of standard input (Ctrl-C ends it).\n")


def test_an_invalid_configuration(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.yaml").write_text("version: 1\nlog: {level: loud}\n")
    assert run("--request", "GET /").exit_code == 78
