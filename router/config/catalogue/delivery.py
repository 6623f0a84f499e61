"""Rules of asynchronous delivery as a whole, and of settings that idle as the file stands."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_SEMANTICS = Tier.SEMANTICS
_LINT = Tier.LINT

_MANAGED = ORDERS.replace("orders: ", "orders:\n    arn: ") + "    async: {delivery: managed, SETTINGS}\n"
_BEAT = """\
triggers:
  beat:
    type: schedule
    invocation: async
    schedules:
      often: {expression: rate(5 minutes), function: orders}
monitoring: {cloudwatch: {}}
"""
_TOPIC = """\
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    subscriptions: {all: orders}
"""
_ASYNC_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"

RULES: tuple[Rule, ...] = (
    Rule(
        "retries-too-late",
        _SEMANTICS,
        Severity.WARNING,
        "Retries would come after the event has grown too old.",
        "Lambda looks ahead, and so does the router: a retry that is due after `max_event_age` ends the delivery at once."
        " Give the event more time, or ask for fewer or quicker retries.",
        bad=_MANAGED.replace("SETTINGS", "max_event_age: 5m, max_retries: 5") + _BEAT,
        at=(5, 47),
        good=_MANAGED.replace("SETTINGS", "max_event_age: 1h, max_retries: 5") + _BEAT,
        source=_ASYNC_PAGE,
    ),
    Rule(
        "retries-cut-off",
        _LINT,
        Severity.INFO,
        "An event is given up before Lambda's usual two retries.",
        "They come after one minute and after two more. A `max_event_age` of less leaves them out; `max_retries: 0` says so.",
        bad=_MANAGED.replace("SETTINGS", "max_event_age: 1m") + _BEAT,
        at=(5, 47),
        good=_MANAGED.replace("SETTINGS", "max_event_age: 1m, max_retries: 0") + _BEAT,
        source=_ASYNC_PAGE,
    ),
    Rule(
        "same-destination",
        _SEMANTICS,
        Severity.WARNING,
        "Destination and dead-letter queue are the same, so that each failure comes twice.",
        "`on_failure` gets the record of the invocation, `dead_letter` the event as it was: two different messages for whoever"
        " reads that queue.",
        bad=_MANAGED.replace("SETTINGS", "on_failure: sqs:failed, dead_letter: sqs:failed") + _BEAT,
        at=(5, 69),
        good=_MANAGED.replace("SETTINGS", "on_failure: sqs:failed, dead_letter: sqs:letters") + _BEAT,
        source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    Rule(
        "short-window",
        _SEMANTICS,
        Severity.WARNING,
        "The journal forgets an event while its sender may still repeat it.",
        "Where an answer is lost on the way, SNS sends the message again, with the same id. As long as that is known, the event"
        " is accepted once.",
        bad=ORDERS + _TOPIC + "journal: {deduplication_window: 10s}\n",
        at=(11, 33),
        good=ORDERS + _TOPIC + "journal: {deduplication_window: 1h}\n",
        source="https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html",
    ),
    Rule(
        "refuses-messages",
        _SEMANTICS,
        Severity.WARNING,
        "A listener refuses messages that their sender may send.",
        "SNS and EventBridge send a message whole. One that is refused for its length is not sent again: it is lost, or ends in"
        " the sender's own dead-letter queue. Let `max_body` be as large as their messages.",
        bad=ORDERS + _TOPIC + "listeners: {main: {address: 127.0.0.1:8080, max_body: 64KiB}}\n",
        at=(11, 55),
        good=ORDERS + _TOPIC + "listeners: {main: {address: 127.0.0.1:8080, max_body: 1MiB}}\n",
        source="https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html",
    ),
    Rule(
        "idle-limit",
        _LINT,
        Severity.INFO,
        "A listener's bound for bodies lies above what its front doors take.",
        "Every front door has the limit of its AWS counterpart, and refuses more. A bound above all of them bounds nothing.",
        bad=ORDERS + API + "listeners: {main: {address: 127.0.0.1:8080, max_body: 1GiB}}\n",
        at=(6, 55),
        good=ORDERS + API + "listeners: {main: {address: 127.0.0.1:8080, max_body: 6MiB}}\n",
        source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    ),
    Rule(
        "idle-setting",
        _LINT,
        Severity.WARNING,
        "A setting does nothing as the file stands.",
        "Another file may need it, laid over this one, or another command. In this file alone it can be removed.",
        bad=ORDERS + API + "aws: {endpoints: {sqs: http://127.0.0.1:4566}}\n",
        at=(6, 19),
        good=ORDERS + API + "aws: {endpoints: {lambda: http://127.0.0.1:4566}}\n",
    ),
)
