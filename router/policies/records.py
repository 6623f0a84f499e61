"""What destinations and dead-letter queues are told: the invocation record and the event that failed, byte for byte AWS's.

Source: semantics/async.md §A.4 and §A.5. The event and the function's answer are embedded as they came; what is not JSON
becomes a JSON string.
"""

import re
import time
from typing import Any

from router import jsontext
from router.arn import FunctionArn
from router.deliveries import Attempt, Condition, Delivery, Letter
from router.functions import DestinationAddress
from router.outcome import Outcome, OutcomeKind
from router.policies.lineage import with_hops

_DETAIL_TYPE = "Lambda Function Invocation Result - {}"
_MESSAGE_BYTES = 1024
_LATEST = "$LATEST"
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that SQS and SNS do not take."""
_NO_ANSWER = (500, "The function could not be reached, or its answer was lost.")
_ZERO = (429, "Rate Exceeded.")


def response_of(outcome: Outcome) -> dict[str, Any] | None:
    """What a delivery keeps of a function's answer; None where the function gave none."""
    if outcome.kind not in (OutcomeKind.OK, OutcomeKind.FUNCTION_ERROR):
        return None
    return {
        "statusCode": outcome.status or 200,
        "executedVersion": outcome.executed_version or _LATEST,
        "functionError": outcome.function_error if outcome.kind is OutcomeKind.FUNCTION_ERROR else None,
        "payload": outcome.payload.decode("utf-8", "replace"),
    }


def record(delivery: Delivery, arn: FunctionArn, now: float) -> bytes:
    """The invocation record, keys in AWS's order. `arn`: of the function; it is given the delivery's qualifier."""
    assert delivery.condition is not None
    context = {
        "requestId": delivery.id,
        "functionArn": qualified_arn(delivery, arn),
        "condition": delivery.condition.value,
        "approximateInvokeCount": delivery.invoke_count,
    }
    members = [
        b'"version":"1.0"',
        b'"timestamp":' + jsontext.dumps(_timestamp(now)),
        b'"requestContext":' + jsontext.dumps(context),
        b'"requestPayload":' + _embedded(delivery.payload),
    ]
    response = delivery.response
    if response is not None:
        told = {name: response[name] for name in ("statusCode", "executedVersion", "functionError")}
        said = {name: value for name, value in told.items() if value is not None}
        members.append(b'"responseContext":' + jsontext.dumps(said))
        members.append(b'"responsePayload":' + _embedded(str(response["payload"]).encode()))
    return b"{" + b",".join(members) + b"}"


def record_letter(delivery: Delivery, arn: FunctionArn, address: DestinationAddress, now: float) -> Letter:
    """The invocation record in the form of its destination."""
    success = delivery.condition is Condition.SUCCESS
    letter = Letter(record(delivery, arn, now), passed_on(delivery))
    if address.service == "events":
        letter.detail_type = _DETAIL_TYPE.format("Success" if success else "Failure")
        letter.resources = (address.arn, qualified_arn(delivery, arn))
    elif address.service == "s3":
        letter.key = object_key(delivery, arn, now)
    return letter


def dead_letter(delivery: Delivery) -> Letter:
    """The event unchanged, for a function-level dead-letter queue."""
    code, message = _cause(delivery)
    text = _UNFIT.sub("\ufffd", message) or (delivery.condition or Condition.REFUSED).value
    attributes = (
        ("RequestID", "String", delivery.id),
        ("ErrorCode", "Number", str(code)),
        ("ErrorMessage", "String", text.encode()[:_MESSAGE_BYTES].decode(errors="ignore")),
    )
    return Letter(delivery.payload, passed_on(delivery), attributes)


def object_key(delivery: Delivery, arn: FunctionArn, now: float) -> str:
    """`aws/lambda/async/<function>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<UUID>`; the UUID is the delivery's."""
    moment = time.gmtime(now)
    day = time.strftime("%Y/%m/%d", moment)
    return f"aws/lambda/async/{arn.name}/{day}/{time.strftime('%Y-%m-%dT%H.%M.%S', moment)}-{delivery.id}"


def qualified_arn(delivery: Delivery, arn: FunctionArn) -> str:
    """The function's ARN, which always has a qualifier here."""
    return str(arn.qualified(delivery.qualifier or _LATEST))


def passed_on(delivery: Delivery) -> str:
    """The trace header for what comes after this function."""
    return with_hops(delivery.trace_id, delivery.hops + 1)


def _cause(delivery: Delivery) -> tuple[int, str]:
    """ErrorCode and ErrorMessage: 200 and the function's own words for a function that failed."""
    response = delivery.response
    if response is not None and response["functionError"]:
        return 200, _error_message(str(response["payload"]))
    last: Attempt | None = delivery.attempts[-1] if delivery.attempts else None
    if last is None:
        return _ZERO if delivery.condition is Condition.ZERO_RESERVED_CONCURRENCY else (_NO_ANSWER[0], delivery.detail)
    return last.status or _NO_ANSWER[0], last.message or delivery.detail or _NO_ANSWER[1]


def _error_message(payload: str) -> str:
    try:
        error = jsontext.loads(payload)
    except ValueError:
        return payload
    message = error.get("errorMessage") if isinstance(error, dict) else None
    return message if isinstance(message, str) else payload


def _embedded(payload: bytes) -> bytes:
    if not payload:
        return b"null"
    try:
        jsontext.check(payload)
    except ValueError:
        return jsontext.dumps(payload.decode("utf-8", "replace"))
    return payload.strip()


def _timestamp(now: float) -> str:
    milliseconds = round(now * 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(milliseconds // 1000))}.{milliseconds % 1000:03d}Z"
