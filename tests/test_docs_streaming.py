"""docs/errors.md says what becomes of an answer that is streamed when something goes wrong: its table is played, not written.

`UPDATE_DOCS=1 python -m pytest tests/test_docs_streaming.py` rewrites it.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.arn import FunctionArn
from router.driver import Driver
from router.errors import StreamFailed
from router.eventstream import Decoder
from router.exchange import Exchange
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, request, streaming
from router.model import Function, Place, Reply, Scope, Target, Trigger
from router.outcome import HTTP_RESPONSE, Outcome, OutcomeKind, function_error, throttled, timed_out
from router.streams import MAX_PRELUDE
from router.triggers import TYPES

BEGIN, END = (f"<!-- played by tests/test_docs_streaming.py: {part} -->\n" for part in ("begin", "end"))
HELLO = Function("hello", FunctionArn("eu-west-1", "111122223333", "hello"), 900.0)
SCOPE = Scope("shop", "111122223333", "eu-west-1", lambda reference: Target(HELLO), {"hello": HELLO})
NULS = bytes(8)
HEAD = b'{"statusCode":200}' + NULS


@dataclass(frozen=True)
class Door:
    """A front door that streams."""

    title: str
    type: str
    settings: dict[str, Any]
    path: str = "/orders"


DOORS = (
    Door(
        "API Gateway REST",
        "api_gateway",
        {
            "api": "rest",
            "stage": "prod",
            "base_path": "/",
            "response_transfer_mode": "stream",
            "routes": {"POST /orders": "hello"},
        },
    ),
    Door("Function URL", "function_url", {"function": "hello", "invoke_mode": "response_stream"}),
    Door("Invoke API", "lambda_api", {"functions": "all"}, "/2021-11-15/functions/hello/response-streaming-invocations"),
)


def answer(*pieces: bytes | Exception) -> Outcome:
    return streaming(*pieces, content_type=HTTP_RESPONSE)


FAILED = StreamFailed(OutcomeKind.FUNCTION_ERROR.value, "the function failed", b'{"errorType":"Oops"}')
LATE = StreamFailed(OutcomeKind.TIMEOUT.value, "the function's answer did not go on, or not end, in time")
BROKEN = StreamFailed(OutcomeKind.TRANSPORT.value, "Lambda's stream ended before it was complete")


def situations() -> dict[str, Outcome]:
    """What the function does, made anew for each conversation."""
    return {
        "The function fails before its answer begins": function_error(b'{"errorMessage":"no"}', "id"),
        "Its time is over before its answer begins": timed_out(30),
        "It is throttled": throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 1),
        "It fails within status and headers": answer(b'{"statusCode":', FAILED),
        "Status and headers cannot be used": answer(b'{"statusCode":"many"}' + NULS + b"body"),
        f"They do not end within {MAX_PRELUDE // 1024} KiB": answer(b'{"a":"' + b"x" * MAX_PRELUDE),
        "It fails after its body has begun": answer(HEAD + b"body", FAILED),
        "It pauses too long, or does not end in time": answer(HEAD + b"body", LATE),
        "The connection to Lambda breaks after its body has begun": answer(HEAD + b"body", BROKEN),
    }


async def play(door: Door, outcome: Outcome) -> str:
    """What the caller sees."""
    type, settings = TYPES[door.type], {"invocation": ["sync"], **door.settings}
    built, claims = type.build(settings, SCOPE), type.claims(settings)
    trigger = Trigger("shop", type, frozenset({"sync"}), "main", claims, built, {}, Place("router.yaml", 1, 1))
    driver = Driver(FakeInvoker({"hello": outcome}), FakeClock(), lambda: 0.0, FakeMetrics())

    async def body(limit: int) -> bytes:
        return b""

    return await seen(await driver.run(Exchange(trigger, request("POST", door.path, body=b""), body)))


async def seen(reply: Reply) -> str:
    named = f"{reply.status}" + (f" `{reply.error.name}`" if reply.error is not None else "")
    sent = bytearray()
    try:
        if isinstance(reply.body, bytes):
            sent += reply.body
        else:
            async for piece in reply.body:
                sent += piece
    except StreamFailed:
        return f"{named}, then the connection is cut"
    if dict(reply.headers).get("Content-Type") != "application/vnd.amazon.eventstream":
        return named
    last = [*Decoder().feed(bytes(sent))][-1]
    return f"{named}, then `InvokeComplete` with `{json.loads(last.payload).get('ErrorCode', 'no error')}`"


async def played() -> list[list[str]]:
    return [[words, *[await play(door, situations()[words]) for door in DOORS]] for words in situations()]


def table() -> str:
    rows = [["", *(door.title for door in DOORS)], ["---"] * (len(DOORS) + 1), *asyncio.run(played())]
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows) + "\n"


def test_the_table_is_what_the_front_doors_do(root: Path) -> None:
    path = root / "docs" / "errors.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    written, after = rest.split(END)
    if os.environ.get("UPDATE_DOCS") == "1":
        written = table()
        path.write_text(before + BEGIN + written + END + after, encoding="utf-8")
    assert written == table()
