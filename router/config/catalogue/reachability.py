"""Rules about what can never happen, what takes another's place, and what goes in circles."""

from router.config.catalogue.rule import ORDERS, Rule, Tier
from router.config.problem import Severity

_TIER = Tier.LINT

_BUS = """\
triggers:
  bus:
    type: eventbridge
    invocation: async
    rules:
      paid: {function: orders, pattern: {source: [shop]}}
"""
_QUEUE = """\
triggers:
  jobs:
    type: sqs
    invocation: async
    queue: jobs
    function: orders
    filters: [{body: {kind: [resize]}}]
"""
_API = """\
triggers:
  shop:
    type: api_gateway
    api: http
    invocation: sync
    routes:
      ANY /{proxy+}: orders
      ANY /: orders
"""
_TWO_QUEUES = """\
triggers:
  jobs: {type: sqs, invocation: async, queue: jobs, function: orders}
  more: {type: sqs, invocation: async, queue: jobs, function: orders}
"""
_POOLS = """\
triggers:
  customers:
    type: cognito
    invocation: sync
    path: /cognito/customers
    user_pool: eu-west-1_Customers
    operations: {PreSignUp: orders}
  partners:
    type: cognito
    invocation: sync
    path: /cognito/partners
    user_pool: eu-west-1_Customers
    operations: {PreSignUp: orders}
"""
_BUCKET = """\
  archive: arn:aws:lambda:eu-west-1:111122223333:function:archive
triggers:
  uploads:
    type: s3
    invocation: async
    source: {sqs: uploads}
    notifications:
      images: {events: "s3:ObjectCreated:*", prefix: images/, function: orders}
      all: {events: "s3:ObjectCreated:Put", function: archive}
"""
_HOOK = """\
triggers:
  api: {type: api_gateway, api: http, invocation: sync, routes: {POST /hooks/orders: orders}}
  task: {type: step_functions, invocation: sync, path: /hooks/orders, function: orders}
"""
_LISTENERS = """\
listeners: {public: "127.0.0.1:8080", internal: "127.0.0.1:8081"}
triggers:
  url: {type: function_url, invocation: sync, listener: public, function: orders}
"""
_OFF = """\
defaults: {sqs: {batch_size: 5}}
triggers:
  jobs: {type: sqs, invocation: async, queue: jobs, function: orders, enabled: false}
"""
_LOCAL = """\
version: 1
functions:
  orders:
    local: {command: ./bootstrap, code: .}
    async: {on_failure: "function:orders"}
triggers:
  url: {type: function_url, invocation: async, function: orders}
"""
_FED = (
    _LOCAL.replace("function:orders", "sqs:failed")
    + "  failed: {type: sqs, invocation: async, queue: failed, function: orders}\n"
)
_SCHEDULE = """\
triggers:
  nightly:
    type: schedule
    invocation: async
    timezone: Europe/Berlin
    schedules:
      report: {expression: "cron(30 2 31 * ? *)", function: orders}
"""
_PATTERN_PAGE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"
_FILTER_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html"

RULES: tuple[Rule, ...] = (
    Rule(
        "loses-messages",
        _TIER,
        Severity.ERROR,
        "No message can fit any filter of a queue.",
        "A message that fits no filter is deleted, so that all of them would be lost without an invocation. What a filter can"
        " ask about stands under `body`; a message has no other fields of its own.",
        bad=ORDERS + _QUEUE.replace("{body: {kind: [resize]}}", "{kind: [resize]}"),
        at=(10, 5),
        good=ORDERS + _QUEUE,
        source=_FILTER_PAGE,
    ),
    Rule(
        "replaced-field",
        _TIER,
        Severity.WARNING,
        "A pattern has one field twice, and only the last one counts.",
        "Keys are joined with dots to paths, and of one path that comes twice, nested or beside an `$or`, the last list takes"
        " the place of the others, as in AWS. Say both in one list, or the one in each branch of the `$or`.",
        bad=ORDERS + _BUS.replace("{source: [shop]}", "{detail: {total: [{numeric: ['>', 0]}]}, detail.total: [1]}"),
        at=(9, 51),
        good=ORDERS + _BUS.replace("{source: [shop]}", "{detail: {total: [{numeric: ['>', 0, '<=', 1]}]}}"),
        source=_PATTERN_PAGE,
    ),
    Rule(
        "matches-everything",
        _TIER,
        Severity.WARNING,
        "A list of match values leaves nothing out.",
        "The values of a list are alternatives: not `a`, or not `b`, is anything at all, and so is more than 5, or less than"
        ' 10. What is excluded stands in one `{"anything-but": [a, b]}`, between is one `{"numeric": [">", 5, "<", 10]}`.',
        bad=ORDERS + _BUS.replace("{source: [shop]}", "{source: [{anything-but: shop}, {anything-but: test}]}"),
        at=(9, 42),
        good=ORDERS + _BUS.replace("{source: [shop]}", "{source: [{anything-but: [shop, test]}]}"),
        source=_PATTERN_PAGE,
    ),
    Rule(
        "repeated-value",
        _TIER,
        Severity.INFO,
        "A match value, or a branch of an `$or`, takes nothing that another one would not take.",
        "It does no harm, and says less than it seems to: remove it, or mend the one that takes too much.",
        bad=ORDERS + _BUS.replace("[shop]", "[shop.orders, {prefix: shop.}]"),
        at=(9, 51),
        good=ORDERS + _BUS.replace("[shop]", "[{prefix: shop.}]"),
        source=_PATTERN_PAGE,
    ),
    Rule(
        "idle-default",
        _TIER,
        Severity.INFO,
        "No request is left for a default.",
        "A rule or routes take everything, so that the default action of a load balancer, or the `$default` of an HTTP API,"
        " waits for nothing. AWS wants a default action on every listener; here it may be left out.",
        bad=ORDERS + _API + "      $default: orders\n",
        at=(12, 7),
        good=ORDERS + _API,
        source="https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html",
    ),
    Rule(
        "same-source",
        _TIER,
        Severity.WARNING,
        "Two triggers poll the same queue or activity.",
        "Each message goes to one of them, whichever asks first, and what the filters of the one do not want is deleted before"
        " the other sees it. Let one trigger poll; for two functions, subscribe two queues to a topic.",
        bad=ORDERS + _TWO_QUEUES,
        at=(6, 47),
        good=ORDERS
        + _TWO_QUEUES.replace(
            "more: {type: sqs, invocation: async, queue: jobs", "more: {type: sqs, invocation: async, queue: more"
        ),
        source=_FILTER_PAGE,
    ),
    Rule(
        "same-operation",
        _TIER,
        Severity.WARNING,
        "A user pool has two functions for one of its triggers.",
        "A pool calls one function for each trigger, so that one of these is never called, whichever path the sender knows.",
        bad=ORDERS + _POOLS,
        at=(16, 18),
        good=ORDERS
        + _POOLS.replace("partners\n    user_pool: eu-west-1_Customers", "partners\n    user_pool: eu-west-1_Partners"),
        source="https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html",
    ),
    Rule(
        "delivered-twice",
        _TIER,
        Severity.WARNING,
        "A function gets the same event twice.",
        "Two rules, subscriptions, notifications or schedules call one function in the same way (qualifier, weights, input),"
        " and what fits the one fits the other, too.",
        bad=ORDERS + _BUS + "      all: {function: orders, pattern: {source: [{prefix: ''}]}}\n",
        at=(9, 7),
        good=ORDERS + _BUS + "      all: {function: orders, pattern: {source: [{anything-but: shop}]}}\n",
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html",
    ),
    Rule(
        "overlapping-notifications",
        _TIER,
        Severity.WARNING,
        "Two notifications overlap in event type, prefix and suffix.",
        "S3 refuses such a configuration, so that it could not be moved there; here both functions get the event.",
        bad=ORDERS + _BUCKET,
        at=(11, 7),
        good=ORDERS + _BUCKET.replace('Put", function', 'Put", prefix: films/, function'),
        source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html",
    ),
    Rule(
        "hidden-route",
        _TIER,
        Severity.WARNING,
        "All requests of a route go to a webhook or an AWS API on the same listener.",
        "An exact path goes before AWS's APIs, and those before every API, load balancer and site, whatever host is asked for.",
        bad=ORDERS + _HOOK,
        at=(5, 66),
        good=ORDERS + _HOOK.replace("path: /hooks/orders", "path: /tasks/orders"),
        source="docs/configuration.md",
    ),
    Rule(
        "unused-listener",
        _TIER,
        Severity.WARNING,
        "No trigger stands on a listener.",
        "It would be opened, and answer 404 to everything. Triggers that poll, and schedules, need none.",
        bad=ORDERS + _LISTENERS,
        at=(4, 39),
        good=ORDERS + _LISTENERS.replace(', internal: "127.0.0.1:8081"', ""),
    ),
    Rule(
        "idle-defaults",
        _TIER,
        Severity.INFO,
        "Every trigger of a type that has defaults is off.",
        "The defaults have no effect until one of them is enabled again.",
        bad=ORDERS + _OFF,
        at=(4, 12),
        good=ORDERS + _OFF.replace(", enabled: false", ""),
    ),
    Rule(
        "loop",
        _TIER,
        Severity.WARNING,
        "A destination sends in circles.",
        "What is told about a function's events leads back to that function, so that each failure (or each success) makes"
        " another event, until the router ends the chain after 16 functions. A function that a trigger or `defaults:` names as"
        " a destination has that destination itself, too. Send it where none of these functions is called from.",
        bad=_LOCAL,
        at=(5, 25),
        good=_LOCAL.replace("function:orders", "sqs:failed"),
        source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html",
    ),
    Rule(
        "fed-back",
        _TIER,
        Severity.INFO,
        "A function gets the letters about its own events out of a queue.",
        "The destination of its events is a queue that an `sqs` trigger reads for the same function. There it ends, since a"
        " queue has its own redrive policy; but the function must tell its letters from its events.",
        bad=_FED,
        at=(5, 25),
        good=_FED.replace("queue: failed", "queue: jobs"),
        source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    Rule(
        "short-months",
        _TIER,
        Severity.INFO,
        "A schedule is left out in months that are too short.",
        "The 31st is missing in five months of the year, the 30th and mostly the 29th in February. `L` is the last day of every"
        " month, `LW` its last working day.",
        bad=ORDERS + _SCHEDULE,
        at=(10, 28),
        good=ORDERS + _SCHEDULE.replace("31 *", "L *"),
        source="https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
    ),
    Rule(
        "skipped-hour",
        _TIER,
        Severity.INFO,
        "A schedule is left out on the day that clocks are put forward.",
        "Its times lie in the hour that this day does not have in its time zone; EventBridge Scheduler leaves them out, too."
        " Choose another hour, or `timezone: UTC`.",
        bad=ORDERS + _SCHEDULE.replace("31 *", "* *"),
        at=(10, 28),
        good=ORDERS + _SCHEDULE.replace("30 2 31 *", "30 3 * *"),
        now=1_790_000_000.0,
        source="https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
    ),
)
