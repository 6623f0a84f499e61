"""Calls of Lambda's Invoke API, as an SDK makes them. Source: semantics/sync.md §1.1."""

from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from router.envelopes import Envelope, HttpEnvelope
from router.samples import moments, reading
from router.samples.words import Chosen, Context, Kind, Option

CLIENT = "Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux lang/python#3.12.3"

OPTIONS = {
    "function": Option("the function: name, partial or full ARN", reading.text, "orders"),
    "qualifier": Option("a version or an alias", reading.text),
    "payload": Option("the event: any JSON value", reading.anything, {"order": "o-1"}),
    "headers": Option("headers that are added, or replace those of the same name", reading.pairs, ()),
}
SYNC = {
    **OPTIONS,
    "client_context": Option("what the function gets as its client context", reading.mapping),
    "log_tail": Option("whether the end of the log is wanted", reading.flag, False),
}


def invoke(type: str, chosen: Chosen, context: Context) -> Envelope:
    """One call. `type`: the invocation type."""
    qualifier = f"?Qualifier={quote(chosen['qualifier'], safe='')}" if chosen["qualifier"] else ""
    headers: list[tuple[str, str]] = [("Host", f"lambda.{context.region}.amazonaws.com"), ("User-Agent", CLIENT)]
    if type != "RequestResponse":
        headers.append(("X-Amz-Invocation-Type", type))
    if chosen.get("log_tail"):
        headers.append(("X-Amz-Log-Type", "Tail"))
    if chosen.get("client_context") is not None:
        headers.append(("X-Amz-Client-Context", b64encode(reading.compact(chosen["client_context"]).encode()).decode()))
    headers.append(("X-Amz-Date", moments.whole(context.now).replace("-", "").replace(":", "")))
    names = {name.lower() for name, _ in chosen["headers"]}
    kept = tuple(pair for pair in headers if pair[0].lower() not in names)
    path = f"/2015-03-31/functions/{quote(chosen['function'], safe='')}/invocations{qualifier}"
    return HttpEnvelope("POST", path, (*kept, *chosen["headers"]), _payload(chosen["payload"]))


def _payload(value: Any) -> bytes:
    return reading.compact(value).encode("utf-8", "surrogatepass")


def kinds() -> Iterator[Kind]:
    """The three invocation types."""
    for variant, type, words, options in (
        ("sync", "RequestResponse", "an invocation that is waited for", SYNC),
        ("event", "Event", "an asynchronous invocation", OPTIONS),
        ("dry-run", "DryRun", "whether an invocation would be allowed", OPTIONS),
    ):
        yield Kind("lambda_api", variant, words, options, partial(invoke, type))
