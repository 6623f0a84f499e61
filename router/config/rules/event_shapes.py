"""What the events look like that patterns of a configuration are asked about, as far as the configuration and the formats say.

A shape takes in more than there is where that is not known: what it rules out never comes.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from router.arn import DEFAULT_ACCOUNT
from router.config.nodes import Opaque
from router.patterns.inclusion import Glob, literal, parse_glob, starting
from router.patterns.pieces import Constant, Present, Range, Text
from router.patterns.shapes import ANYTHING, TEXT, Array, Either, Leaf, Object, Shape, exactly, text
from router.policies.filter_policies import MESSAGE_BODY

Settings = Mapping[str, Any]

NUMBER = Leaf((Range(float("-inf"), float("inf")),), "it is a number")
NULL = Leaf((Constant(None),), "it is null")
FLAG = Leaf((Constant(True), Constant(False)), "it is true or false")
TEXTS = Array(TEXT)
_TIME = text(parse_glob("????-??-??T??:??:??Z"), why="it is a time such as `2026-12-22T18:43:48Z`")
_PLACEHOLDER = "<aws.scheduler."
_SCALAR = Leaf((Present(),), "it is a scalar")
_ATTRIBUTE = re.compile(r"(?!(?:AWS|Amazon)\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.IGNORECASE)


def texts(refuses: Callable[[str], str | None] = lambda key: None) -> Object:
    """Names to texts."""
    return Object(more=TEXT, refuses=refuses)


# --- EventBridge -----------------------------------------------------------------------------------------------------


def bus_event(bus: str | None, aws: Settings) -> Shape:
    """What a bus that the router is hands to its rules: PutEvents takes nothing else (semantics/async.md §D.1, §D.2)."""
    account, region = _place_of(bus, aws)
    keys: dict[str, Shape] = {
        "version": exactly("0"),
        "id": text(parse_glob("????????-????-4???-8???-????????????"), why="it is an id that the bus makes"),
        "detail-type": text(Glob(("", None)), why="it is a text, and never empty"),
        "source": Leaf(
            (Text(Glob(("", None))),),
            "it is a text, and never empty",
            ((Text(starting("aws.")), "PutEvents refuses every source that begins with `aws.`, as AWS does"),),
        ),
        "account": account,
        "time": _TIME,
        "region": region,
        "resources": TEXTS,
        "detail": Object(more=ANYTHING),
    }
    return Object(keys, always=frozenset(keys) - {"resources", "detail"})


def _place_of(bus: str | None, aws: Settings) -> tuple[Leaf, Leaf]:
    """Account and region of the events of a bus. A region that is not written comes from the environment."""
    if isinstance(bus, Opaque):
        return TEXT, TEXT
    if bus is not None and bus.startswith("arn:"):
        parts = bus.split(":")
        return exactly(parts[4], why=f"the bus is of {parts[4]}"), exactly(parts[3], why=f"the bus is in {parts[3]}")
    account, region = aws.get("account_id") or DEFAULT_ACCOUNT, aws.get("region")
    where = "`aws.account_id`" if aws.get("account_id") else "`aws.account_id` is not written, so that it"
    known_account = TEXT if isinstance(account, Opaque) else exactly(account, why=f"{where} is {account}")
    known_region = TEXT if region is None or isinstance(region, Opaque) else exactly(region, why=f"`aws.region` is {region}")
    return known_account, known_region


# --- what destinations are sent -----------------------------------------------------------------------------------------

_RECORD: dict[str, Shape] = {
    "version": exactly("1.0"),
    "timestamp": TEXT,
    "requestContext": Object(
        {
            "requestId": TEXT,
            "functionArn": TEXT,
            "condition": exactly("Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"),
            "approximateInvokeCount": NUMBER,
        }
    ),
    "requestPayload": ANYTHING,
    "responseContext": Object({"statusCode": NUMBER, "executedVersion": TEXT, "functionError": TEXT}),
    "responsePayload": ANYTHING,
}
"""An invocation record (semantics/async.md §A.4)."""


def record_message(kind: str = "on_failure", scope: str = MESSAGE_BODY) -> Shape:
    """What a letter is as a message: an invocation record, or the event that failed (`dead_letter`), with its attributes."""
    if scope == MESSAGE_BODY:
        return Object(more=ANYTHING) if kind == "dead_letter" else Object(_RECORD)
    attributes = {"RequestID": TEXT, "ErrorCode": NUMBER, "ErrorMessage": TEXT}
    return Object(attributes if kind == "dead_letter" else {})


def record_event(kind: str, aws: Settings) -> Shape:
    """What a letter is as an event on a bus (semantics/async.md §A.4)."""
    result = "Success" if kind == "on_success" else "Failure"
    source = aws["destination_event_source"]
    keys: dict[str, Shape] = {
        "version": exactly("0"),
        "detail-type": exactly(f"Lambda Function Invocation Result - {result}"),
        "source": TEXT if isinstance(source, Opaque) else exactly(source),
        **dict.fromkeys(("id", "account", "time", "region"), TEXT),
        "resources": TEXTS,
        "detail": Object(_RECORD),
    }
    return Object(keys, always=frozenset(keys) - {"resources", "detail"})


# --- SQS and SNS -----------------------------------------------------------------------------------------------------


def queue_record(pattern: Settings, queue: str) -> Shape:
    """A message as `filters` of an SQS trigger see it: what they want under `body` says which bodies they are asked about."""
    arn = queue if queue.startswith("arn:") and not isinstance(queue, Opaque) else None
    wanted = pattern.get("body")
    body: Shape = ANYTHING if wanted is None else Object(more=ANYTHING) if isinstance(wanted, Mapping) else TEXT
    attribute: dict[str, Shape] = {
        **dict.fromkeys(("stringValue", "binaryValue", "dataType"), TEXT),
        **dict.fromkeys(("stringListValues", "binaryListValues"), TEXTS),
    }
    return Object(
        {
            "messageId": TEXT,
            "receiptHandle": TEXT,
            "body": body,
            "attributes": texts(),
            "messageAttributes": Object(more=Object(attribute)),
            "md5OfMessageAttributes": Either((TEXT, NULL)),
            "md5OfBody": TEXT,
            "eventSource": exactly("aws:sqs"),
            "eventSourceARN": exactly(arn) if arn is not None else TEXT,
            "awsRegion": exactly(arn.split(":")[3]) if arn is not None else TEXT,
        },
        always=frozenset({"messageId", "receiptHandle", "md5OfBody", "eventSource", "eventSourceARN", "awsRegion"}),
    )


def published(scope: str | None) -> Shape:
    """A message as filter policies see it (semantics/async.md §C.8)."""
    return Object(more=ANYTHING) if scope == MESSAGE_BODY else Object(more=Array(_SCALAR), refuses=_no_attribute)


def _no_attribute(name: str) -> str | None:
    return None if _ATTRIBUTE.fullmatch(name) else f"`{name}` cannot be the name of a message attribute"


def _notification(settings: Settings) -> Shape:
    """What SNS hands to a function: one record."""
    topics = [topic for topic in settings["topics"] if not isinstance(topic, Opaque)]
    known = exactly(*topics, why="it is one of `topics`") if len(topics) == len(settings["topics"]) else TEXT
    message: dict[str, Shape] = {
        "Type": exactly("Notification"),
        "TopicArn": known,
        "Subject": Either((TEXT, NULL)),
        "Message": Leaf(TEXT.kinds, "it is a text, also where it holds JSON: use `filter_policy` with the scope `MessageBody`"),
        "MessageAttributes": Object(more=Object({"Type": TEXT, "Value": TEXT})),
        **dict.fromkeys(("MessageId", "Timestamp", "SignatureVersion", "Signature", "SigningCertUrl", "UnsubscribeUrl"), TEXT),
    }
    record: dict[str, Shape] = {
        "EventSource": exactly("aws:sns"),
        "EventVersion": exactly("1.0"),
        "EventSubscriptionArn": TEXT,
        "Sns": Object(message),
    }
    return Object({"Records": Array(Object(record))})


# --- S3 and HTTP -----------------------------------------------------------------------------------------------------


def _change(settings: Settings) -> Shape:
    """One record of S3's. Members of other stores may stand anywhere in it."""
    name = Leaf(TEXT.kinds, "it is a text", ((Text(starting("s3:")), "events name it without `s3:`"),))
    buckets = settings.get("buckets") or ()
    is_known = buckets and not any(isinstance(each, Opaque) for each in buckets)
    bucket = exactly(*buckets, why="it is one of `buckets`") if is_known else TEXT
    about = Object({"bucket": Object({"name": bucket}, ANYTHING, refuses=_dotted)}, ANYTHING, refuses=_dotted)
    return Object({"Records": Array(Object({"eventName": name, "s3": about}, ANYTHING, refuses=_dotted))})


def _dotted(key: str) -> str | None:
    return "no member of a record has a dot in its name" if "." in key else None


def _lower_case(name: str) -> str | None:
    return None if name == name.lower() else f"the event has the header as `{name.lower()}`, in lower case"


_BODY = Leaf(TEXT.kinds, "it is a text, also where it holds JSON")
_REQUEST_2 = Object(
    {
        "version": exactly("2.0"),
        **dict.fromkeys(("routeKey", "rawPath", "rawQueryString"), TEXT),
        "cookies": TEXTS,
        "headers": texts(_lower_case),
        **dict.fromkeys(("queryStringParameters", "pathParameters", "stageVariables"), texts()),
        "requestContext": Object(more=ANYTHING),
        "body": _BODY,
        "isBase64Encoded": FLAG,
    }
)
_REQUEST_1 = Object(
    {
        "version": exactly("1.0"),
        **dict.fromkeys(("resource", "path", "httpMethod"), TEXT),
        **dict.fromkeys(("headers", "queryStringParameters", "pathParameters", "stageVariables"), Either((texts(), NULL))),
        **dict.fromkeys(("multiValueHeaders", "multiValueQueryStringParameters"), Either((Object(more=TEXTS), NULL))),
        "requestContext": Object(more=ANYTHING),
        "body": Either((_BODY, NULL)),
        "isBase64Encoded": FLAG,
    }
)


def _api_request(settings: Settings) -> Shape:
    return _REQUEST_2 if settings["api"] == "http" and (settings.get("payload") or "2.0") == "2.0" else _REQUEST_1


# --- schedules -------------------------------------------------------------------------------------------------------


def scheduled_event(aws: Settings) -> Shape:
    """What a function gets of a schedule without `input` (semantics/async.md §D.9)."""
    account, region = _place_of(None, aws)
    keys: dict[str, Shape] = {
        "version": exactly("0"),
        "id": TEXT,
        "detail-type": exactly("Scheduled Event"),
        "source": exactly("aws.events"),
        "account": account,
        "time": _TIME,
        "region": region,
        "resources": TEXTS,
        "detail": Object(),
    }
    return Object(keys, always=frozenset(keys) - {"resources", "detail"})


def constant(value: Any) -> Shape:
    """A value that is known whole; what holds a variable, or a placeholder of EventBridge Scheduler's, may be anything."""
    if isinstance(value, Opaque) or (isinstance(value, Mapping) and any(_PLACEHOLDER in str(key) for key in value)):
        return ANYTHING
    if isinstance(value, Mapping):
        keys = {str(key): constant(each) for key, each in value.items()}
        return Object(keys, always=frozenset(keys))
    if isinstance(value, (list, tuple)):
        return Array(Either(tuple(map(constant, value))))
    if isinstance(value, str):
        return TEXT if _PLACEHOLDER in value else text(literal(value), why=f"it is `{value}`")
    if value is None or isinstance(value, bool):
        return Leaf((Constant(value),), f"it is {'null' if value is None else str(value).lower()}")
    return NUMBER


def _scheduled(settings: Settings, aws: Settings) -> Shape:
    entries = settings["schedules"].values()
    inputs = [constant(each["input"]) for each in entries if each.get("input") is not None]
    return Either((*inputs, *([scheduled_event(aws)] if len(inputs) < len(entries) else [])))


_OF_TYPE: Mapping[str, Callable[[Settings, Settings], Shape]] = {
    "sns": lambda settings, aws: _notification(settings),
    "s3": lambda settings, aws: _change(settings),
    "api_gateway": lambda settings, aws: _api_request(settings),
    "function_url": lambda settings, aws: _REQUEST_2,
    "schedule": _scheduled,
}


def event_of(type: str, settings: Settings, aws: Settings) -> Shape:
    """What a function gets of a trigger, where its `filter:` looks; of types that take any event nothing is known."""
    known = _OF_TYPE.get(type)
    return ANYTHING if known is None else known(settings, aws)
