"""Rules of what nobody waits for: EventBridge, schedules, S3, SNS, SQS, activities."""

from router.config.catalogue.rule import ORDERS, Rule, Tier
from router.config.problem import Severity

_TIER = Tier.SEMANTICS

_BUS = """\
triggers:
  bus:
    type: eventbridge
    invocation: async
    rules:
      paid:
        pattern: {source: [shop]}
        function: orders
"""
_SCHEDULE = """\
triggers:
  nightly:
    type: schedule
    invocation: async
    schedules:
      report: {expression: "cron(0 2 * * ? *)", function: orders}
"""
_BUCKET = """\
triggers:
  uploads:
    type: s3
    invocation: async
    source: {sqs: uploads}
    notifications:
      images: {events: "s3:ObjectCreated:*", prefix: images/, function: orders}
"""
_TOPIC = """\
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    subscriptions:
      all: {function: orders, filter_policy: {severity: [high]}}
"""
_QUEUE = """\
triggers:
  queue:
    type: sqs
    invocation: async
    queue: jobs
    function: orders
"""
_ACTIVITY = """\
triggers:
  worker:
    type: step_functions
    invocation: sync
    activity: arn:aws:states:eu-west-1:111122223333:activity:orders
    heartbeat: 30s
    function: orders
"""
_MAPPING_PAGE = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"
_TRANSFORM_PAGE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"
_SCHEDULE_PAGE = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"

RULES: tuple[Rule, ...] = (
    Rule(
        "no-pattern",
        _TIER,
        Severity.ERROR,
        "A rule of an event bus has no pattern.",
        'Which events are meant? For every event, write `pattern: {source: [{prefix: ""}]}`.',
        bad=ORDERS + _BUS.replace("        pattern: {source: [shop]}\n", ""),
        at=(9, 7),
        good=ORDERS + _BUS,
    ),
    Rule(
        "never-matches",
        Tier.LINT,
        Severity.WARNING,
        "No event can fit the pattern of a rule.",
        "Its function would never be invoked. Mostly a field stands at the wrong level: what the sender writes is in `detail`.",
        bad=ORDERS + _BUS.replace("{source: [shop]}", "{total: [1]}"),
        at=(10, 19),
        good=ORDERS + _BUS.replace("{source: [shop]}", "{detail: {total: [1]}}"),
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html",
    ),
    Rule(
        "bad-size",
        _TIER,
        Severity.ERROR,
        "An event bus would take requests whose events Lambda does not take.",
        "An asynchronous event has at most 1 MiB.",
        bad=ORDERS + _BUS + "    max_request_size: 2MiB\n",
        at=(12, 23),
        good=ORDERS + _BUS + "    max_request_size: 1MiB\n",
        source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    ),
    Rule(
        "one-input",
        _TIER,
        Severity.ERROR,
        "A target has more than one of `input`, `input_path` and `input_transformer`.",
        "Each of them says what the function gets; the message is AWS's own.",
        bad=ORDERS + _BUS + "        input_path: $.detail\n        input: {kind: paid}\n",
        at=(12, 9),
        good=ORDERS + _BUS + "        input_path: $.detail\n",
        source="https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html",
    ),
    Rule(
        "bad-path",
        _TIER,
        Severity.ERROR,
        "What should name a part of an event is no JSON path.",
        "EventBridge takes `$`, names with dots before them, and indexes in brackets.",
        bad=ORDERS + _BUS + "        input_path: detail.order\n",
        at=(12, 21),
        good=ORDERS + _BUS + "        input_path: $.detail.order\n",
        source=_TRANSFORM_PAGE,
    ),
    Rule(
        "bad-template",
        _TIER,
        Severity.ERROR,
        "The template of an input transformer cannot become JSON, or uses what is not declared.",
        "The function would never be invoked.",
        bad=ORDERS + _BUS + "        input_transformer: {paths: {order: $.detail.order}, template: '{\"order\": <oder>}'}\n",
        at=(12, 71),
        good=ORDERS + _BUS + "        input_transformer: {paths: {order: $.detail.order}, template: '{\"order\": <order>}'}\n",
        source=_TRANSFORM_PAGE,
    ),
    Rule(
        "unused-variable",
        Tier.LINT,
        Severity.WARNING,
        "An input transformer reads a variable that its template does not use.",
        "It is left over, or misspelt in the template.",
        bad=ORDERS
        + _BUS
        + "        input_transformer: {paths: {order: $.detail.order, who: $.account}, template: '{\"order\": <order>}'}\n",
        at=(12, 60),
        good=ORDERS + _BUS + "        input_transformer: {paths: {order: $.detail.order}, template: '{\"order\": <order>}'}\n",
        source=_TRANSFORM_PAGE,
    ),
    Rule(
        "bad-expression",
        _TIER,
        Severity.ERROR,
        "A schedule's expression cannot be read.",
        "There are `rate(5 minutes)`, `cron(minutes hours day-of-month month day-of-week year)` and `at(2030-01-01T00:00:00)`;"
        " in `cron`, one of the two days is `?`.",
        bad=ORDERS + _SCHEDULE.replace("cron(0 2 * * ? *)", "cron(0 2 * * *)"),
        at=(9, 28),
        good=ORDERS + _SCHEDULE,
        source=_SCHEDULE_PAGE,
    ),
    Rule(
        "never-fires",
        _TIER,
        Severity.ERROR,
        "A schedule is never due.",
        "No calendar has such a day.",
        bad=ORDERS + _SCHEDULE.replace("cron(0 2 * * ? *)", "cron(0 2 31 2 ? *)"),
        at=(9, 28),
        good=ORDERS + _SCHEDULE.replace("cron(0 2 * * ? *)", "cron(0 2 L 2 ? *)"),
        source=_SCHEDULE_PAGE,
    ),
    Rule(
        "in-the-past",
        Tier.LINT,
        Severity.WARNING,
        "A schedule will not be due any more.",
        "Its time lies in the past. Remove it, or write another one.",
        bad=ORDERS + _SCHEDULE.replace("cron(0 2 * * ? *)", "at(2020-02-29T12:00:00)"),
        at=(9, 28),
        good=ORDERS + _SCHEDULE,
        now=1_800_000_000.0,
        source=_SCHEDULE_PAGE,
    ),
    Rule(
        "unknown-time-zone",
        _TIER,
        Severity.ERROR,
        "A schedule's time zone is not in the IANA database.",
        "Abbreviations such as `CEST` mean different times in different countries: write a place.",
        bad=ORDERS + _SCHEDULE + "    timezone: Europe/Munich\n",
        at=(10, 15),
        good=ORDERS + _SCHEDULE + "    timezone: Europe/Berlin\n",
        source="https://www.iana.org/time-zones",
    ),
    Rule(
        "unknown-attribute",
        _TIER,
        Severity.ERROR,
        "A schedule's input asks for an attribute that the scheduler does not have.",
        "The function would get the text as it stands.",
        bad=ORDERS + _SCHEDULE.replace("function:", "input: {at: <aws.scheduler.time>}, function:"),
        at=(9, 49),
        good=ORDERS + _SCHEDULE.replace("function:", "input: {at: <aws.scheduler.scheduled-time>}, function:"),
        source="https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html",
    ),
    Rule(
        "event-too-large",
        _TIER,
        Severity.ERROR,
        "The input of a schedule is larger than an event may be.",
        "Lambda takes 1 MiB of an asynchronous event.",
        bad=ORDERS + _SCHEDULE.replace("function:", "input: '…a million characters…', function:"),
        at=(9, 56),
        good=ORDERS + _SCHEDULE.replace("function:", "input: 'few characters', function:"),
        data=lambda: (ORDERS + _SCHEDULE.replace("function:", f"input: {'x' * 1_100_000}, function:")).encode(),
        source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    ),
    Rule(
        "one-source",
        _TIER,
        Severity.ERROR,
        "An S3 trigger has two sources, or none.",
        "Notifications come to a path (`http`) or into a queue (`sqs`).",
        bad=ORDERS + _BUCKET.replace("{sqs: uploads}", "{sender: minio}"),
        at=(8, 5),
        good=ORDERS + _BUCKET,
    ),
    Rule(
        "unknown-event",
        _TIER,
        Severity.ERROR,
        "An event type is none that the sender of the notifications has.",
        "Nothing would ever match. Stores that speak S3's language have types of their own.",
        bad=ORDERS + _BUCKET.replace("ObjectCreated:*", "ObjectCreate:*"),
        at=(10, 24),
        good=ORDERS + _BUCKET,
        source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html",
    ),
    Rule(
        "bad-escape",
        _TIER,
        Severity.ERROR,
        "A prefix or suffix of an object's key has a `%` that begins no escape.",
        "Keys are compared URL-encoded, as in AWS: a percent sign is written `%25`.",
        bad=ORDERS + _BUCKET.replace("images/", "100%/"),
        at=(10, 54),
        good=ORDERS + _BUCKET.replace("images/", "100%25/"),
        source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html",
    ),
    Rule(
        "fifo-topic",
        _TIER,
        Severity.ERROR,
        "A FIFO topic should deliver over HTTP.",
        "FIFO topics deliver to queues alone: subscribe one, and write `source: {sqs: …}`.",
        bad=ORDERS + _TOPIC.replace(":alerts]", ":alerts.fifo]"),
        at=(9, 14),
        good=ORDERS + _TOPIC,
        source="https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html",
    ),
    Rule(
        "bad-filter-policy",
        _TIER,
        Severity.ERROR,
        "SNS would refuse a filter policy.",
        "The message says why.",
        bad=ORDERS + _TOPIC.replace("[high]", "[{like: high}]"),
        at=(11, 58),
        good=ORDERS + _TOPIC,
        source="https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html",
    ),
    Rule(
        "bad-filter",
        _TIER,
        Severity.ERROR,
        "Lambda would refuse a filter of an event source mapping.",
        "The message is AWS's own. Leaves of a pattern are lists.",
        bad=ORDERS + _QUEUE + "    filters: [{body: {kind: resize}}]\n",
        at=(10, 29),
        good=ORDERS + _QUEUE + "    filters: [{body: {kind: [resize]}}]\n",
        source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html",
    ),
    Rule(
        "filter-too-large",
        _TIER,
        Severity.ERROR,
        "A filter of an event source mapping has more than 4,096 characters.",
        "Lambda takes no longer one. Several filters are alternatives: split it.",
        bad=ORDERS + _QUEUE + "    filters: [{body: {kind: […hundreds of kinds…]}}]\n",
        at=(10, 15),
        good=ORDERS + _QUEUE + "    filters: [{body: {kind: [resize]}}]\n",
        data=lambda: (ORDERS + _QUEUE + f"    filters: [{{body: {{kind: [{'x' * 4096}]}}}}]\n").encode(),
        source=_MAPPING_PAGE,
    ),
    Rule(
        "bad-window",
        _TIER,
        Severity.ERROR,
        "The batching window of a queue is longer than 5 minutes.",
        "Lambda takes at most 300 seconds.",
        bad=ORDERS + _QUEUE + "    batching_window: 10m\n",
        at=(10, 22),
        good=ORDERS + _QUEUE + "    batching_window: 5m\n",
        source=_MAPPING_PAGE,
    ),
    Rule(
        "no-window",
        _TIER,
        Severity.ERROR,
        "A batch may have more than 10 messages, and there is no batching window.",
        "One answer of SQS has at most 10 messages, so that more of them have to be waited for: at least 1 second.",
        bad=ORDERS + _QUEUE + "    batch_size: 100\n",
        at=(10, 17),
        good=ORDERS + _QUEUE + "    batch_size: 100\n    batching_window: 1s\n",
        source=_MAPPING_PAGE,
    ),
    Rule(
        "bad-batch-size",
        _TIER,
        Severity.ERROR,
        "A batch of a FIFO queue may have more than 10 messages.",
        "Lambda takes at most 10 of a FIFO queue.",
        bad=ORDERS + _QUEUE.replace("jobs", "jobs.fifo") + "    batch_size: 100\n",
        at=(10, 17),
        good=ORDERS + _QUEUE.replace("jobs", "jobs.fifo") + "    batch_size: 10\n",
        source=_MAPPING_PAGE,
    ),
    Rule(
        "fifo-window",
        _TIER,
        Severity.ERROR,
        "A FIFO queue has a batching window.",
        "Lambda refuses it.",
        bad=ORDERS + _QUEUE.replace("jobs", "jobs.fifo") + "    batching_window: 1s\n",
        at=(10, 5),
        good=ORDERS + _QUEUE.replace("jobs", "jobs.fifo"),
        source=_MAPPING_PAGE,
    ),
    Rule(
        "bad-heartbeat",
        _TIER,
        Severity.ERROR,
        "The heartbeat of an activity is less than 1 second.",
        "Step Functions counts it in whole seconds.",
        bad=ORDERS + _ACTIVITY.replace("30s", "500ms"),
        at=(9, 16),
        good=ORDERS + _ACTIVITY,
        source="https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html",
    ),
)
