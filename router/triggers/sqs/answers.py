"""What a function's result says of the messages that it was given: ReportBatchItemFailures.

Every malformed answer fails the whole batch: taking one for success would delete messages that nobody worked on.
Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html and semantics/async.md §B.4.
"""

from collections.abc import Collection
from typing import Any

from router import jsontext


class BadReport(ValueError):
    """The answer is none that ReportBatchItemFailures knows; every message of the batch failed."""


def failed_items(payload: bytes, message_ids: Collection[str]) -> frozenset[str]:
    """The message ids that the function reports as failed. Raises `BadReport` where all of them did."""
    if not payload:
        return frozenset()
    try:
        answer = jsontext.loads(payload)
    except ValueError as error:
        raise BadReport(f"the function's answer is not JSON: {error}") from error
    if answer is None:
        return frozenset()
    if not isinstance(answer, dict):
        raise BadReport("the function's answer is not a JSON object")
    failures = answer.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        raise BadReport("batchItemFailures is not a list")
    return frozenset(_identifier(item, message_ids) for item in failures)


def _identifier(item: Any, message_ids: Collection[str]) -> str:
    identifier = item.get("itemIdentifier") if isinstance(item, dict) else None
    if not isinstance(identifier, str) or not identifier:
        raise BadReport("an item of batchItemFailures has no itemIdentifier")
    if identifier not in message_ids:
        raise BadReport("an itemIdentifier names no message of the batch")
    return identifier
