"""Rules that know AWS: what its ARNs can be, how long its front doors wait, what it has quotas for."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_SEMANTICS = Tier.SEMANTICS
_LINT = Tier.LINT

_QUEUE = """\
triggers:
  queue:
    type: sqs
    invocation: async
    queue: QUEUE
    report_batch_item_failures: true
    function: orders
"""
_OURS = _QUEUE.replace("QUEUE", "arn:aws:sqs:eu-west-1:111122223333:jobs")
_SITE = """\
triggers:
  site:
    type: function_url
    invocation: sync
    auth: AUTH
    function: orders
"""
_SHOP = """\
triggers:
  shop:
    type: api_gateway
    api: API
    invocation: sync
    routes:
      GET /orders: orders
"""
_BEAT = """\
triggers:
  beat:
    type: schedule
    invocation: async
    schedules: {often: {expression: rate(5 minutes), function: orders}}
"""
_LOCAL = """\
version: 1
functions:
  orders:
    timeout: TIMEOUT
    local: {command: ./orders, memory: MEMORY}
"""
_ARNS_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"
_VERSIONS_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"
_QUOTAS_PAGE = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"
_RUNTIMES_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"

RULES: tuple[Rule, ...] = (
    Rule(
        "partition-region",
        _SEMANTICS,
        Severity.ERROR,
        "An ARN names a region that lies in another partition.",
        "China, GovCloud and the isolated regions are partitions of their own, with `aws-cn`, `aws-us-gov` and so on after"
        " `arn:`. AWS has no resource with such a mixed name, so that every call would be refused.",
        bad=ORDERS.replace("eu-west-1", "cn-north-1") + API,
        at=(3, 11),
        good=ORDERS.replace("arn:aws:", "arn:aws-cn:").replace("eu-west-1", "cn-north-1") + API,
        source=_ARNS_PAGE,
    ),
    Rule(
        "mixed-partitions",
        _SEMANTICS,
        Severity.WARNING,
        "One configuration calls AWS in two partitions.",
        "Credentials hold for one partition, and the router has one set of them: what lies in the other is refused. Run a"
        " router for each.",
        bad=ORDERS + _QUEUE.replace("QUEUE", "arn:aws-cn:sqs:cn-north-1:111122223333:jobs"),
        at=(8, 12),
        good=ORDERS + _OURS,
        source=_ARNS_PAGE,
    ),
    Rule(
        "region-mismatch",
        _SEMANTICS,
        Severity.ERROR,
        "A queue or an activity is to be polled in a region where it is not.",
        "An ARN, and AWS's own URL of a queue, say the region. `region` is for a queue that is named alone.",
        bad=ORDERS + _OURS + "    region: us-east-1\n",
        at=(11, 13),
        good=ORDERS + _OURS,
    ),
    Rule(
        "bad-url",
        _SEMANTICS,
        Severity.ERROR,
        "The URL of a queue or an endpoint cannot be called.",
        "Its host or its port is none: an IPv6 address stands in brackets, and a port is at most 65535.",
        bad=ORDERS + API + "aws: {endpoint_url: http://127.0.0.1:99999}\n",
        at=(6, 21),
        good=ORDERS + API + "aws: {endpoint_url: http://127.0.0.1:9999}\n",
    ),
    Rule(
        "other-region",
        _LINT,
        Severity.INFO,
        "A function lies in another region than what calls it, or than its destination.",
        "AWS connects queues, user pools, load balancers and buses with functions of their own region alone. The router does"
        " not mind, but every event crosses regions: that takes time, and AWS bills the traffic.",
        bad=ORDERS + _QUEUE.replace("QUEUE", "arn:aws:sqs:us-east-1:111122223333:jobs"),
        at=(10, 15),
        good=ORDERS + _OURS,
        source="https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html",
    ),
    Rule(
        "no-account",
        _SEMANTICS,
        Severity.WARNING,
        "A topic is named without its account, and no account is written.",
        "`sns:name` becomes an ARN with `aws.account_id`. Without that its messages go to the account 000000000000, which only"
        " an emulator takes for its own.",
        bad=ORDERS.replace("orders: ", "orders:\n    arn: ")
        + "    async: {delivery: managed, on_failure: sns:failures}\n"
        + _BEAT,
        at=(5, 44),
        good=ORDERS.replace("orders: ", "orders:\n    arn: ")
        + "    async: {delivery: managed, on_failure: sns:failures}\n"
        + _BEAT
        + 'aws: {account_id: "111122223333"}\n',
    ),
    Rule(
        "cross-account-role",
        _LINT,
        Severity.INFO,
        "A role lies in another account than what it is assumed for.",
        "That works where the function's or the queue's own policy allows the role, too. A role of the same account needs only"
        " its own policy.",
        bad=ORDERS.replace("orders: ", "orders:\n    arn: ")
        + "    invoke_role_arn: arn:aws:iam::444455556666:role/invoker\n"
        + API,
        at=(5, 22),
        good=ORDERS.replace("orders: ", "orders:\n    arn: ")
        + "    invoke_role_arn: arn:aws:iam::111122223333:role/invoker\n"
        + API,
        source="https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html",
    ),
    Rule(
        "bad-qualifier",
        _SEMANTICS,
        Severity.ERROR,
        "A qualifier is neither a version nor an alias.",
        "Versions are numbered from 1, without zeros in front, and an alias is not all digits: AWS has no such version.",
        bad=ORDERS + _SITE.replace("AUTH", "none").replace("function: orders", 'function: "orders:007"'),
        at=(9, 15),
        good=ORDERS + _SITE.replace("AUTH", "none").replace("function: orders", 'function: "orders:7"'),
        source=_VERSIONS_PAGE,
    ),
    Rule(
        "looks-like-latest",
        _LINT,
        Severity.WARNING,
        "A qualifier is `LATEST`, without its dollar sign.",
        "`$LATEST` is the unpublished version; `LATEST` would be an alias that somebody made. A shell or a template often eats"
        " the sign.",
        bad=ORDERS + _SITE.replace("AUTH", "none").replace("function: orders", "function: orders:LATEST"),
        at=(9, 15),
        good=ORDERS + _SITE.replace("AUTH", "none").replace("function: orders", "function: orders:$LATEST"),
        source=_VERSIONS_PAGE,
    ),
    Rule(
        "local-weights",
        _LINT,
        Severity.INFO,
        "Calls are split between qualifiers of a function that runs on this machine alone.",
        "There is one folder of code, so that every qualifier runs the same. The split counts once the function has an `arn`.",
        bad=_LOCAL.replace("TIMEOUT", "3s").replace("MEMORY", "128MiB")
        + _SITE.replace("AUTH", "none")
        + "    weights: {blue: 90, green: 10}\n",
        at=(12, 5),
        good=_LOCAL.replace("TIMEOUT", "3s").replace("MEMORY", "128MiB") + _SITE.replace("AUTH", "none"),
    ),
    Rule(
        "caller-gives-up",
        _SEMANTICS,
        Severity.WARNING,
        "A function may run for longer than its caller waits.",
        "The caller gets an error, perhaps tries again, and the function goes on for nobody. Give it less time than the front"
        " door has, or let it be invoked asynchronously.",
        bad=_LOCAL.replace("TIMEOUT", "1m").replace("MEMORY", "128MiB") + _SHOP.replace("API", "http"),
        at=(12, 20),
        good=_LOCAL.replace("TIMEOUT", "25s").replace("MEMORY", "128MiB") + _SHOP.replace("API", "http"),
        source=_QUOTAS_PAGE,
    ),
    Rule(
        "whole-batch-again",
        _LINT,
        Severity.INFO,
        "One message that fails brings its whole batch again.",
        "The function cannot say which messages it has done: those come again together with the one that failed. With"
        " `report_batch_item_failures` it returns the ids of the failed ones.",
        bad=ORDERS + _OURS.replace("    report_batch_item_failures: true\n", ""),
        at=(5, 3),
        good=ORDERS + _OURS,
        source="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html",
    ),
    Rule(
        "aws-quota",
        _LINT,
        Severity.INFO,
        "There is more of something than AWS allows before one asks.",
        "It works here. AWS raises these quotas on request; who moves this there has to ask first.",
        bad=ORDERS + _SHOP.replace("API", "rest\n    stage: prod\n    timeout: 2m"),
        at=(9, 14),
        good=ORDERS + _SHOP.replace("API", "rest\n    stage: prod\n    timeout: 29s"),
        source="https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
    ),
    Rule(
        "beyond-aws",
        _LINT,
        Severity.INFO,
        "A setting has a value that AWS does not have.",
        "It works here, and has to change before this moves to AWS.",
        bad=_LOCAL.replace("TIMEOUT", "3s").replace("MEMORY", "64MiB") + _SITE.replace("AUTH", "none"),
        at=(5, 40),
        good=_LOCAL.replace("TIMEOUT", "3s").replace("MEMORY", "128MiB") + _SITE.replace("AUTH", "none"),
        source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    ),
    Rule(
        "deprecated-runtime",
        _LINT,
        Severity.INFO,
        "AWS has deprecated a runtime.",
        "It gets no security patches any more, and after a while AWS takes no updates of functions that use it.",
        bad="version: 1\nfunctions:\n  orders: {local: {runtime: python3.8, handler: app.handler}}\n" + API,
        at=(3, 29),
        good="version: 1\nfunctions:\n  orders: {local: {runtime: python3.14, handler: app.handler}}\n" + API,
        files={"app.py": ""},
        now=1_767_225_600.0,
        source=_RUNTIMES_PAGE,
    ),
)
