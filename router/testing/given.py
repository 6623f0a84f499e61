"""What a test begins with, as an envelope: a sample, a service's own document, a request, messages, a task, a planned time."""

import itertools
import posixpath
from collections.abc import Mapping
from typing import Any

from router import jsontext, samples
from router.config.files import Files
from router.config.rules.cases import FORMS, spelled
from router.config.units import duration
from router.deliveries import MAX_EVENT
from router.envelopes import Addressed
from router.model import Trigger
from router.outcome import OutcomeKind
from router.samples.documents import from_json
from router.settings import Config
from router.simulation import MockAnswer, MockOrigin
from router.testing.words import Case

_KEYS = {"messages": ("queue_arn",), "schedule": ("at",)}


class NotGiven(ValueError):
    """The event cannot be made; the text says why. `form`: which key of `given` is to blame."""

    def __init__(self, form: str, message: str) -> None:
        super().__init__(message)
        self.form = form


def given(case: Case, config: Config, files: Files) -> Addressed:
    """Raises NotGiven."""
    form = next(name for name in FORMS if name in case.given)
    value, trigger, context = case.given[form], _trigger(case, config, form), _context(case, config)
    try:
        match form:
            case "sample":
                wanted = _needed(trigger, form)
                return samples.for_trigger(wanted, _settings(config, wanted), value or {}, context)
            case "event":
                wanted = _needed(trigger, form)
                return samples.from_event(wanted, _settings(config, wanted), _document(case, value, files), context)
            case _:
                written = {form: value, **{key: case.given[key] for key in _KEYS.get(form, ()) if key in case.given}}
                return from_json(written | ({"trigger": trigger.name} if trigger is not None else {}))
    except samples.SampleError as error:
        raise NotGiven(form, str(error)) from None


def _trigger(case: Case, config: Config, form: str) -> Trigger | None:
    named = case.given.get("trigger")
    if named is None:
        return config.triggers[0] if form != "request" and len(config.triggers) == 1 else None
    name = spelled(named, case.namespace, [trigger.name for trigger in config.triggers])
    for trigger in config.triggers:
        if trigger.name == name:
            return trigger
    raise NotGiven(
        "trigger", f"the trigger `{named}` is switched off, or depends on a variable that is not set: set it in `env:`"
    )


def _needed(trigger: Trigger | None, form: str) -> Trigger:
    if trigger is None:
        raise NotGiven(form, "it does not say which trigger it is for")
    return trigger


def _settings(config: Config, trigger: Trigger) -> Mapping[str, Any]:
    settings: Mapping[str, Any] = config.raw["triggers"][trigger.name]
    return settings


def _context(case: Case, config: Config) -> samples.Context:
    """Ids are numbered, so that a test is the same every time."""
    numbers = itertools.count(1)
    return samples.Context(
        case.now, config.aws.account_id, config.aws.region, lambda: f"00000000-0000-4000-9000-{next(numbers):012x}"
    )


def _document(case: Case, value: Any, files: Files) -> Any:
    """The document itself, or that of a file."""
    if not isinstance(value, str):
        return value
    path = posixpath.join(posixpath.dirname(case.span("given", "event").file), value)
    try:
        content = files.read(path)
    except OSError as error:
        raise NotGiven("event", f"`{path}` cannot be read: {error.strerror}") from None
    if len(content) > MAX_EVENT * 8:
        raise NotGiven("event", f"`{path}` is larger than any event")
    try:
        return jsontext.loads(content)
    except ValueError as error:
        raise NotGiven("event", f"`{path}` is no JSON: {error}") from None


# --- answers ---------------------------------------------------------------------------------------------------------


def mocks(case: Case, config: Config) -> dict[str, list[MockAnswer]]:
    """The answers by function name."""
    return {
        spelled(name, case.namespace, config.functions): [*map(_answer, answers if isinstance(answers, list) else [answers])]
        for name, answers in (case.value.get("mock") or {}).items()
    }


def _answer(written: Mapping[str, Any]) -> MockAnswer:
    error = written.get("error") or {}
    return MockAnswer(
        written.get("returns"),
        OutcomeKind(written.get("outcome") or ("function_error" if error else "ok")),
        error.get("errorType"),
        error.get("errorMessage"),
        duration(written.get("after") or "0s"),
        written.get("streams"),
    )


def origin(case: Case) -> MockOrigin | None:
    """What origins answer; None: the usual thing."""
    written = case.value.get("origin")
    if written is None:
        return None
    body = written.get("body")
    content = b"" if body is None else body.encode("utf-8", "replace") if isinstance(body, str) else jsontext.dumps(body)
    headers = tuple((name, str(value)) for name, value in (written.get("headers") or {}).items())
    if body is not None and not isinstance(body, str) and all(name.lower() != "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", "application/json"))
    return MockOrigin(written.get("status") or 200, headers, content)
