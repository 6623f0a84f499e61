"""Nothing that changes in a configuration goes unnoticed: it is reported, or what is compiled changes with it.

One mutation at a time of every example: a key removed, renamed, doubled or moved, a value changed, an item doubled, two
neighbours swapped. What is neither reported nor honoured must say the same as before: equal completed settings.
"""

import functools
import json
import random
import re
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config import Loaded, load
from router.config.schemas import documents
from router.files import LocalFiles
from router.model import TriggerType

ROOT = Path(__file__).parents[2]
EXAMPLES = ["configs/demo.yaml", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs/examples").glob("*.yaml"))]
OURS = "everything.yaml"
ENV = {"POOL_TOKEN": "pool-secret", "MINIO_TOKEN": "minio-secret", "TASK_KEY": "task-secret"}
NOW = 1_767_225_600.0

EVERYTHING = """\
version: 1
labels: {team: platform}
defaults:
  sqs: {report_batch_item_failures: true}
  async: {on_failure: "sqs:failed", max_event_age: 2h}
aws:
  region: eu-west-1
  account_id: "111122223333"
  profile: prod
  endpoints: {lambda: "http://127.0.0.1:4566", sqs: "http://127.0.0.1:4567"}
  max_connections: 64
  destination_event_source: aws.lambda
listeners:
  public:
    address: 0.0.0.0:8443
    tls: {certificate: cert.pem, key: key.pem, client_ca: ca.pem}
    trusted_proxies: [10.0.0.0/8, fd00::/8]
    max_body: 5MiB
    error_headers: false
  internal: 127.0.0.1:8080
server: {drain_timeout: 20s}
admin: {listen: "127.0.0.1:9901", token: "${TASK_KEY}"}
journal:
  url: sqlite:journal
  max_size: 2GiB
  min_free_disk: 1GiB
  deduplication_window: 2h
  dead_letter_retention: 7d
monitoring:
  prometheus: true
  cloudwatch:
    metrics: api
    namespace: Ours
    region: eu-central-1
    logs: {group: "/router/{trigger}", what: sampled, sample: 0.5, retention: 7d}
log: {level: debug, format: text, access: true}
functions:
  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders
  audit:
    arn: arn:aws:lambda:eu-west-1:111122223333:function:audit:live
    invoke_role_arn: arn:aws:iam::111122223333:role/invoker
    timeout: 20s
    max_concurrency: 40
    async: {delivery: managed, max_retries: 3, retry_delays: [10s, 20s, 40s], on_success: "events:yes", dead_letter: "sqs:no"}
  page:
    timeout: 20s
    max_concurrency: 8
    local:
      runtime: python
      handler: app.handler
      code: configs/functions/hello
      packages: [configs/functions]
      memory: 256MiB
      environment: {STAGE: dev, COLOUR: blue}
      credentials: router
      min_warm: 2
      runtime_client: builtin
      init_timeout: 5s
triggers:
  shop:
    type: api_gateway
    api: http
    payload: "1.0"
    invocation: sync
    listener: public
    hosts: [shop.example.com]
    base_path: /v1
    stage: live
    stage_variables: {colour: blue}
    timeout: 25s
    cors: {allow_origins: ["https://a.example.com"], allow_methods: [GET, POST], allow_headers: [x-a], max_age: 1h}
    api_id: abcdef
    async: {max_retries: 1}
    durability: os
    filter: {httpMethod: [POST]}
    auth: [{source_ip: [10.0.0.0/8]}, {hmac: {header: x-sign, secret: "${TASK_KEY}", algorithm: sha512, encoding: base64}}]
    routes:
      GET /orders/{id}: {function: orders, weights: {live: 90, "8": 10}}
      POST /imports: {function: audit, invocation: async, auth: {bearer: "${POOL_TOKEN}"}}
      $default: page
  balancer:
    type: alb
    invocation: sync
    listener: internal
    hosts: ["*.lb.example.com"]
    multi_value_headers: true
    x_forwarded_for: preserve
    health_check: {path: /h, interval: 20s, timeout: 5s, matcher: "200-299", healthy_threshold: 3, unhealthy_threshold: 4}
    rules:
      api: {path: ["/api/*"], methods: [GET], headers: {x-beta: ["yes"]}, query: {debug: ["1"]}, function: page}
      old: {host: ["old.*"], redirect: {protocol: HTTPS, host: new.example.com, status: 302}}
    default: {status: 404, content_type: text/html, body: nothing}
  edge:
    type: lambda_edge
    invocation: sync
    listener: internal
    hosts: [www.example.com]
    distribution_id: E123
    domain_name: d1.cloudfront.net
    limits: {origin: {include_body: 64KiB, replaced_text: 64KiB}, viewer: {generated_response: 20KiB}}
    timeouts: {viewer: 20s, origin: 25s}
    behaviors:
      /images/*:
        origin: {url: "http://origin:8000", custom_headers: {x-o: "1"}, read_timeout: 10s, connection_attempts: 2}
        allowed_origins: ["http://other:8000"]
        viewer_request: page:1
        origin_request: {function: "page:2", include_body: true}
        cloudfront_headers: [CloudFront-Forwarded-Proto]
      "*": {origin: "http://origin:8000"}
  bus:
    type: eventbridge
    invocation: async
    listener: internal
    max_request_size: 256KiB
    rules:
      paid: {pattern: {source: [shop]}, function: audit, input_path: $.detail}
      all:
        pattern: {source: [{prefix: ""}]}
        targets: {one: {function: orders, input: {a: 1}}, two: page}
  destination:
    type: eventbridge
    invocation: async
    listener: public
    source: {http: /hooks/eventbridge}
    auth: {api_key: {header: x-key, value: "${TASK_KEY}"}}
    rules: {any: {function: audit}}
  inbox:
    type: sns
    invocation: async
    source: {sqs: {queue: alerts, region: eu-central-1, max_concurrency: 4}}
    topics: ["arn:aws:sns:eu-west-1:111122223333:alerts"]
    subscriptions: {a: {function: audit, filter_policy: {kind: [x]}, filter_policy_scope: MessageBody}}
  jobs:
    type: sqs
    invocation: async
    queue: arn:aws:sqs:eu-west-1:111122223333:jobs
    role_arn: arn:aws:iam::111122223333:role/poller
    function: audit
    batch_size: 100
    batching_window: 2s
    max_concurrency: 20
    filters: [{body: {kind: [resize]}}]
  uploads:
    type: s3
    invocation: async
    listener: public
    source: {http: /hooks/s3, sender: ceph}
    auth: {basic: {user: ceph, password: "${MINIO_TOKEN}"}}
    buckets: [photos]
    event_source: sender
    key_encoding: url
    notifications: {a: {events: ["s3:ObjectCreated:*"], prefix: a/, suffix: .jpg, function: audit}}
  pool:
    type: cognito
    invocation: sync
    listener: internal
    path: /pool
    user_pool: eu-west-1_abc
    timeout: 20s
    attempts: 2
    operations: {PreSignUp: page, CustomEmailSender: audit, PreTokenGeneration: {function: page, version: V2_0}}
"""
"""What the examples do not say."""

# --- what is compiled, comparable ------------------------------------------------------------------------------------

_LEAVES = (str, bytes, int, float, bool, type(None), IPv4Network, IPv6Network)
_NOT_COMPARED = {"place", "files", "raw"}
"""Where things stand, and the settings themselves."""


def fingerprint(thing: Any, seen: dict[int, tuple[int, Any]] | None = None) -> Any:
    """The structure of anything that is compiled, closures by their code and what they hold; equal where it works the same.

    `seen`: by identity the number of each thing, and the thing itself, so that no identity is used twice.
    """
    seen = {} if seen is None else seen
    if isinstance(thing, _LEAVES):
        return (type(thing).__name__, str(thing)) if not isinstance(thing, str | bytes) else thing
    if isinstance(thing, Enum):
        return str(thing)
    if id(thing) in seen:
        return ("seen", seen[id(thing)][0])
    seen[id(thing)] = len(seen), thing
    if isinstance(thing, re.Pattern):
        return ("pattern", thing.pattern, thing.flags)
    if isinstance(thing, TriggerType):
        return thing.name
    if isinstance(thing, type | types.BuiltinFunctionType | types.ModuleType):
        return repr(thing)
    if isinstance(thing, Mapping):
        return ("map", [(fingerprint(key, seen), fingerprint(value, seen)) for key, value in thing.items()])
    if isinstance(thing, frozenset | set):
        return ("set", sorted(repr(fingerprint(item, {})) for item in thing))
    if isinstance(thing, Sequence):
        return ("list", [fingerprint(item, seen) for item in thing])
    return _of_object(thing, seen)


def _of_object(thing: Any, seen: dict[int, tuple[int, Any]]) -> Any:
    if isinstance(thing, functools.partial):
        return ("partial", fingerprint((thing.func, thing.args, thing.keywords), seen))
    if isinstance(thing, types.MethodType):
        return ("method", fingerprint((thing.__func__, thing.__self__), seen))
    if isinstance(thing, types.FunctionType):
        cells = [cell.cell_contents for cell in thing.__closure__ or ()]
        return ("function", _of_code(thing.__code__), fingerprint([cells, thing.__defaults__, thing.__kwdefaults__], seen))
    if is_dataclass(thing):
        names = [field.name for field in fields(thing) if field.name not in _NOT_COMPARED]
    else:
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        names = [*slots, *getattr(thing, "__dict__", ())]
    if not names:
        assert " at 0x" not in repr(thing), f"{type(thing)} cannot be compared"
        return repr(thing)
    held = [(name, getattr(thing, name)) for name in names if hasattr(thing, name)]
    return (type(thing).__qualname__, [(name, fingerprint(value, seen)) for name, value in held])


def _of_code(code: types.CodeType) -> Any:
    constants = [_of_code(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts]
    return (code.co_qualname, code.co_code, constants, code.co_names)


# --- mutations -------------------------------------------------------------------------------------------------------


@cache
def words() -> tuple[str, ...]:
    """What may stand somewhere in a configuration: every constant of the schema, and values of every form."""
    found = {"none", "true", "false", "null", "", "0", "1", "2", "-1", "1.5", "100000", "0s", "1ms", "5s", "30m", "9h", "1B"}
    found |= {"64KiB", "1GiB", "/other", "other", "orders:live", "http://127.0.0.1:1", "unix:/run/x", "0.0.0.0:1", "${X}"}
    found |= {f"arn:aws:{each}" for each in ("lambda:eu-west-1:111122223333:function:f:3", "sqs:eu-west-1:111122223333:q.fifo")}
    pending: list[Any] = [*documents().values()]
    while pending:
        piece = pending.pop()
        if isinstance(piece, dict):
            found |= {str(each) for each in piece.get("enum", ()) if isinstance(piece.get("enum"), list)}
            found |= {str(each) for each in piece.get("examples", ()) if isinstance(each, str | int)}
            pending += piece.values()
        elif isinstance(piece, list):
            pending += piece
    return tuple(sorted(found))


Mutate = Callable[[yaml.Node], None]
Mutation = tuple[str, Mutate]
"""What is done, for the failure's message; and a function that does it to a copy of the tree."""


def nodes(root: yaml.Node) -> list[yaml.Node]:
    """Every node once, in the order of the file."""
    found: dict[int, yaml.Node] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        if id(node) not in found:
            found[id(node)] = node
            if isinstance(node, yaml.MappingNode):
                pending += [part for pair in reversed(node.value) for part in reversed(pair)]
            elif isinstance(node, yaml.SequenceNode):
                pending += reversed(node.value)
    return list(found.values())


def places(root: yaml.Node) -> Iterator[tuple[int, int, str]]:
    """Index of a map or list, index in it, and what may be done there."""
    for number, node in enumerate(nodes(root)):
        if isinstance(node, yaml.MappingNode):
            actions = ("remove", "rename", "misspell", "double", "swap", "lift", "sink", "change")
        elif isinstance(node, yaml.SequenceNode):
            actions = ("remove", "double", "swap", "change")
        else:
            continue
        for index in range(len(node.value)):
            yield from ((number, index, action) for action in actions)


def mutated(root: yaml.Node, number: int, index: int, action: str, word: str) -> tuple[str, yaml.Node] | None:
    """What was done and the changed copy; None: it cannot be done there."""
    root = deepcopy(root)
    node = nodes(root)[number]
    pairs = isinstance(node, yaml.MappingNode)
    here = node.value[index]
    key, value = here if pairs else (None, here)
    name = key.value if key is not None else str(index)
    siblings = [other for other, _ in node.value] if pairs else []
    if action == "remove":
        del node.value[index]
    elif action == "rename" and len(siblings) > 1:
        node.value[index] = (_scalar(siblings[index - 1].value), value)
    elif action == "misspell" and key is not None:
        node.value[index] = (_scalar(f"{key.value}x"), value)
    elif action == "double":
        node.value.insert(index, (_scalar(f"{name}2"), value) if pairs else value)
    elif action == "swap" and index:
        node.value[index - 1], node.value[index] = node.value[index], node.value[index - 1]
    elif action == "lift" and isinstance(value, yaml.MappingNode) and value.value:
        node.value.append(value.value.pop(0))
    elif action == "sink" and index and isinstance(node.value[index - 1][1], yaml.MappingNode):
        node.value[index - 1][1].value.append(node.value.pop(index))
    elif action == "change" and isinstance(value, yaml.ScalarNode) and value.value != word:
        new = _scalar(word)
        node.value[index] = (key, new) if pairs else new
    else:
        return None
    return f"{action} {name} ({word})", root


def _scalar(text: str) -> yaml.ScalarNode:
    plain = bool(text) and not re.search(r"[:#{}\[\],&*!|>'\"%@`\s]|^[-?]", text)
    return yaml.ScalarNode(
        yaml.resolver.Resolver().resolve(yaml.ScalarNode, text, (plain, False)), text, style=None if plain else '"'
    )


# --- the promise -----------------------------------------------------------------------------------------------------


class Instead(LocalFiles):
    """The files of the examples, one of them with another content."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text

    def read(self, path: str) -> bytes:
        return self.text.encode() if path == self.path else super().read(path)


@cache
def original(path: str) -> tuple[yaml.Node, Loaded, Any]:
    """The tree of an example, what it loads to, and the fingerprint of that; without its tests, which nothing compiles."""
    text = EVERYTHING if path == OURS else (ROOT / path).read_text(encoding="utf-8")
    root = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    root.value = [(key, value) for key, value in root.value if key.value != "tests"]
    found = loaded(path, root)
    assert found.config is not None, found.problems
    return root, found, fingerprint(found.config)


def loaded(path: str, root: yaml.Node) -> Loaded:
    where = str(ROOT / path)
    return load(
        [where],
        files=Instead(where, yaml.serialize(root, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))),
        env=ENV,
        now=NOW,
    )


def told(found: Loaded) -> Counter[tuple[str, str]]:
    return Counter((problem.code, problem.message) for problem in found.problems)


def ignored(path: str, root: yaml.Node) -> Any:
    """The difference in the settings that was neither reported nor honoured; None: there is none."""
    _, before, compiled = original(path)
    after = loaded(path, root)
    if told(after) - told(before) or told(before) - told(after):
        return None
    assert after.config is not None
    assert before.config is not None
    one, other = canonical(before.config.raw), canonical(after.config.raw)
    return None if one == other or fingerprint(after.config) != compiled else difference(one, other)


def canonical(raw: Any) -> Any:
    """Settings without triggers that are left out, and with what stands for nothing written in its place."""
    raw = json.loads(json.dumps(raw, default=str))
    raw["triggers"] = {name: _spelled(trigger) for name, trigger in raw["triggers"].items() if trigger["enabled"]}
    return raw


def _spelled(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {name: _UNWRITTEN.get(name) if value is None else _spelled(value) for name, value in thing.items()}
    return [_spelled(item) for item in thing] if isinstance(thing, list) else thing


_UNWRITTEN = {"auth": "none", "bus": "default"}
"""What means the same as nothing: who may be called by strangers says so, and the default bus has a name."""


def difference(one: Any, other: Any, path: tuple[str, ...] = ()) -> Any:
    """Where settings first differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *other]:
            if one.get(key) != other.get(key):
                return difference(one.get(key), other.get(key), (*path, key))
    return path, one, other


@pytest.mark.parametrize("path", [*EXAMPLES, OURS])
def test_what_is_the_same_is_compiled_to_the_same(path: str) -> None:
    root, before, compiled = original(path)
    again = loaded(path, deepcopy(root))
    assert (told(again), fingerprint(again.config)) == (told(before), compiled)


@pytest.mark.parametrize("path", [*EXAMPLES, OURS])
def test_a_mutation_is_reported_or_honoured(path: str) -> None:
    root = original(path)[0]
    everywhere = [*places(root)]

    @settings(max_examples=12, deadline=None)
    @given(st.sampled_from(everywhere), st.sampled_from(words()))
    def check(place: tuple[int, int, str], word: str) -> None:
        changed = mutated(root, *place, word)
        assert changed is None or ignored(path, changed[1]) is None, changed[0]

    check()


@pytest.mark.slow
@pytest.mark.parametrize("path", [*EXAMPLES, OURS])
def test_every_place_of_a_configuration_counts(path: str) -> None:
    """Of the long configuration every seventh place: 7 has no divisor in common with the number of actions."""
    root, words_in_turn = original(path)[0], random.Random(path)
    chosen = [*places(root)][:: 7 if path == OURS else 1]
    changes = [mutated(root, *place, words_in_turn.choice(words())) for place in chosen]
    unnoticed = {change[0]: difference for change in changes if change is not None if (difference := ignored(path, change[1]))}
    assert unnoticed == {}
