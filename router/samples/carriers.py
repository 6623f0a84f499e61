"""What a service's document travels in: its own request, a message of SNS, a message of a queue, or one inside the other.

`via` names the carriers from the inside out: `sns,sqs` is a message of SNS inside a message of SQS.
"""

from collections.abc import Callable
from typing import Any

from router.envelopes import Envelope, HttpEnvelope, QueueEnvelope
from router.samples import reading, sns, sqs
from router.samples.words import Chosen, Context, Option

CARRIERS = ("sns", "sqs")
PATHS = {"sns": "/hooks/sns"}


def read_via(*first: str) -> Callable[[Any], tuple[str, ...]]:
    """Reads carriers in an order that exists. `first`: what may stand before SNS and SQS."""
    order = (*first, *CARRIERS)

    def read(given: Any) -> tuple[str, ...]:
        via = tuple(each for each in reading.texts(given) if each)
        if [each for each in order if each in via] != [*via]:
            raise ValueError(
                f"`{','.join(via)}` cannot be: from the inside out some of {', '.join(f'`{each}`' for each in order)}"
            )
        return via

    return read


def options(path: str, *first: str) -> dict[str, Option]:
    """What can be chosen of carriers. `path`: where the document's own service posts."""
    words = ", ".join((*first, *CARRIERS))
    return {
        "via": Option(f"what carries it, from the inside out: {words}", read_via(*first), ()),
        "path": Option("the path that is posted to", reading.target_path, shown=f"{path}, through SNS {PATHS['sns']}"),
        "topic": Option("the topic that carries it", reading.text, "uploads"),
        "subscription": sns.SUBSCRIPTION,
        "raw_delivery": Option("whether SNS delivers raw, without its envelope", reading.flag, False),
        "queue": Option("the queue that carries it", reading.text, "uploads"),
        "group": Option("its message group in a FIFO queue", reading.text),
    }


def carry(
    text: str, chosen: Chosen, context: Context, post: Callable[[], HttpEnvelope], *, subject: str | None = None
) -> Envelope:
    """The outermost envelope. `post`: how the document's own service posts it."""
    via = [each for each in chosen["via"] if each in CARRIERS]
    if not via:
        return post()
    if "sns" not in via:
        one = sqs.message(text, context, group=chosen["group"])
    else:
        about = sns.published({**chosen, "subject": subject, "attributes": None}, context, text)
        if "sqs" not in via:
            path = chosen["path"] or PATHS["sns"]
            if chosen["raw_delivery"]:
                return sns.raw_over_http(about, path, context)
            return sns.over_http(sns.notification(about, context), about, path)
        one = sns.queued(about, context, is_raw=chosen["raw_delivery"], group=chosen["group"])
    return QueueEnvelope((one,), sqs.queue_arn(chosen["queue"], context))
