"""Deliveries for people: one line, or a block with every attempt. Times are UTC."""

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_COLUMNS = ("ID", "ACCEPTED", "STATE", "TRIGGER", "FUNCTION", "CONDITION", "ATTEMPTS", "LAST")


def moment(seconds: float) -> str:
    """`2026-03-01T12:00:00.123Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def table(deliveries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A heading and one line for each, in columns."""
    rows = [_COLUMNS, *map(_row, deliveries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(delivery: Mapping[str, Any]) -> tuple[str, ...]:
    attempts = delivery["attempts"]
    return (
        delivery["id"],
        moment(delivery["accepted_at"]),
        delivery["state"],
        delivery["trigger"],
        _function(delivery),
        delivery["condition"] or "-",
        str(len(attempts)),
        attempts[-1]["kind"] if attempts else "-",
    )


def block(delivery: Mapping[str, Any], *, payload: bool) -> Iterator[str]:
    """Everything about one delivery. Payload and answer only where `payload` asks for them."""
    yield f"delivery {delivery['id']}"
    for name, value in _facts(delivery):
        if value:
            yield f"  {name:<13} {value}"
    for number, attempt in enumerate(delivery["attempts"], 1):
        yield from _attempt(number, attempt)
    if payload:
        yield "  payload:"
        yield from _indented(delivery.get("payload", delivery.get("payload_base64", "")))
        if delivery["response"] is not None:
            yield "  response:"
            yield from _indented(json.dumps(delivery["response"], ensure_ascii=False))


def _facts(delivery: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    route = f", {delivery['route']}" if delivery["route"] else ""
    detail = f": {delivery['detail']}" if delivery["detail"] else ""
    yield "state", delivery["state"]
    yield "trigger", delivery["trigger"] + route
    yield "function", _function(delivery)
    yield "accepted", moment(delivery["accepted_at"])
    yield "next attempt", moment(delivery["due_at"]) if delivery["condition"] is None else None
    yield "condition", f"{delivery['condition']}{detail}" if delivery["condition"] else None
    yield "invoked", f"{delivery['invoke_count']} times, {delivery['throttles']} times put back without running"
    yield "sent to", ", ".join(delivery["sent"])
    yield "still to send", ", ".join(delivery["pending"])
    yield "failed sends", str(delivery["send_failures"] or "")
    yield "group", delivery["group"]
    yield "event id", delivery["deduplication_id"]
    yield "trace", delivery["trace_id"]
    yield "redrive of", delivery["parent_id"]
    yield "payload", f"{delivery['payload_size']} bytes"


def _attempt(number: int, attempt: Mapping[str, Any]) -> Iterator[str]:
    status = f", status {attempt['status']}" if attempt["status"] else ""
    request = f", request {attempt['request_id']}" if attempt["request_id"] else ""
    yield f"  attempt {number}: {moment(attempt['at'])}, {attempt['seconds']:.3f} s, {attempt['kind']}{status}{request}"
    error = ": ".join(filter(None, (attempt["code"], attempt["message"])))
    if error:
        yield f"    {error}"
    if attempt["log_tail"]:
        yield from _indented(_decoded(attempt["log_tail"]), "    | ")


def _indented(text: str, margin: str = "    ") -> Iterator[str]:
    for line in text.rstrip("\n").split("\n"):
        yield margin + line


def _decoded(log_tail: str) -> str:
    """Lambda sends the tail in base64; a tail that starts within a character is shown all the same."""
    try:
        return b64decode(log_tail, validate=True).decode(errors="replace")
    except binascii.Error:
        return log_tail


def _function(delivery: Mapping[str, Any]) -> str:
    return ":".join(filter(None, (delivery["function"], delivery["qualifier"])))
