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
)
