"""Whatever comes, the verdicts on a trigger's routes name exactly those that its conversation takes."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.batches import Batch, Message
from router.fakes import FakeStream, request
from router.model import OriginResponse, Request, RouteVerdict

quick = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
Make = Callable[..., Any]

SEGMENTS = st.lists(st.sampled_from(["", "a", "b", "{x}", "%61", "..", "a%2Fb", "é"]), max_size=4)
PATHS = SEGMENTS.map(lambda parts: "/" + "/".join(parts).replace("{x}", "x"))
METHODS = st.sampled_from(["GET", "POST", "OPTIONS", "PROPFIND", "ANY", "TRACE"])
HEADERS = st.lists(
    st.sampled_from(
        [
            ("Host", "a.example.com"),
            ("X-Beta", "Yes"),
            ("X-Beta", "no"),
            ("Origin", "https://a"),
            ("Access-Control-Request-Method", "GET"),
            ("X-HTTP-Method-Override", "get"),
        ]
    ),
    max_size=4,
)
REQUESTS = st.builds(
    lambda method, path, query, headers: request(method, f"{path}?{query}" if query else path, headers),
    METHODS,
    PATHS,
    st.sampled_from(["", "debug=1", "Debug=0&debug=1", "a=|", "x"]),
    HEADERS,
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | st.sampled_from(["", "x", "shop", "high"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def judged(door: Any, given: Request | Batch) -> list[Any]:
    """The verdicts, each about a declared route; a miss names its predicate, and no subject has two verdicts on one route.

    Where a type finds the matching ones without a look at every route, they are the same.
    """
    declared = {route.name for route in door.type.routes(door.settings)}
    verdicts = door.type.judge(door.built, given)
    assert {verdict.route for verdict in verdicts} <= declared
    assert [verdict for verdict in verdicts if verdict.matched is bool(verdict.predicate)] == []
    assert len({(verdict.subject, verdict.route) for verdict in verdicts}) == len(verdicts)
    if door.type.matches is not None:
        assert sorted(door.type.matches(door.built, given), key=repr) == sorted(filter(_matched, verdicts), key=repr)
    return list(verdicts)


def _matched(verdict: RouteVerdict) -> bool:
    return verdict.matched


def matched(door: Any, given: Request | Batch) -> Counter[str]:
    return Counter(verdict.route for verdict in judged(door, given) if verdict.matched)


def called(door: Any, asked: Request) -> Counter[str]:
    """What a request becomes, by the name of the function, which is the route's."""
    door.send(asked)
    return Counter(
        [step.target.function.name for step in door.invoked] + [each.target.function.name for each in accepted(door)]
    )


def accepted(door: Any) -> list[Any]:
    return [acceptance for commit in door.accepted for acceptance in commit]


def functions(door: Any, routes: Counter[str]) -> Counter[str]:
    """Routes by their functions; what answers by itself has none."""
    names = {route.name: route.functions for route in door.type.routes(door.settings)}
    return Counter({name: number for route, number in routes.items() for name in names[route]})


def batch(bodies: list[str], **fields: Any) -> Batch:
    messages = tuple(Message(f"handle {at}", body, {}, f"id-{at}", **fields) for at, body in enumerate(bodies))
    return Batch(messages, "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "Root=1-6a514b28-0123456789abcdef01234567", 1.0, "arn:q")


# --- HTTP front doors ------------------------------------------------------------------------------------------------

KEYS = st.lists(
    st.builds(
        lambda method, parts, greedy: f"{method} /" + "/".join([*parts, *(["{rest+}"] if greedy else [])]),
        st.sampled_from(["ANY", "GET", "POST", "OPTIONS"]),
        st.lists(st.sampled_from(["a", "b"]), max_size=2) | st.sampled_from([["{x}"], ["a", "{x}"], ["{x}", "b"]]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@quick
@given(KEYS, st.booleans(), REQUESTS)
def test_rest_apis(door: Make, keys: list[str], async_: bool, asked: Request) -> None:
    routes = {key: f"f{index}" for index, key in enumerate(keys)}
    base = {"type": "api_gateway", "api": "rest", "stage": "prod", "base_path": "/"}
    api = door(base | {"invocation": "async" if async_ else "sync", "routes": routes})
    assert functions(api, matched(api, asked)) == called(api, asked)


@quick
@given(KEYS, st.booleans(), st.booleans(), REQUESTS)
def test_http_apis(door: Make, keys: list[str], default: bool, cors: bool, asked: Request) -> None:
    routes = {key: f"f{index}" for index, key in enumerate(keys + ["$default"] * default)}
    more = {"cors": {"allow_origins": ["*"], "allow_methods": ["GET"]}} if cors else {}
    api = door({"type": "api_gateway", "api": "http", "routes": routes} | more)
    assert functions(api, matched(api, asked)) == called(api, asked)


@quick
@given(st.booleans(), REQUESTS)
def test_load_balancers(door: Make, default: bool, asked: Request) -> None:
    rules = {
        "moved": {"path": "/a", "query": {"debug": "1"}, "redirect": {"path": "/b"}},
        "beta": {"headers": {"x-beta": ["yes"]}, "methods": ["GET"], "function": "beta"},
        "hosted": {"host": ["*.example.com"], "path": ["/a/*", "/?"], "function": "hosted"},
        "known": {"source_ip": ["203.0.113.0/24"], "query": {"*": ["*1"]}, "function": "known"},
    }
    balancer = door({"type": "alb", "rules": rules} | ({"default": {"function": "rest"}} if default else {}))
    assert functions(balancer, matched(balancer, asked)) == called(balancer, asked)


PATTERNS = ["/a", "/a/*", "b*", "/?", "*"]


@quick
@given(
    st.lists(st.sampled_from(PATTERNS), min_size=1, unique=True).map(lambda some: sorted(some, key=PATTERNS.index)), REQUESTS
)
def test_distributions(door: Make, patterns: list[str], asked: Request) -> None:
    behaviors = {
        pattern: {"origin": {"url": "http://origin.internal"}, "viewer_request": f"f{index}:1"}
        for index, pattern in enumerate(patterns)
    }
    edge = door({"type": "lambda_edge", "behaviors": behaviors}, origin=OriginResponse(200, "OK", [], FakeStream()))
    assert Counter(name.partition(":")[0] for name in functions(edge, matched(edge, asked)).elements()) == called(edge, asked)


@quick
@given(st.booleans(), REQUESTS)
def test_function_urls(door: Make, cors: bool, asked: Request) -> None:
    url = door({"type": "function_url", "function": "f"} | ({"cors": {"allow_origins": ["*"]}} if cors else {}))
    assert functions(url, matched(url, asked)) == called(url, asked)


# --- calls and tasks -------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        *("orders", "thumbs", "nobody", "111122223333:orders", "444455556666:orders", "orders:live", "", "a b"),
        "arn:aws:lambda:eu-west-1:111122223333:function:thumbs",
        "arn:aws:lambda:us-east-1:111122223333:function:orders",
    ]
)


@quick
@given(
    NAMES,
    METHODS,
    st.sampled_from(["invocations", "invoke-async", "configuration"]),
    st.lists(st.sampled_from([("X-Amz-Invocation-Type", "Event"), ("X-Amz-Invocation-Type", "No"), ("X-Amz-Tenant-Id", "{")])),
    st.sampled_from([b"", b"{}", b"{"]),
)
def test_the_invoke_api(door: Make, name: str, method: str, operation: str, headers: list[Any], body: bytes) -> None:
    api = door({"type": "lambda_api", "functions": ["orders", "thumbs"], "invocation": ["sync", "async"]})
    asked = request(method, f"/2015-03-31/functions/{name}/{operation}", headers, body)
    assert functions(api, matched(api, asked)) == called(api, asked)


EVENT = json.loads((Path(__file__).parent.parent / "events" / "cognito" / "pre_sign_up.event.json").read_text())
SOURCES = st.sampled_from(["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp", "CustomEmailSender_SignUp", "No_Such"])


@quick
@given(st.dictionaries(st.sampled_from(sorted(EVENT)), VALUES, max_size=2), SOURCES | st.none(), METHODS)
def test_user_pools(door: Make, changes: dict[str, Any], source: str | None, method: str) -> None:
    operations = {name: name for name in ("PreSignUp", "PostConfirmation", "CustomEmailSender")}
    pool = door({"type": "cognito", "path": "/pool", "user_pool": EVENT["userPoolId"], "operations": operations})
    event = EVENT | changes | ({"triggerSource": source} if source else {})
    asked = request(method, "/pool", [], json.dumps(event).encode())
    assert functions(pool, matched(pool, asked)) == called(pool, asked)


TEXTS = VALUES.map(json.dumps) | st.sampled_from(["", "{", "a=1", "\ud800"])


@quick
@given(TEXTS, METHODS, st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain"]))
def test_http_tasks(door: Make, body: str, method: str, content_type: str) -> None:
    task = door({"type": "step_functions", "path": "/task", "function": "f"})
    asked = request(method, "/task?a=1", [("Content-Type", content_type)], body.encode("utf-8", "replace"))
    assert functions(task, matched(task, asked)) == called(task, asked)


@quick
@given(TEXTS)
def test_activities(door: Make, text: str) -> None:
    worker = door({"type": "step_functions", "activity": "arn:aws:states:eu-west-1:111122223333:activity:a", "function": "f"})
    found = matched(worker, batch([text]))
    worker.settle(batch([text]))
    assert found.total() == len(worker.invoked)


# --- events ----------------------------------------------------------------------------------------------------------

RULES = {
    "paid": {"pattern": {"source": ["shop"], "detail": {"a": [{"numeric": [">", 0]}]}}, "function": "f"},
    "some": {"pattern": {"detail": {"a": {"b": [{"exists": False}]}, "b": ["x", None, 1]}}, "function": "f"},
    "either": {"pattern": {"$or": [{"source": [{"prefix": "s"}]}, {"detail-type": ["x"], "id": ["x"]}]}, "function": "f"},
    "made": {
        "pattern": {"source": [{"exists": True}]},
        "targets": {"one": {"function": "f"}, "two": {"function": "f", "input_path": "$.detail"}},
    },
}
DETAILS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
ENTRIES = st.fixed_dictionaries(
    {"Source": st.sampled_from(["shop", "mill", "aws.s3", ""]), "DetailType": st.sampled_from(["x", "y"])},
    optional={
        "Detail": DETAILS.map(json.dumps) | VALUES.map(json.dumps),
        "EventBusName": st.sampled_from(["default", "other"]),
    },
)


@quick
@given(st.lists(ENTRIES, max_size=11), st.sampled_from(["PutEvents", "TestEventPattern", "PutRule", ""]))
def test_buses(door: Make, entries: list[Any], operation: str) -> None:
    bus = door({"type": "eventbridge", "auth": "none", "rules": RULES})
    asked = request("POST", "/", [("X-Amz-Target", f"AWSEvents.{operation}")], json.dumps({"Entries": entries}).encode())
    found = matched(bus, asked)
    bus.send(asked)
    assert found == Counter(acceptance.route for acceptance in accepted(bus))


DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"source": SCALARS, "detail-type": SCALARS, "detail": DETAILS | VALUES, "id": SCALARS}
)


@quick
@given(st.lists(DOCUMENTS.map(json.dumps) | TEXTS, min_size=1, max_size=3))
def test_buses_that_take_events_of_another(door: Make, texts: list[str]) -> None:
    hook = door({"type": "eventbridge", "auth": "none", "source": {"http": "/hook"}, "rules": RULES})
    queue = door({"type": "eventbridge", "source": {"sqs": "events"}, "rules": RULES})
    asked = request("POST", "/hook", [], texts[0].encode("utf-8", "surrogatepass"))
    found = matched(hook, asked), matched(queue, batch(texts))
    hook.send(asked)
    queue.settle(batch(texts))
    assert found == tuple(Counter(acceptance.route for acceptance in accepted(each)) for each in (hook, queue))


NOTIFICATIONS = {
    "images": {"events": ["s3:ObjectCreated:*"], "prefix": "images/", "suffix": ".jpg", "function": "f"},
    "gone": {"events": ["s3:ObjectRemoved:Delete", "s3:ObjectCreated:Put"], "function": "f"},
}
RECORDS = st.builds(
    lambda name, bucket, key: {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": "1"}}},
    st.sampled_from(["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRemoved:Delete", "s3:ObjectCreated:Post"]),
    st.sampled_from(["photos", "other"]),
    st.sampled_from(["images/a.jpg", "images%2Fa.jpg", "a.jpg", "images/a.png"]),
)
S3_BODIES = st.lists(RECORDS, max_size=3).map(lambda records: json.dumps({"Records": records})) | st.sampled_from(
    ['{"Event": "s3:TestEvent"}', "[]", "{", '{"Records": [1]}']
)


@quick
@given(st.lists(S3_BODIES, min_size=1, max_size=3), METHODS)
def test_buckets(door: Make, bodies: list[str], method: str) -> None:
    base = {"type": "s3", "buckets": ["photos"], "notifications": NOTIFICATIONS}
    hook, queue = door(base | {"source": {"http": "/s3"}, "auth": "none"}), door(base | {"source": {"sqs": "changes"}})
    asked = request(method, "/s3", [], bodies[0].encode())
    found = matched(hook, asked), matched(queue, batch(bodies))
    hook.send(asked)
    queue.settle(batch(bodies))
    assert found == tuple(Counter(acceptance.route for acceptance in accepted(each)) for each in (hook, queue))


SUBSCRIPTIONS = {
    "page": {"function": "f", "filter_policy": {"severity": ["high"], "n": [{"numeric": ["<", 2]}]}},
    "body": {"function": "f", "filter_policy": {"a": {"b": ["x"]}}, "filter_policy_scope": "MessageBody"},
    "audit": {"function": "f"},
}
TOPICS = st.sampled_from(["arn:aws:sns:eu-west-1:111122223333:alerts", "arn:aws:sns:eu-west-1:111122223333:other"])
SEVERITIES = st.sampled_from([{"Type": "String", "Value": "high"}, {"Type": "String.Array", "Value": '["low", "high"]'}])
NUMBERS = st.sampled_from([{"Type": "Number", "Value": "1"}, {"Type": "Number", "Value": "x"}, {"Type": "Binary", "Value": ""}])
SNS = st.builds(
    lambda type, topic, text, attributes: json.dumps(
        {"Type": type, "MessageId": "m-1", "TopicArn": topic, "Message": text, "Timestamp": "2026-03-01T02:00:00.000Z"}
        | {"Token": "t", "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/", "MessageAttributes": attributes}
    ),
    st.sampled_from(["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation", "Other"]),
    TOPICS,
    VALUES.map(json.dumps),
    st.fixed_dictionaries({}, optional={"severity": SEVERITIES, "n": NUMBERS}),
)


@quick
@given(st.lists(SNS | TEXTS, min_size=1, max_size=3), METHODS, st.booleans(), st.booleans())
def test_topics(door: Make, bodies: list[str], method: str, is_raw: bool, allow_raw: bool) -> None:
    base = {"type": "sns", "topics": ["arn:aws:sns:eu-west-1:111122223333:alerts"], "subscriptions": SUBSCRIPTIONS}
    proof = {"signature": {"verify": False, "allow_raw": allow_raw}, "auth": {"bearer": "secret"}}
    hook, queue = door(base | {"source": {"http": "/sns"}} | proof), door(base | {"source": {"sqs": "inbox"}})
    headers = [("x-amz-sns-rawdelivery", "true"), ("x-amz-sns-message-id", "m-1"), ("x-amz-sns-topic-arn", base["topics"][0])]
    pairs = [("Authorization", "Bearer secret"), *(headers if is_raw else [])]
    asked = request(method, "/sns", pairs, bodies[0].encode("utf-8", "surrogatepass"))
    found = matched(hook, asked), matched(queue, batch(bodies))
    hook.send(asked)
    queue.settle(batch(bodies))
    assert found == tuple(Counter(acceptance.route for acceptance in accepted(each)) for each in (hook, queue))


FILTERS = st.lists(
    st.sampled_from(
        [
            {"body": {"a": ["x"]}},
            {"body": ["x", {"prefix": "s"}]},
            {"messageId": ["id-0"]},
            {"body": {"b": [{"exists": False}]}},
        ]
    ),
    max_size=3,
)


@quick
@given(FILTERS, st.lists(TEXTS | st.sampled_from(["x", "shop"]), min_size=1, max_size=3))
def test_queues(door: Make, filters: list[Any], bodies: list[str]) -> None:
    jobs = door({"type": "sqs", "queue": "arn:aws:sqs:eu-west-1:111122223333:jobs", "function": "f", "filters": filters})
    found = matched(jobs, batch(bodies))
    jobs.settle(batch(bodies))
    assert found.total() == sum(len(json.loads(step.payload)["Records"]) for step in jobs.invoked)


@quick
@given(st.lists(st.sampled_from(["report", "beat"]), min_size=1, max_size=3))
def test_schedules(door: Make, due: list[str]) -> None:
    entry = {"expression": "rate(1 minute)", "function": "f"}
    schedule = door({"type": "schedule", "schedules": {"report": entry, "beat": entry}})
    came = Batch(tuple(Message("h", "2026-03-01T02:00:00Z", group=name) for name in due), "id", "trace", 1.0)
    found = matched(schedule, came)
    schedule.settle(came)
    assert found == Counter(acceptance.route for acceptance in accepted(schedule))
