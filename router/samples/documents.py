"""Envelopes as JSON, both ways: what `sample` prints, and what tests, `explain` and `send` read.

    {"request": {"method", "target", "headers", "body" | "body_base64", "client_ip", "scheme", "listener"}}
    {"messages": [{"MessageId", "ReceiptHandle", "Body", "Attributes", "MessageAttributes", …}], "queue_arn": …}
    {"task": <the input>}      {"schedule": name, "at": time}

each optionally with `trigger` and `note`. Written by hand much may be left out: of a request all but one key, of a message
all but `Body`. Messages have SQS's own names; bytes of an attribute are base64.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from router.batches import Message
from router.envelopes import Addressed, Envelope, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.samples import moments, reading
from router.samples.http import JSON
from router.samples.words import SampleError, said_of

# --- to JSON ---------------------------------------------------------------------------------------------------------


def to_json(addressed: Addressed) -> dict[str, Any]:
    """The document of an envelope; `from_json` makes the same envelope of it."""
    envelope = addressed.envelope
    match envelope:
        case HttpEnvelope():
            document: dict[str, Any] = {"request": _request_document(envelope)}
        case QueueEnvelope():
            document = {"messages": [_message_document(message) for message in envelope.messages]}
            document |= {"queue_arn": envelope.queue_arn} if envelope.queue_arn else {}
        case TaskEnvelope():
            document = _task_document(envelope.input)
        case TickEnvelope():
            document = {"schedule": envelope.schedule}
            document |= {"at": _time_document(envelope.at)} if envelope.at is not None else {}
    if addressed.trigger is not None:
        document["trigger"] = addressed.trigger
    return document | ({"note": addressed.note} if addressed.note else {})


def _request_document(envelope: HttpEnvelope) -> dict[str, Any]:
    names = [name for name, _ in envelope.headers]
    document: dict[str, Any] = {"method": envelope.method, "target": envelope.target}
    document["headers"] = dict(envelope.headers) if len({*names}) == len(names) else [[*pair] for pair in envelope.headers]
    if envelope.body:
        document |= _body_document(envelope.body)
    document |= {"client_ip": envelope.client_ip, "scheme": envelope.scheme}
    return document | ({"listener": envelope.listener} if envelope.listener is not None else {})


def _body_document(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(body).decode()}


def _message_document(message: Message) -> dict[str, Any]:
    document: dict[str, Any] = {"MessageId": message.id, "ReceiptHandle": message.handle, "Body": message.body}
    said = dict(message.attributes)
    if "MessageAttributes" in said:
        said["MessageAttributes"] = {name: _attribute_document(each) for name, each in said["MessageAttributes"].items()}
    return document | said


def _attribute_document(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: b64encode(value).decode() if isinstance(value, bytes) else value for name, value in said.items()}


def _task_document(input: str) -> dict[str, Any]:
    """The input itself where its text can be made again of it."""
    try:
        value = reading.anything(input)
        if not isinstance(value, str) and reading.compact(value) == input:
            return {"task": value}
    except ValueError:
        pass
    return {"task_text": input}


def _time_document(at: float) -> str | float:
    return moments.whole(at) if at.is_integer() else at


# --- from JSON -------------------------------------------------------------------------------------------------------


def from_json(document: Any) -> Addressed:
    """The envelope of a document. Raises SampleError that says where, what, and what is known."""
    whole = _object(document, "the document")
    forms = [form for form in _FORMS if form in whole]
    if len(forms) != 1:
        known = ", ".join(f"`{form}`" for form in _FORMS)
        raise SampleError(f"a document has exactly one of {known}; this one has {', '.join(map(repr, whole)) or 'nothing'}")
    form = forms[0]
    read, more = _FORMS[form]
    _only(whole, {form, *more, "trigger", "note"}, "the document")
    trigger, note = _text_or_none(whole, "trigger"), _text_or_none(whole, "note")
    return Addressed(read(whole), trigger, note or "")


def is_envelope(document: Any) -> bool:
    """Whether this looks like the document of an envelope, and not like a service's own."""
    return isinstance(document, dict) and sum(form in document for form in _FORMS) == 1 and not _is_foreign(document)


def _is_foreign(document: Mapping[str, Any]) -> bool:
    """A task's input may have such a key, too: an envelope has nothing beside what it knows."""
    form = next(form for form in _FORMS if form in document)
    return not document.keys() <= {form, *_FORMS[form][1], "trigger", "note"}


def _request(whole: Mapping[str, Any]) -> Envelope:
    said = _object(whole["request"], "request")
    keys = ("method", "target", "headers", "body", "body_base64", "client_ip", "scheme", "listener")
    _only(said, set(keys), "request")
    body, is_json = _body(said)
    headers = _headers(said.get("headers"))
    if is_json and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", JSON))
    return HttpEnvelope(
        _read(said, "method", reading.method, "POST" if body else "GET"),
        _read(said, "target", reading.matching(r"/[^\s#]*", "a target that begins with `/`"), "/"),
        headers,
        body,
        _read(said, "client_ip", reading.text, HttpEnvelope("", "").client_ip),
        _read(said, "scheme", reading.one_of("http", "https"), "https"),
        _read(said, "listener", reading.text, None),
    )


def _body(said: Mapping[str, Any]) -> tuple[bytes, bool]:
    """The body, and whether it was written as a value that is sent as JSON."""
    if said.get("body_base64") is not None:
        if said.get("body") is not None:
            raise SampleError("request: `body` and `body_base64` exclude each other")
        return _read(said, "body_base64", reading.base64, b""), False
    body = said.get("body")
    if body is None:
        return b"", False
    return reading.content(body).encode("utf-8", "surrogatepass"), not isinstance(body, str)


def _headers(given: Any) -> tuple[tuple[str, str], ...]:
    """Of a map (a list as value is a header several times), or of a list of pairs."""
    if given is None:
        return ()
    try:
        if isinstance(given, list):
            return tuple((reading.text(name), reading.text(value)) for name, value in given)
        return reading.pairs(given)
    except (TypeError, ValueError):
        raise SampleError("request: `headers` is a map of names to values, or a list of pairs") from None


def _messages(whole: Mapping[str, Any]) -> Envelope:
    given = whole["messages"]
    if not isinstance(given, list) or not given:
        raise SampleError("`messages` is a list of messages")
    return QueueEnvelope(tuple(map(_message, given, range(len(given)))), _text_or_none(whole, "queue_arn") or "")


def _message(given: Any, position: int) -> Message:
    """A text alone is a body."""
    where = f"messages[{position}]"
    said = dict(_object({"Body": given} if isinstance(given, str) else given, where))
    body = said.pop("Body", None)
    if body is None:
        raise SampleError(f"{where} has no `Body`; a message has SQS's own names: `Body`, `Attributes`, `MessageAttributes`")
    text = reading.content(body)
    digest = hashlib.md5(f"{position} {text}".encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    made = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:]}"
    id, handle = _text_or_none(said, "MessageId"), _text_or_none(said, "ReceiptHandle")
    rest = {name: value for name, value in said.items() if name not in ("MessageId", "ReceiptHandle")}
    if "MessageAttributes" in rest:
        attributes = _object(rest["MessageAttributes"], f"{where}.MessageAttributes")
        rest["MessageAttributes"] = {name: _attribute(each, f"{where}: {name}") for name, each in attributes.items()}
    system = _object(rest.get("Attributes") or {}, f"{where}.Attributes")
    group = system.get("MessageGroupId")
    return Message(handle if handle is not None else made, text, rest, id if id is not None else made, group)


def _attribute(given: Any, where: str) -> dict[str, Any]:
    said = dict(_object(given, where))
    if "BinaryValue" in said:
        said["BinaryValue"] = _read(said, "BinaryValue", reading.base64, b"")
    return said


def _task(whole: Mapping[str, Any]) -> Envelope:
    return TaskEnvelope(reading.compact(whole["task"]))


def _task_text(whole: Mapping[str, Any]) -> Envelope:
    return TaskEnvelope(_read(whole, "task_text", reading.text, ""))


def _tick(whole: Mapping[str, Any]) -> Envelope:
    return TickEnvelope(_read(whole, "schedule", reading.text, ""), _read(whole, "at", reading.moment, None))


_FORMS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Envelope], tuple[str, ...]]] = {
    "request": (_request, ()),
    "messages": (_messages, ("queue_arn",)),
    "task": (_task, ()),
    "task_text": (_task_text, ()),
    "schedule": (_tick, ("at",)),
}
"""By the key that says what a document is: what reads it, and which keys may stand beside it."""


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SampleError(f"{where} is no JSON object")
    return value


def _only(value: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in value:
        if name not in known:
            raise SampleError(f"{where} has no `{name}`; {said_of(name, dict.fromkeys(sorted(known)))}")


def _read(value: Mapping[str, Any], name: str, read: Callable[[Any], Any], default: Any) -> Any:
    if value.get(name) is None:
        return default
    try:
        return read(value[name])
    except ValueError as error:
        raise SampleError(f"`{name}`: {error}") from None


def _text_or_none(value: Mapping[str, Any], name: str) -> str | None:
    found: str | None = _read(value, name, reading.text, None)
    return found
