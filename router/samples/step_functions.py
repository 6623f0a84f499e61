"""Tasks of Step Functions: of an activity, and as the request of an HTTP Task. Source: semantics/sync.md §11.1, §11.5."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus, urlencode

from router.envelopes import Envelope, HttpEnvelope, TaskEnvelope
from router.samples import reading
from router.samples.http import query_text, replaced
from router.samples.words import Chosen, Context, Kind, Option

PATH = "/tasks/resize"
INPUT = {"width": 640, "height": 480, "to": 320}
_INPUT = Option("the input of the task: any JSON value", reading.anything, INPUT)
_HTTP = {
    "path": Option("the path of the endpoint", reading.target_path, PATH),
    "method": Option("the method", reading.method, "POST"),
    "query": Option("the query as sent, or a map of its keys", query_text, ""),
    "headers": Option("headers that are added, or replace those of the same name", reading.pairs, ()),
}


def http_task(chosen: Chosen, context: Context, body: bytes, content_type: str | None) -> HttpEnvelope:
    """The request of an HTTP Task."""
    headers: list[tuple[str, str]] = [("Host", "tasks.example.com")]
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    headers += [("Range", "bytes=0-262144"), ("User-Agent", f"Amazon|StepFunctions|HttpInvoke|{context.region}")]
    target = f"{chosen['path']}?{chosen['query']}" if chosen["query"] else chosen["path"]
    return HttpEnvelope(chosen["method"], target, replaced(tuple(headers), chosen["headers"]), body)


def _json(chosen: Chosen, context: Context) -> Envelope:
    return http_task(chosen, context, reading.compact(chosen["input"]).encode(), "application/json; charset=UTF-8")


def form_of(value: Any) -> str:
    """What `RequestBodyEncoding: URL_ENCODED` makes of an object; lists have indexes."""
    fields: list[tuple[str, str]] = []
    for name, each in reading.mapping(value).items():
        if isinstance(each, list):
            fields += ((f"{name}[{index}]", reading.content(item)) for index, item in enumerate(each))
        else:
            fields.append((name, reading.content(each)))
    return urlencode(fields, quote_via=quote_plus, safe="[]")


def _form(chosen: Chosen, context: Context) -> Envelope:
    return http_task(chosen, context, form_of(chosen["input"]).encode(), "application/x-www-form-urlencoded")


def _get(chosen: Chosen, context: Context) -> Envelope:
    return http_task({**chosen, "query": chosen["query"] or form_of(INPUT)}, context, b"", None)


def kinds() -> Iterator[Kind]:
    """A task of an activity, and three ways of an HTTP Task."""
    task = {"input": _INPUT}
    yield Kind(
        "step_functions",
        "task",
        "a task of an activity",
        task,
        lambda chosen, context: TaskEnvelope(reading.compact(chosen["input"])),
    )
    posted = {"input": _INPUT, **_HTTP}
    yield Kind("step_functions", "http-task", "an HTTP Task that posts JSON", posted, _json)
    form = {**posted, "input": Option("the input of the task: a map", reading.mapping, INPUT)}
    yield Kind("step_functions", "http-task-form", "an HTTP Task that posts a form", form, _form)
    get = {**_HTTP, "method": Option("the method", reading.method, "GET")}
    yield Kind("step_functions", "http-task-get", "an HTTP Task without a body", get, _get)
