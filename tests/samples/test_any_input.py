"""Whatever documents and options people give: an envelope comes of them, or an error that says why, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.envelopes import Addressed
from router.samples import KINDS, Context, SampleError, for_trigger, from_event, make
from router.samples.curl import Door, curl
from router.samples.documents import to_json
from router.settings import Config

Taking = Callable[[str], Config]

NAMES = st.sampled_from(
    [
        *("Records", "s3", "Sns", "cf", "request", "object", "key", "eventSource", "body", "headers", "requestContext", "elb"),
        *("http", "method", "rawPath", "httpMethod", "path", "multiValueHeaders", "cookies", "Type", "TopicArn", "MessageId"),
        *(
            "detail",
            "detail-type",
            "source",
            "time",
            "resources",
            "Entries",
            "triggerSource",
            "attributes",
            "messageAttributes",
        ),
        *(
            "identity",
            "sourceIp",
            "isBase64Encoded",
            "EventSubscriptionArn",
            "event_type",
            "message",
            "Event",
            "messageAttributes",
        ),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
KNOWN = st.sampled_from(["aws:sqs", "aws:s3", "Notification", "2026-03-01T02:00:00Z", "/a", "GET", "s3:TestEvent", "AA=="])
DOCUMENTS = st.recursive(
    SCALARS | KNOWN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=20
)
TYPES = sorted({kind.type for kind in KINDS.values()})


@pytest.mark.parametrize("type", TYPES)
@given(document=DOCUMENTS)
def test_any_document(type: str, document: Any, taking: Taking, context_at: Callable[[], Context]) -> None:
    config = remembered(taking, type)
    for trigger in config.triggers:
        check(lambda trigger=trigger: from_event(trigger, config.raw["triggers"][trigger.name], document, context_at()))


@pytest.mark.parametrize("type", TYPES)
@given(data=st.data())
def test_any_options(type: str, data: st.DataObject, taking: Taking, context_at: Callable[[], Context]) -> None:
    kind = data.draw(st.sampled_from([kind for kind in KINDS.values() if kind.type == type]))
    values = SCALARS | KNOWN | DOCUMENTS
    options = data.draw(st.dictionaries(st.sampled_from([*kind.options, "route", "rule", "kind"]), values, max_size=3))
    check(lambda: make(kind.name, options, context_at()))
    config = remembered(taking, type)
    for trigger in config.triggers:
        check(lambda trigger=trigger: for_trigger(trigger, config.raw["triggers"][trigger.name], options, context_at()))


def check(made: Callable[[], Addressed]) -> None:
    """What is made can be printed, too."""
    try:
        addressed = made()
    except SampleError:
        return
    to_json(addressed)
    if hasattr(addressed.envelope, "target"):
        curl(addressed.envelope, Door())


_KNOWN: dict[str, Config] = {}


def remembered(taking: Taking, type: str) -> Config:
    """Compiled once."""
    if type not in _KNOWN:
        _KNOWN[type] = taking(type)
    return _KNOWN[type]
