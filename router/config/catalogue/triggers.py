"""Rules that hold for triggers of several types: how they are invoked, what they claim, settings that would do nothing."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_TIER = Tier.SEMANTICS

_LOCAL = """\
version: 1
functions:
  orders:
    local: {runtime: python, handler: app.handler, code: src}
"""
_QUEUE = """\
triggers:
  queue:
    type: sqs
    invocation: async
    queue: jobs
    function: orders
"""
_TASK = """\
triggers:
  task:
    type: step_functions
    invocation: sync
    FORM
    function: orders
"""
_HOOK = """\
triggers:
  hook:
    type: function_url
    invocation: async
    function: orders
    async: ASYNC
"""
_CODE = {"src/app.py": ""}

RULES: tuple[Rule, ...] = (
    Rule(
        "bad-invocation",
        _TIER,
        Severity.ERROR,
        "A trigger has an invocation that its type does not know.",
        "Somebody waits for the answer of a sync trigger, nobody for that of an async one. The type decides which it can be.",
        bad=ORDERS + _QUEUE.replace("async", "sync"),
        at=(7, 17),
        good=ORDERS + _QUEUE,
    ),
    Rule(
        "one-invocation",
        _TIER,
        Severity.ERROR,
        "A trigger has two invocations where its callers cannot choose.",
        "Which one is meant? Write one; another trigger, or another route, may have the other.",
        bad=ORDERS
        + API.replace(
            "type: lambda_api, invocation: sync, functions: [orders]",
            "type: function_url, invocation: [sync, async], function: orders",
        ),
        at=(5, 41),
        good=ORDERS
        + API.replace(
            "type: lambda_api, invocation: sync, functions: [orders]", "type: function_url, invocation: sync, function: orders"
        ),
    ),
    Rule(
        "one-form",
        _TIER,
        Severity.ERROR,
        "Two settings that exclude each other are both written, or neither of them is.",
        "Exactly one of them says what is meant.",
        bad=ORDERS + _TASK.replace("FORM", "timeout: 10s"),
        at=(5, 3),
        good=ORDERS + _TASK.replace("FORM", "path: /tasks/orders"),
    ),
    Rule(
        "same-claim",
        _TIER,
        Severity.ERROR,
        "Two triggers claim the same requests of a listener.",
        "Only one of them would ever be called. Give them different hosts, paths or listeners.",
        bad=ORDERS + API + "  admins: {type: lambda_api, invocation: sync, functions: [orders]}\n",
        at=(6, 3),
        good=ORDERS + API + "  hook: {type: function_url, invocation: sync, function: orders}\n",
    ),
    Rule(
        "same-route",
        _TIER,
        Severity.ERROR,
        "Two routes take the same requests.",
        "Only one of them would ever be called; names of path variables do not tell routes apart.",
        bad=ORDERS
        + "triggers:\n  shop:\n    type: api_gateway\n    api: http\n    invocation: sync\n    routes:\n"
        + "      GET /orders/{id}: orders\n      GET /orders/{order}: orders\n",
        at=(11, 7),
        good=ORDERS
        + "triggers:\n  shop:\n    type: api_gateway\n    api: http\n    invocation: sync\n    routes:\n"
        + "      GET /orders/{id}: orders\n      PUT /orders/{id}: orders\n",
        source="https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html",
    ),
    Rule(
        "without-effect",
        _TIER,
        Severity.ERROR,
        "A setting would do nothing where it stands.",
        "Whoever wrote it believes that it does something. Remove it, or write what it needs beside it.",
        bad=ORDERS + _QUEUE + "    listener: main\nlisteners: {main: 127.0.0.1:8080}\n",
        at=(10, 5),
        good=ORDERS + _QUEUE + "listeners: {main: 127.0.0.1:8080}\n",
    ),
    Rule(
        "managed-only",
        _TIER,
        Severity.ERROR,
        "A setting for deliveries that the router manages stands where Lambda owns the delivery.",
        "Functions with an ARN are delegated: Lambda retries them by its own settings. Write `delivery: managed` beside it, or"
        " configure the function in AWS.",
        bad=ORDERS + _HOOK.replace("ASYNC", "{max_retries: 1}"),
        at=(9, 13),
        good=ORDERS + _HOOK.replace("ASYNC", "{delivery: managed, max_retries: 1, on_failure: 'sqs:failed-orders'}"),
    ),
    Rule(
        "bad-destination",
        _TIER,
        Severity.ERROR,
        "A destination is none that its purpose could have.",
        "On success: a queue, a topic, an event bus or a function; on failure also a bucket; a dead letter goes to a queue or a"
        " topic. FIFO queues and topics cannot be destinations.",
        bad=_LOCAL + _HOOK.replace("ASYNC", "{on_failure: 'sqs:failed.fifo'}"),
        at=(10, 25),
        good=_LOCAL + _HOOK.replace("ASYNC", "{on_failure: 'sqs:failed'}"),
        files=_CODE,
        source="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    Rule(
        "bad-age",
        _TIER,
        Severity.ERROR,
        "The maximum age of an event is not between one minute and six hours.",
        "Lambda takes no other.",
        bad=_LOCAL + _HOOK.replace("ASYNC", "{max_event_age: 30s, on_failure: 'sqs:failed'}"),
        at=(10, 28),
        good=_LOCAL + _HOOK.replace("ASYNC", "{max_event_age: 1h, on_failure: 'sqs:failed'}"),
        files=_CODE,
        source="https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html",
    ),
    Rule(
        "bad-delay",
        _TIER,
        Severity.ERROR,
        "A retry has a delay of 0.",
        "It would hit a function that has just failed again and again without a pause.",
        bad=_LOCAL + _HOOK.replace("ASYNC", "{retry_delays: [0s, 30s], on_failure: 'sqs:failed'}"),
        at=(10, 28),
        good=_LOCAL + _HOOK.replace("ASYNC", "{retry_delays: [5s, 30s], on_failure: 'sqs:failed'}"),
        files=_CODE,
    ),
    Rule(
        "unused-defaults",
        Tier.LINT,
        Severity.WARNING,
        "Defaults are written that no trigger takes up.",
        "They are left over from a trigger that is gone, or meant for one that has another type.",
        bad=ORDERS + API + "defaults:\n  sqs: {batch_size: 5}\n",
        at=(7, 3),
        good=ORDERS + API + "defaults:\n  lambda_api: {auth: none}\n",
    ),
    Rule(
        "unseen-failures",
        Tier.LINT,
        Severity.WARNING,
        "Nobody would see it when a trigger gives an event up.",
        "It would stay in the journal until somebody looks. Write `on_failure:`, ship metrics to CloudWatch, or open the admin"
        " listener, whose page Prometheus reads.",
        bad=_LOCAL + _HOOK.replace("ASYNC", "{max_retries: 1}"),
        at=(6, 3),
        good=_LOCAL + _HOOK.replace("ASYNC", "{max_retries: 1, on_failure: 'sqs:failed'}"),
        files=_CODE,
    ),
    Rule(
        "bad-timeout",
        _TIER,
        Severity.ERROR,
        "A timeout is none that AWS would take there.",
        "A function runs for 15 minutes at most; the front doors have limits of their own, which the message names.",
        bad="version: 1\nfunctions:\n  orders: {arn: 'arn:aws:lambda:eu-west-1:111122223333:function:orders', timeout: 20m}\n"
        + API,
        at=(3, 83),
        good="version: 1\nfunctions:\n  orders: {arn: 'arn:aws:lambda:eu-west-1:111122223333:function:orders', timeout: 15m}\n"
        + API,
        source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
    ),
    Rule(
        "bad-pattern",
        _TIER,
        Severity.ERROR,
        "An event pattern is none that AWS would take.",
        "The message is AWS's own. Leaves of a pattern are lists.",
        bad=ORDERS + _HOOK.replace("async: ASYNC", "filter: {body: {kind: order}}"),
        at=(9, 27),
        good=ORDERS + _HOOK.replace("async: ASYNC", "filter: {body: {kind: [order]}}"),
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html",
    ),
)
