"""docs/errors.md says what each front door answers when something goes wrong: its tables are played, not written.

Every situation is held as a real conversation with every trigger type; the tables between the markers are what came out.
`UPDATE_DOCS=1 python -m pytest tests/test_docs_errors.py` rewrites them.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.arn import FunctionArn
from router.config.bundle import bundle, definition_of
from router.config.complete import Completion
from router.config.construct import construct
from router.config.schemas import documents
from router.config.shape import Shapes
from router.config.source import parse
from router.deliveries import Receipt
from router.errors import (
    BodyIncomplete,
    BodyTooLarge,
    OriginBroken,
    OriginError,
    OriginTimeout,
    OriginUnreachable,
    RequestError,
    Unavailable,
)
from router.fakes import FakeStream, request, succeeded
from router.model import (
    Accept,
    Forward,
    Function,
    Glimpse,
    Invoke,
    OriginResponse,
    PeekBody,
    ReadBody,
    Remark,
    Reply,
    Scope,
    Target,
)
from router.outcome import Outcome, OutcomeKind, from_response, function_error, throttled, timed_out, transport
from router.triggers import TYPES

BEGIN, END = "<!-- played by tests/test_docs_errors.py: begin -->\n", "<!-- played by tests/test_docs_errors.py: end -->\n"
HELLO = Function("hello", FunctionArn("eu-west-1", "111122223333", "hello"), 900.0)
SCOPE = Scope("shop", "111122223333", "eu-west-1", lambda reference: Target(HELLO), {"hello": HELLO})
DELIVERY = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
LAMBDA_API_PATH = "/2015-03-31/functions/{}/invocations"


FINE = succeeded(b'{"statusCode":200}')
SIGN_UP = (
    b'{"version":"1","triggerSource":"PreSignUp_SignUp","region":"eu-west-1","userPoolId":"eu-west-1_abc","userName":"ada",'
    b'"callerContext":{"awsSdkVersion":"1","clientId":"web"},"request":{"userAttributes":{}},"response":{}}'
)


@dataclass(frozen=True)
class Door:
    """A front door: its type and settings, and a request that reaches the function. `fine`: its good answer, if not `FINE`."""

    title: str
    type: str
    settings: Mapping[str, Any]
    path: str = "/orders"
    body: bytes = b""
    fine: Outcome | None = None
    headers: tuple[tuple[str, str], ...] = ()


def completed(settings: dict[str, Any], type: str) -> dict[str, Any]:
    """Settings with every default, as `build` gets them."""
    shapes = Shapes(bundle(documents(), TYPES))
    schema = shapes.resolve(f"#/$defs/{definition_of(type)}")
    root = parse(json.dumps(settings).encode(), "router.yaml").root
    assert root is not None
    value: dict[str, Any] = Completion(shapes, (), str, {}).complete(schema, construct(shapes, schema, root), root)
    return value


ROUTES = {"base_path": "/", "routes": {"POST /orders": "hello"}}
REST = Door("API Gateway REST", "api_gateway", {"api": "rest", "stage": "prod", "binary_media_types": ["image/png"], **ROUTES})
HTTP = Door("API Gateway HTTP", "api_gateway", {"api": "http", **ROUTES})
URL = Door("Function URL", "function_url", {"function": "hello"})
ALB = Door("Load balancer", "alb", {"rules": {"orders": {"path": ["/orders"], "function": "hello"}}})
API = Door("Invoke API", "lambda_api", {"functions": "all"}, LAMBDA_API_PATH.format("hello"))
POOL = Door(
    "Cognito",
    "cognito",
    {"user_pool": "eu-west-1_abc", "operations": {"PreSignUp": {"function": "hello"}}, "timeout": 5.0, "attempts": 3},
    body=SIGN_UP,
    fine=succeeded(SIGN_UP),
)
STAGE = {"function": "hello:1", "include_body": True}
EDGE = Door(
    "Lambda@Edge",
    "lambda_edge",
    completed({"behaviors": {"/orders": {"origin": "http://origin.example.com", "viewer_request": STAGE}}}, "lambda_edge"),
    fine=succeeded(b'{"uri":"/orders"}'),
)
TASK = Door("HTTP Task", "step_functions", {"function": "hello"}, body=b"{}")
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
SNS = Door(
    "SNS",
    "sns",
    completed(
        {"source": {"http": "/orders"}, "topics": [TOPIC], "signature": {"verify": False}, "subscriptions": {"all": "hello"}},
        "sns",
    )
    | {"invocation": ["async"]},
    body=json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": "hello",
            "Timestamp": "2026-07-10T19:19:04.000Z",
            "SignatureVersion": "1",
            "Signature": "",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem",
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        }
    ).encode(),
    headers=(("x-amz-sns-message-type", "Notification"), ("x-amz-sns-topic-arn", TOPIC)),
)
S3 = Door(
    "S3",
    "s3",
    completed(
        {
            "source": {"http": "/orders", "sender": "aws"},
            "buckets": ["photos"],
            "notifications": {"all": {"events": ["s3:ObjectCreated:*"], "function": "hello"}},
        },
        "s3",
    )
    | {"invocation": ["async"]},
    body=b'{"Records":[{"eventName":"ObjectCreated:Put","eventTime":"2026-07-10T19:19:04.000Z","s3":{"bucket":{"name":"photos"},'
    b'"object":{"key":"a.jpg","sequencer":"0A"}}}]}',
)
BUS = Door(
    "Event bus",
    "eventbridge",
    completed({"rules": {"all": {"pattern": {"source": ["shop"]}, "function": "hello"}}}, "eventbridge")
    | {"invocation": ["async"]},
    body=b'{"Entries":[{"Source":"shop","DetailType":"Paid","Detail":"{}"}]}',
    headers=(("X-Amz-Target", "AWSEvents.PutEvents"), ("Content-Type", "application/x-amz-json-1.1")),
)
DOORS = (REST, HTTP, URL, ALB, EDGE, API, POOL, TASK, SNS, S3, BUS)
UNCALLED = {"sqs", "schedule"}
"""Types that nobody calls: there is nobody to answer."""


@dataclass(frozen=True)
class Situation:
    """Something that goes wrong. `request`: what is unusual in the request, by trigger type, or `*` for every one.

    `settings`: what is declared beside the door's own. `origin`: what an origin does.
    """

    words: str
    outcome: Outcome | None = None
    read: bytes | RequestError | None = None
    request: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    origin: OriginError | None = None
    accept: Unavailable | None = None


def service_error(status: int, code: str, key: str, message: str, **more: str) -> Outcome:
    """What Lambda answers, with the bytes that it sends."""
    body = {"Type": "User" if status < 500 else "Service", **more, key: message}
    raw = "{" + ",".join(f'"{name}":"{value}"' for name, value in body.items()) + "}"
    return from_response(status, {"x-amzn-errortype": code}, raw.encode(), body)


LONG_WHEN_ESCAPED = b'"' + b'\\"' * 1_600_000 + b'"'

SITUATIONS = (
    Situation("The function raised, exited or ran into its own timeout", function_error(b'{"errorMessage":"no"}', "id")),
    Situation("The function's answer cannot be sent", succeeded(b'{"statusCode":"many"}')),
    Situation(
        "The function's answer is not the base64 that it says",
        succeeded(b'{"statusCode":200,"isBase64Encoded":true,"body":"?"}'),
        request={"api_gateway": {"headers": [("Accept", "image/png")]}},
    ),
    Situation("The front door's time is over, or the router's wait for Lambda", timed_out(30)),
    Situation(
        "The function is throttled, by Lambda or by `max_concurrency`",
        throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 1),
    ),
    Situation(
        "Lambda does not know the function (404)",
        service_error(404, "ResourceNotFoundException", "Message", "Function not found: arn:…"),
    ),
    Situation(
        "The router may not invoke the function (403)",
        service_error(403, "AccessDeniedException", "Message", "User: … is not authorized"),
    ),
    Situation(
        "Lambda refuses the event's size (413)",
        service_error(413, "RequestEntityTooLargeException", "message", "Request must be smaller than …"),
    ),
    Situation(
        "Lambda answers with a fault of its own (5xx)",
        service_error(500, "ServiceException", "Message", "Internal error"),
    ),
    Situation("Lambda cannot be reached, or the connection broke", transport("connection reset", sent=True)),
    Situation(
        "The event would be longer than Lambda's 6 MiB",
        FINE,
        LONG_WHEN_ESCAPED,
        {"*": {"headers": [("Content-Type", "application/json")]}},
    ),
    Situation("The body is longer than the front door takes", read=BodyTooLarge(0)),
    Situation("The body ended early", read=BodyIncomplete("gone")),
    Situation(
        "No route, or no such function",
        FINE,
        request={
            "api_gateway": {"path": "/nowhere"},
            "alb": {"path": "/nowhere"},
            "lambda_edge": {"path": "/nowhere"},
            "lambda_api": {"path": LAMBDA_API_PATH.format("nobody")},
        },
    ),
    Situation("The caller does not prove who it is, as `auth` asks", settings={"auth": [{"bearer": ["t"]}]}),
    Situation("The caller's address is not one that `auth` allows", settings={"auth": [{"source_ip": ["192.0.2.1"]}]}),
    Situation(
        "The front door does not take the request as it is",
        FINE,
        request={
            "api_gateway": {"query": "a=|"},
            "alb": {"headers": [("Upgrade", "websocket")]},
            "lambda_edge": {"headers": [("Upgrade", "websocket"), ("Connection", "Upgrade")]},
            "lambda_api": {"headers": [("X-Amz-Invocation-Type", "Sometimes")]},
            "step_functions": {"headers": [("Content-Type", "text/xml")]},
        },
    ),
    Situation("The request target is too long", FINE, request={"*": {"query": "q=" + "x" * 17_000}}),
    Situation("The headers are too long", FINE, request={"*": {"headers": [("X-Long", "x" * 17_000)]}}),
    Situation("The origin cannot be reached", FINE, origin=OriginUnreachable("refused")),
    Situation("The origin is too slow", FINE, origin=OriginTimeout("slow")),
    Situation("The origin's answer is no HTTP, or breaks off before its body", FINE, origin=OriginBroken("garbage")),
    Situation("The body is not what this front door expects", FINE, b"garbage"),
    Situation("The router cannot take work at the moment", read=Unavailable("draining", 1)),
    Situation("The journal is full, or cannot commit", FINE, accept=Unavailable("the journal is full", 30)),
)


def play(door: Door, situation: Situation) -> Reply:
    """The door's reply, with the other side of the conversation played as the situation says."""
    type = TYPES[door.type]
    fields = {"path": door.path} | situation.request.get("*", {}) | situation.request.get(door.type, {})
    if door.headers:
        fields["headers"] = [*door.headers, *fields.get("headers", ())]
    conversation = type.handle(
        request("POST", "/", body=b"", **fields),
        type.build({"invocation": ["sync"], **door.settings, **situation.settings}, SCOPE),
    )
    step = next_step(conversation, None)
    while not isinstance(step, Reply):
        if isinstance(step, ReadBody):
            step = next_step(conversation, limited(step, door.body if situation.read is None else situation.read))
        elif isinstance(step, PeekBody):
            step = next_step(conversation, situation.read if isinstance(situation.read, RequestError) else Glimpse(b"", False))
        elif isinstance(step, Forward):
            step = next_step(conversation, situation.origin or OriginResponse(200, "OK", [], FakeStream()))
        elif isinstance(step, Accept):
            step = next_step(conversation, situation.accept or [Receipt(DELIVERY) for _ in step.acceptances])
        elif isinstance(step, Remark):
            step = next_step(conversation, None)
        else:
            assert isinstance(step, Invoke)
            assert situation.outcome is not None, f"{door.title} invokes although {situation.words}"
            step = next_step(conversation, door.fine or FINE if situation.outcome is FINE else situation.outcome)
    return step


def next_step(conversation: Any, answer: object) -> Any:
    try:
        return conversation.throw(answer) if isinstance(answer, RequestError) else conversation.send(answer)
    except StopIteration as stop:
        return stop.value


def limited(step: ReadBody, read: bytes | RequestError) -> bytes | RequestError:
    """A body beyond the limit is thrown as the driver does, with the limit that was asked for."""
    if isinstance(read, BodyTooLarge) or (isinstance(read, bytes) and len(read) > step.limit):
        return BodyTooLarge(step.limit)
    return read


# --- rendering -------------------------------------------------------------------------------------------------------


def tables() -> str:
    played = {door.title: {situation.words: play(door, situation) for situation in SITUATIONS} for door in DOORS}
    overview = [[words, *(brief(replies[words]) for replies in played.values())] for words in played[REST.title]]
    parts = [table(["", *played], overview)]
    for title, replies in played.items():
        third = ["sentence on the page", "`X-Cache`"] if title == EDGE.title else ["body", "`x-amzn-ErrorType`"]
        heading = ["", "status", *third, "`x-router-error`", "`x-router-invoked`"]
        rows = [[words, *full(reply)] for words, reply in replies.items() if goes_wrong(reply)]
        parts.append(f"## {title}\n\n{table(heading, rows)}")
    return "\n" + "\n".join(parts) + "\n"


def goes_wrong(reply: Reply) -> bool:
    return reply.error is not None or "x-amz-function-error" in lower_headers(reply)


def lower_headers(reply: Reply) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.headers}


def brief(reply: Reply) -> str:
    return str(reply.status) if goes_wrong(reply) else "–"


def full(reply: Reply) -> list[str]:
    assert isinstance(reply.body, bytes)
    headers = lower_headers(reply)
    error_type = headers.get("x-cache") or headers.get("x-amzn-errortype", "")
    named = [reply.error.name, reply.error.invoked.value] if reply.error else ["", ""]
    return [str(reply.status), *map(code, [shown(reply.body.decode()), error_type, *named])]


def shown(body: str) -> str:
    """Of CloudFront's page the sentence that says what happened."""
    page = re.search(r'<HR noshade size="1px">\n(.*)\n<BR clear="all">', body)
    return page[1] if page else body


def code(text: str) -> str:
    shown = text.replace("\r\n", "\\r\\n")
    return f"`{shown}`" if shown else "–"


def table(heading: list[str], rows: list[list[str]]) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in [heading, ["---"] * len(heading), *rows]]
    return "".join(f"| {' | '.join(row)} |\n" for row in escaped)


def test_the_tables_are_what_the_front_doors_do(root: Path) -> None:
    path = root / "docs" / "errors.md"
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    written, after = rest.split(END)
    played = tables()
    if os.environ.get("UPDATE_DOCS") == "1":
        path.write_text(before + BEGIN + played + END + after, encoding="utf-8")
        written = played
    assert written == played


def test_every_class_of_outcome_is_played() -> None:
    played = {situation.outcome.kind for situation in SITUATIONS if situation.outcome is not None}
    assert played == set(OutcomeKind)


def test_every_front_door_is_played() -> None:
    assert {door.type for door in DOORS} == set(TYPES) - UNCALLED


def test_each_situation_goes_wrong_somewhere() -> None:
    assert [situation.words for situation in SITUATIONS if not any(goes_wrong(play(door, situation)) for door in DOORS)] == []
