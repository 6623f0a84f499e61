"""Rules of the HTTP front doors: load balancers, API Gateway, CloudFront's edge functions."""

from router.config.catalogue.rule import ORDERS, Rule, Tier
from router.config.problem import Severity

_TIER = Tier.SEMANTICS

_BALANCER = """\
triggers:
  balancer:
    type: alb
    invocation: sync
    rules:
      new: {path: /new/*, function: orders}
"""
_REST = """\
triggers:
  shop:
    type: api_gateway
    api: rest
    stage: prod
    invocation: sync
    routes:
      GET /orders/{id}: orders
"""
_EDGE = """\
triggers:
  www:
    type: lambda_edge
    invocation: sync
    behaviors:
      /img/*: {origin: 'http://origin:8000', origin_request: 'orders:1'}
      "*": {origin: 'http://origin:8000'}
"""
_SEEN = _EDGE.replace("'orders:1'", "{function: 'orders:1', include_body: true}")
"""The same, where the function sees bodies."""
_EAST = """\
version: 1
functions:
  orders: arn:aws:lambda:us-east-1:111122223333:function:orders
"""
_ALB_PAGE = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html"
_CLOUDFRONT_PAGE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions.html"

RULES: tuple[Rule, ...] = (
    Rule(
        "no-action",
        _TIER,
        Severity.ERROR,
        "A load balancer has neither rules nor a default action.",
        "It would answer nothing.",
        bad=ORDERS + "triggers:\n  balancer: {type: alb, invocation: sync}\n",
        at=(5, 3),
        good=ORDERS + "triggers:\n  balancer: {type: alb, invocation: sync, default: orders}\n",
    ),
    Rule(
        "one-action",
        _TIER,
        Severity.ERROR,
        "A rule of a load balancer has no action, or several.",
        "It has exactly one: `function`, `redirect` or `status`.",
        bad=ORDERS + _BALANCER + "      old: {path: /old/*, function: orders, status: 410}\n",
        at=(10, 45),
        good=ORDERS + _BALANCER + "      old: {path: /old/*, status: 410}\n",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html",
    ),
    Rule(
        "no-condition",
        _TIER,
        Severity.ERROR,
        "A rule of a load balancer has no condition.",
        "It would take every request, and no rule after it would ever be reached. Write its action as `default:`.",
        bad=ORDERS + _BALANCER + "      all: {function: orders}\n",
        at=(10, 7),
        good=ORDERS + _BALANCER + "    default: {function: orders}\n",
        source=_ALB_PAGE,
    ),
    Rule(
        "bad-status",
        _TIER,
        Severity.ERROR,
        "The status of a fixed response is 3xx.",
        "A load balancer takes 2xx, 4xx and 5xx there; a redirect is an action of its own.",
        bad=ORDERS + _BALANCER + "      old: {path: /old/*, status: 302}\n",
        at=(10, 35),
        good=ORDERS + _BALANCER + "      old: {path: /old/*, redirect: {path: /new}}\n",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_FixedResponseActionConfig.html",
    ),
    Rule(
        "redirect-loop",
        _TIER,
        Severity.ERROR,
        "A redirect leads to where it starts.",
        "Browsers would follow it until they give up. Change at least one of protocol, host, port and path.",
        bad=ORDERS + _BALANCER + "      old: {path: /old/*, redirect: {query: from=old}}\n",
        at=(10, 27),
        good=ORDERS + _BALANCER + "      old: {path: /old/*, redirect: {path: /new, query: from=old}}\n",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html",
    ),
    Rule(
        "bad-port",
        _TIER,
        Severity.ERROR,
        "The port of a redirect is more than 65535.",
        "There is no such port.",
        bad=ORDERS + _BALANCER + '      old: {path: /old/*, redirect: {port: "84430"}}\n',
        at=(10, 44),
        good=ORDERS + _BALANCER + '      old: {path: /old/*, redirect: {port: "8443"}}\n',
    ),
    Rule(
        "bad-interval",
        _TIER,
        Severity.ERROR,
        "The interval of a health check is not between 5 seconds and 5 minutes.",
        "A load balancer takes no other.",
        bad=ORDERS + _BALANCER + "    health_check: {interval: 10m, timeout: 2s}\n",
        at=(10, 30),
        good=ORDERS + _BALANCER + "    health_check: {interval: 5s, timeout: 2s}\n",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    ),
    Rule(
        "bad-matcher",
        _TIER,
        Severity.ERROR,
        "The statuses that count as healthy are none that a load balancer takes.",
        "They are between 200 and 499; of a range, the lower one comes first.",
        bad=ORDERS + _BALANCER + "    health_check: {interval: 35s, timeout: 5s, matcher: 299-200}\n",
        at=(10, 57),
        good=ORDERS + _BALANCER + "    health_check: {interval: 35s, timeout: 5s, matcher: 200-299}\n",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html",
    ),
    Rule(
        "bad-route",
        _TIER,
        Severity.ERROR,
        "A route of an API cannot be read, or is none that its kind of API has.",
        "It is a method and a path, such as `GET /orders/{id}`, or `$default` in an HTTP API.",
        bad=ORDERS + _REST + "      GET /orders/: orders\n",
        at=(12, 7),
        good=ORDERS + _REST + "      GET /orders: orders\n",
        source="https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html",
    ),
    Rule(
        "no-stage",
        _TIER,
        Severity.ERROR,
        "A REST API has no stage.",
        "Its stage is the first segment of every URL; only an HTTP API has one without a name.",
        bad=ORDERS + _REST.replace("    stage: prod\n", ""),
        at=(5, 3),
        good=ORDERS + _REST,
        source="https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html",
    ),
    Rule(
        "route-variable",
        _TIER,
        Severity.ERROR,
        "Two routes of a REST API give the same place in the path two names.",
        "A REST API is a tree of resources, and each resource has one name.",
        bad=ORDERS + _REST + "      GET /orders/{order}/items: orders\n",
        at=(12, 7),
        good=ORDERS + _REST + "      GET /orders/{id}/items: orders\n",
        source="https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html",
    ),
    Rule(
        "same-pattern",
        _TIER,
        Severity.ERROR,
        "Two behaviors of a distribution have patterns that mean the same.",
        "The second one would never be reached.",
        bad=_EAST + _EDGE.replace('      "*"', "      img/*: {origin: 'http://images:8000'}\n      \"*\""),
        at=(10, 7),
        good=_EAST + _EDGE,
        source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html",
    ),
    Rule(
        "unreachable",
        _TIER,
        Severity.ERROR,
        "A behavior stands behind one that takes every request.",
        "Behaviors are tried in order, and the first one that fits wins: the one for everything comes last.",
        bad=_EAST + _EDGE + "      /pdf/*: {origin: 'http://documents:8000'}\n",
        at=(11, 7),
        good=_EAST + _EDGE,
        source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html",
    ),
    Rule(
        "unnumbered-version",
        _TIER,
        Severity.ERROR,
        "An edge stage names a function without a numbered version.",
        "CloudFront takes neither `$LATEST` nor an alias, so that what works here would not be deployed there.",
        bad=_EAST + _EDGE.replace("orders:1", "orders:live"),
        at=(9, 62),
        good=_EAST + _EDGE,
        source=_CLOUDFRONT_PAGE,
    ),
    Rule(
        "edge-region",
        Tier.LINT,
        Severity.WARNING,
        "An edge stage names a function outside us-east-1.",
        "The router calls it where it is, but CloudFront would not take it.",
        bad=ORDERS + _EDGE,
        at=(9, 62),
        good=_EAST + _EDGE,
        source=_CLOUDFRONT_PAGE,
    ),
    Rule(
        "bad-limit",
        _TIER,
        Severity.ERROR,
        "An edge function would get more of a body than fits into its event.",
        "The body is base64 there, and an event has at most 6 MiB: 4 MiB of a body are the most.",
        bad=_EAST + _SEEN + "    limits: {origin: {include_body: 8MiB}}\n",
        at=(11, 37),
        good=_EAST + _SEEN + "    limits: {origin: {include_body: 1MiB}}\n",
        source=_CLOUDFRONT_PAGE,
    ),
    Rule(
        "bad-origin",
        _TIER,
        Severity.ERROR,
        "The address of an origin cannot be read.",
        "It is `http://` or `https://`, a host, and a port where it has another one; a path may follow.",
        bad=_EAST + _EDGE.replace("'http://origin:8000', o", "'origin:8000', o"),
        at=(9, 24),
        good=_EAST + _EDGE,
    ),
    Rule(
        "same-origin",
        _TIER,
        Severity.ERROR,
        "A server is declared twice among the origins of a behavior.",
        "The second one would never be found; a function may change the path by itself.",
        bad=_EAST + _EDGE.replace("origin_request:", "allowed_origins: ['http://origin:8000/new'], origin_request:"),
        at=(9, 64),
        good=_EAST + _EDGE.replace("origin_request:", "allowed_origins: ['http://images:8000'], origin_request:"),
    ),
    Rule(
        "bad-header",
        _TIER,
        Severity.ERROR,
        "A custom header of an origin is one that CloudFront does not take, or stands there twice.",
        "CloudFront sets these headers itself.",
        bad=_EAST + _EDGE.replace("'http://origin:8000'}", "{url: 'http://origin:8000', custom_headers: {via: edge}}}"),
        at=(10, 66),
        good=_EAST + _EDGE.replace("'http://origin:8000'}", "{url: 'http://origin:8000', custom_headers: {x-from: edge}}}"),
        source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html",
    ),
)
