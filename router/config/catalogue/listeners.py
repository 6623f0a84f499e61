"""Rules about addresses, and about who may call what: listeners, the admin listener, `auth:`, CORS, secrets."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_TIER = Tier.SEMANTICS

_PUBLIC = "listeners: {main: 0.0.0.0:8080}\n"
_HOOK = """\
triggers:
  hook:
    type: function_url
    invocation: sync
    function: orders
    auth: AUTH
"""
_TOPIC = """\
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    signature: SIGNATURE
    subscriptions: {all: orders}
"""
_SITE = """\
triggers:
  site:
    type: function_url
    invocation: sync
    function: orders
    cors: CORS
"""
_TOKEN = {"HOOK_TOKEN": "abc"}

RULES: tuple[Rule, ...] = (
    Rule(
        "bad-address",
        _TIER,
        Severity.ERROR,
        "An address to listen on cannot be read.",
        "It is `host:port`, with brackets around an IPv6 address, or `unix:/path`.",
        bad=ORDERS + API + "listeners: {main: 127.0.0.1:http}\n",
        at=(6, 19),
        good=ORDERS + API + "listeners: {main: 127.0.0.1:8080}\n",
    ),
    Rule(
        "bad-public-url",
        _TIER,
        Severity.ERROR,
        "The address that senders are told is none.",
        "It is `http` or `https` and a host, with a path where a proxy takes one off: paths of triggers are put behind it.",
        bad=ORDERS + API + "server: {public_url: hooks.example.com}\n",
        at=(6, 22),
        good=ORDERS + API + "server: {public_url: https://hooks.example.com}\n",
    ),
    Rule(
        "same-address",
        _TIER,
        Severity.ERROR,
        "Two listeners have the same address.",
        "Only one of them could be opened.",
        bad=ORDERS + API + "listeners: {main: 127.0.0.1:8080}\nadmin: {listen: 127.0.0.1:8080}\n",
        at=(7, 17),
        good=ORDERS + API + "listeners: {main: 127.0.0.1:8080}\nadmin: {listen: 127.0.0.1:9901}\n",
    ),
    Rule(
        "bad-network",
        _TIER,
        Severity.ERROR,
        "A network of IP addresses cannot be read.",
        "It is an address and the length of its prefix; the bits behind the prefix are 0.",
        bad=ORDERS + API + "listeners: {main: {address: 127.0.0.1:8080, trusted_proxies: [127.0.0.1/8]}}\n",
        at=(6, 63),
        good=ORDERS + API + "listeners: {main: {address: 127.0.0.1:8080, trusted_proxies: [127.0.0.0/8]}}\n",
    ),
    Rule(
        "no-listener",
        _TIER,
        Severity.ERROR,
        "There are several listeners, and a trigger does not say on which it stands.",
        "It may be the public one or the private one: that is not guessed.",
        bad=ORDERS + API + "listeners: {main: 127.0.0.1:8080, other: 127.0.0.1:8081}\n",
        at=(5, 3),
        good=ORDERS
        + API.replace("functions:", "listener: main, functions:")
        + "listeners: {main: 127.0.0.1:8080, other: 127.0.0.1:8081}\n",
    ),
    Rule(
        "unknown-listener",
        _TIER,
        Severity.ERROR,
        "A trigger names a listener that is not declared.",
        "It could not be reached.",
        bad=ORDERS + API.replace("functions:", "listener: man, functions:") + "listeners: {main: 127.0.0.1:8080}\n",
        at=(5, 55),
        good=ORDERS + API.replace("functions:", "listener: main, functions:") + "listeners: {main: 127.0.0.1:8080}\n",
    ),
    Rule(
        "no-auth",
        _TIER,
        Severity.ERROR,
        "Strangers could call a trigger, and the file does not say that they may.",
        "Its listener is not on loopback. Write an `auth:`, or `auth: none` where everybody may call it.",
        bad=ORDERS + API + _PUBLIC,
        at=(5, 3),
        good=ORDERS + API.replace("functions:", "auth: none, functions:") + _PUBLIC,
    ),
    Rule(
        "no-token",
        _TIER,
        Severity.ERROR,
        "The admin listener can be reached from outside, and asks for no token.",
        "Whoever reaches it sees and purges deliveries.",
        bad=ORDERS + API + "admin: {listen: 0.0.0.0:9901}\n",
        at=(6, 17),
        good=ORDERS + API + 'admin: {listen: 0.0.0.0:9901, token: "${HOOK_TOKEN}"}\n',
        env=_TOKEN,
    ),
    Rule(
        "literal-secret",
        Tier.LINT,
        Severity.WARNING,
        "A secret stands in the file as it is.",
        "Files are copied, printed and committed. Secrets come from a variable or a file: `${NAME}`, `${file:/path}`.",
        bad=ORDERS + API + "admin: {listen: 127.0.0.1:9901, token: abc}\n",
        at=(6, 40),
        good=ORDERS + API + 'admin: {listen: 127.0.0.1:9901, token: "${HOOK_TOKEN}"}\n',
        env=_TOKEN,
    ),
    Rule(
        "auth-contradiction",
        _TIER,
        Severity.ERROR,
        "Two checks of an `auth:` list read the same header.",
        "Every check of the list must pass, and one header cannot hold both: nobody could call the trigger.",
        bad=ORDERS + _HOOK.replace("AUTH", '[{bearer: "${HOOK_TOKEN}"}, {basic: {user: a, password: "${HOOK_TOKEN}"}}]'),
        at=(9, 40),
        good=ORDERS + _HOOK.replace("AUTH", '{bearer: "${HOOK_TOKEN}"}'),
        env=_TOKEN,
    ),
    Rule(
        "bad-signature",
        _TIER,
        Severity.ERROR,
        "What a webhook's signature covers leaves something open.",
        "A body or timestamp that is not signed can be replaced by whoever repeats a request.",
        bad=ORDERS + _HOOK.replace("AUTH", '{hmac: {header: x-signature, secret: "${HOOK_TOKEN}", signed: "v0"}}'),
        at=(9, 73),
        good=ORDERS + _HOOK.replace("AUTH", '{hmac: {header: x-signature, secret: "${HOOK_TOKEN}", signed: "v0:{body}"}}'),
        env=_TOKEN,
    ),
    Rule(
        "raw-without-auth",
        _TIER,
        Severity.ERROR,
        "An SNS trigger takes raw deliveries, which nobody signs, and has no `auth`.",
        "Anybody could publish. Give it an `auth`, for example `basic` with the user and password of the subscribed URL.",
        bad=ORDERS + _TOPIC.replace("SIGNATURE", "{allow_raw: true}"),
        at=(10, 28),
        good=ORDERS + _TOPIC.replace("SIGNATURE", "{verify: true}"),
        source="https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html",
    ),
    Rule(
        "bad-host",
        _TIER,
        Severity.ERROR,
        "A host that certificates of SNS may come from cannot be read.",
        "It is a host, with a port where it is not 443; for an emulator it may be an http address.",
        bad=ORDERS + _TOPIC.replace("SIGNATURE", "{certificate_hosts: ['sns.example.com/certificates']}"),
        at=(10, 37),
        good=ORDERS + _TOPIC.replace("SIGNATURE", "{certificate_hosts: [sns.example.com]}"),
    ),
    Rule(
        "unsafe-certificate-host",
        _TIER,
        Severity.ERROR,
        "Signatures are checked against a certificate that comes over http.",
        "Anybody on the way could replace it, so that the signature proves nothing.",
        bad=ORDERS + _TOPIC.replace("SIGNATURE", "{certificate_hosts: ['http://localhost:4566']}"),
        at=(10, 37),
        good=ORDERS + _TOPIC.replace("SIGNATURE", "{verify: false, certificate_hosts: ['http://localhost:4566']}"),
    ),
    Rule(
        "cors-credentials",
        _TIER,
        Severity.ERROR,
        "CORS allows credentials for every origin.",
        "AWS refuses the combination, and so do browsers: write the origins out.",
        bad=ORDERS + _SITE.replace("CORS", "{allow_origins: ['*'], allow_credentials: true}"),
        at=(9, 53),
        good=ORDERS + _SITE.replace("CORS", "{allow_origins: ['https://shop.example.com'], allow_credentials: true}"),
        source="https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html",
    ),
    Rule(
        "bad-max-age",
        _TIER,
        Severity.ERROR,
        "The `max_age` of CORS is no number of whole seconds up to a day.",
        "AWS takes whole seconds, at most 24 hours.",
        bad=ORDERS + _SITE.replace("CORS", "{allow_origins: ['*'], max_age: 36h}"),
        at=(9, 43),
        good=ORDERS + _SITE.replace("CORS", "{allow_origins: ['*'], max_age: 24h}"),
        source="https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html",
    ),
)
