"""Rules of the schema tier: a setting that is not known, missing, or not of the form that it must have."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_TIER = Tier.SCHEMA

_WORKER = """\
triggers:
  worker:
    type: step_functions
    invocation: sync
    activity: arn:aws:states:eu-west-1:111122223333:activity:orders
    worker_name: NAME
    function: orders
"""
_TOPIC = """\
triggers:
  alerts:
    type: sns
    invocation: async
    source: SOURCE
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    subscriptions: {all: orders}
"""

RULES: tuple[Rule, ...] = (
    Rule(
        "unknown-key",
        _TIER,
        Severity.ERROR,
        "A setting is not known where it stands.",
        "It would be ignored, and the daemon would not do what the file says. Mostly it is misspelt, or indented wrongly.",
        bad=ORDERS + API + "log: {levle: debug}\n",
        at=(6, 7),
        good=ORDERS + API + "log: {level: debug}\n",
    ),
    Rule(
        "missing-key",
        _TIER,
        Severity.ERROR,
        "A setting that must be written down is missing.",
        "There is no default that would be right for everybody.",
        bad=ORDERS + API + "listeners:\n  main: {max_body: 1MiB}\n",
        at=(7, 3),
        good=ORDERS + API + "listeners:\n  main: {address: 127.0.0.1:8080, max_body: 1MiB}\n",
    ),
    Rule(
        "unsupported",
        _TIER,
        Severity.ERROR,
        "A setting or value is known, but cannot be used in this version.",
        "Nothing is pretended: what is not built is refused, with what it waits for.",
        bad=ORDERS + API + "api_keys: {acme: secret}\n",
        at=(6, 1),
        good=ORDERS + API,
    ),
    Rule(
        "wrong-type",
        _TIER,
        Severity.ERROR,
        "A value is a text, number, list or map where another is wanted.",
        "A number in quotes is a text; a key without a value has none.",
        bad=ORDERS + API + 'aws: {max_connections: "50"}\n',
        at=(6, 24),
        good=ORDERS + API + "aws: {max_connections: 50}\n",
    ),
    Rule(
        "unknown-value",
        _TIER,
        Severity.ERROR,
        "A value is not among those that are known.",
        "Mostly it is misspelt.",
        bad=ORDERS + API + "log: {level: inof}\n",
        at=(6, 14),
        good=ORDERS + API + "log: {level: info}\n",
    ),
    Rule(
        "unknown-type",
        _TIER,
        Severity.ERROR,
        "A trigger has a type that is none.",
        "The type says which wire format comes in; without it nothing else of the trigger can be checked.",
        bad=ORDERS + "triggers:\n  api: {type: lamda_api, invocation: sync, functions: [orders]}\n",
        at=(5, 15),
        good=ORDERS + API,
    ),
    Rule(
        "wrong-form",
        _TIER,
        Severity.ERROR,
        "A text is not written as it must be.",
        "Durations and sizes have units (`30s`, `6MiB`), regions and names their own alphabets.",
        bad=ORDERS + API + "server: {drain_timeout: 30}\n",
        at=(6, 25),
        good=ORDERS + API + "server: {drain_timeout: 30s}\n",
    ),
    Rule(
        "too-small",
        _TIER,
        Severity.ERROR,
        "A number is less than what is allowed.",
        "Mostly it is a limit of AWS; beyond it the setting would have no meaning.",
        bad=ORDERS + API + "aws: {max_connections: 0}\n",
        at=(6, 24),
        good=ORDERS + API + "aws: {max_connections: 1}\n",
    ),
    Rule(
        "too-large",
        _TIER,
        Severity.ERROR,
        "A number is more than what is allowed.",
        "Mostly it is a limit of AWS; beyond it the setting would have no meaning.",
        bad=ORDERS + API + "aws: {max_connections: 70000}\n",
        at=(6, 24),
        good=ORDERS + API + "aws: {max_connections: 60000}\n",
    ),
    Rule(
        "too-short",
        _TIER,
        Severity.ERROR,
        "A text is empty, or shorter than what is allowed.",
        "An empty value is mostly a variable that is set to nothing. Leave the setting out where none is meant.",
        bad=ORDERS + API + 'admin: {listen: "127.0.0.1:9901", token: ""}\n',
        at=(6, 42),
        good=ORDERS + API + "admin: {listen: 127.0.0.1:9901}\n",
    ),
    Rule(
        "too-long",
        _TIER,
        Severity.ERROR,
        "A text has more characters than what is allowed.",
        "AWS would refuse it.",
        bad=ORDERS + _WORKER.replace("NAME", "orders-" * 12),
        at=(9, 18),
        good=ORDERS + _WORKER.replace("NAME", "orders"),
    ),
    Rule(
        "too-few",
        _TIER,
        Severity.ERROR,
        "A list or map has fewer items than it needs.",
        "An empty list is not the same as no list: leave the setting out where nothing is meant.",
        bad=ORDERS + API + "listeners: {}\n",
        at=(6, 1),
        good=ORDERS + API + "listeners: {main: 127.0.0.1:8080}\n",
    ),
    Rule(
        "too-many",
        _TIER,
        Severity.ERROR,
        "A list or map has more items than what is allowed.",
        "Mostly it is a limit of AWS.",
        bad=ORDERS + _TOPIC.replace("SOURCE", "{http: /hooks/sns, sqs: inbox}"),
        at=(8, 5),
        good=ORDERS + _TOPIC.replace("SOURCE", "{sqs: inbox}"),
    ),
    Rule(
        "repeated-item",
        _TIER,
        Severity.ERROR,
        "A list holds an item twice.",
        "The second one does nothing; probably another one was meant.",
        bad=ORDERS + "triggers:\n  api: {type: lambda_api, invocation: [sync, sync], functions: [orders]}\n",
        at=(5, 27),
        good=ORDERS + "triggers:\n  api: {type: lambda_api, invocation: [sync, async], functions: [orders]}\n",
    ),
)
