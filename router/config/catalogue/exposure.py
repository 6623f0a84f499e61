"""Rules about strangers: what they can reach, read or pretend."""

from router.config.catalogue.rule import ORDERS, Rule, Tier
from router.config.problem import Severity

_SEMANTICS = Tier.SEMANTICS
_LINT = Tier.LINT

_SITE = """\
triggers:
  site:
    type: function_url
    invocation: sync
    auth: AUTH
    function: orders
"""
_LOCAL = """\
version: 1
functions:
  orders:
    local: {command: ./ordersSETTINGS}
"""
_TLS = "listeners: {main: {address: 0.0.0.0:8443, tls: {certificate: cert.pem, key: key.pem}}}\n"
_OPEN = "listeners: {main: {address: 0.0.0.0:8080}}\n"

RULES: tuple[Rule, ...] = (
    Rule(
        "plain-credentials",
        _SEMANTICS,
        Severity.WARNING,
        "Passwords, tokens or keys come over plain HTTP.",
        "Whoever is on the way can read them and use them. Give the listener `tls`, or name the proxy in front, which has it,"
        " under `trusted_proxies`. A signature (`hmac`) gives nothing away.",
        bad=ORDERS + _OPEN + _SITE.replace("AUTH", '{bearer: "${TOKEN}"}'),
        at=(9, 5),
        good=ORDERS + _TLS + _SITE.replace("AUTH", '{bearer: "${TOKEN}"}'),
        env={"TOKEN": "x"},
    ),
    Rule(
        "trusts-everybody",
        _SEMANTICS,
        Severity.WARNING,
        "Every caller is believed to be a proxy.",
        "A trusted proxy says in X-Forwarded-For where a request comes from: with `0.0.0.0/0` every caller can say anything,"
        " `source_ip` checks among them are worth nothing, and the addresses in logs and events are made up.",
        bad=ORDERS
        + "listeners: {main: {address: 0.0.0.0:8080, trusted_proxies: [0.0.0.0/0]}}\n"
        + _SITE.replace("AUTH", "none"),
        at=(4, 61),
        good=ORDERS
        + "listeners: {main: {address: 0.0.0.0:8080, trusted_proxies: [10.0.0.0/8]}}\n"
        + _SITE.replace("AUTH", "none"),
    ),
    Rule(
        "unproved-messages",
        _SEMANTICS,
        Severity.WARNING,
        "Anybody could publish: signatures are not verified, on a listener that others can reach.",
        "`verify: false` is for emulators, whose signatures are fakes. In public leave it out, or give the trigger an `auth`.",
        bad=ORDERS
        + _OPEN
        + """\
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    auth: none
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    signature: {verify: false}
    subscriptions: {all: orders}
""",
        at=(12, 25),
        good=ORDERS
        + _OPEN
        + """\
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    auth: none
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    subscriptions: {all: orders}
""",
        source="https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html",
    ),
    Rule(
        "everything-open",
        _SEMANTICS,
        Severity.WARNING,
        "Anybody could invoke every declared function.",
        "`functions: all` opens what is declared later, too. List those that strangers may call, or write an `auth`.",
        bad=ORDERS + _OPEN + "triggers:\n  api: {type: lambda_api, invocation: sync, functions: all, auth: none}\n",
        at=(6, 56),
        good=ORDERS + _OPEN + "triggers:\n  api: {type: lambda_api, invocation: sync, functions: [orders], auth: none}\n",
    ),
    Rule(
        "shared-credentials",
        _LINT,
        Severity.INFO,
        "A function has the router's own AWS credentials, and takes what strangers send.",
        "A slip in its code would hand them out, with all that the router may do. Leave `credentials` at `none`, or let only"
        " known callers in.",
        bad=_LOCAL.replace("SETTINGS", ", credentials: router") + _OPEN + _SITE.replace("AUTH", "none"),
        at=(4, 45),
        good=_LOCAL.replace("SETTINGS", "") + _OPEN + _SITE.replace("AUTH", "none"),
    ),
)
