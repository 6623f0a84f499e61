"""What SNS is told. A 4xx is final to SNS: the message goes to the subscription's dead-letter queue, or is lost.

So a 4xx is what can never become right, and all trouble of the router's own is a 5xx, which SNS repeats; being over a limit is
503, because how SNS takes a 429 is not documented. Reasons stand in the body, where SNS's delivery status logs show them to the
owner of the topic.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html and semantics/async.md §C.5.
"""

from router import jsontext
from router.errors import RequestError
from router.model import Headers, Reply
from router.triggers._auth import challenge
from router.triggers._refusals import error_note
from router.triggers.sns.proof import NotBelieved

_STATUS = {
    "bad_request": 400,
    "incomplete_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "method_not_allowed": 405,
    "request_too_large": 413,
    "unavailable": 503,
    "fetch_failed": 503,
}
"""By the error's name; every other one is a 500."""

_WORDS = {401: "Unauthorized", 403: "Forbidden", 500: "Internal Server Error", 503: "Service Unavailable"}
"""In place of a reason that only the log may know; of a 403 that is what `auth` has to say."""


class MethodNotAllowed(RequestError):
    """SNS posts."""

    name = "method_not_allowed"


def refusal(error: RequestError) -> Reply:
    """The answer to a message that is not taken."""
    status = _STATUS.get(error.name, 500)
    headers: Headers = [("Content-Type", "application/json"), *challenge(error, status)]
    if status == 405:
        headers.append(("Allow", "POST"))
    told = isinstance(error, NotBelieved) or status not in _WORDS
    body = jsontext.dumps({"message": str(error) if told else _WORDS[status]})
    return Reply(status, headers, body, error_note(error))
