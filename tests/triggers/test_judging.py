"""Verdicts in words: for each type the first predicate that failed, what it wanted, and what came."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.batches import Batch, Message
from router.deliveries import MAX_EVENT
from router.fakes import request
from router.model import DeclaredRoute, RouteVerdict
from router.triggers import TYPES

Make = Callable[..., Any]

SHOP = {
    "type": "api_gateway",
    "api": "http",
    "routes": {
        "GET /orders/{id}": "orders",
        "ANY /orders/{rest+}": {"function": "rest:live"},
        "POST /orders": {"function": "create", "invocation": "async"},
        "$default": "front",
    },
}


def said(door: Any, given: Any) -> list[tuple[Any, ...]]:
    """Route, predicate, wanted, got, number of predicates that fit; of a match the route alone."""
    verdicts: list[RouteVerdict] = door.type.judge(door.built, given)
    return [
        (each.route,) if each.matched else (each.route, each.predicate, each.wanted, each.got, each.fitted) for each in verdicts
    ]


def batch(*bodies: str, group: str | None = None) -> Batch:
    messages = tuple(Message(f"handle {body}", body, {}, f"id {body}", group) for body in bodies)
    return Batch(messages, "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "Root=1-6a514b28-0123456789abcdef01234567", 1.0, "arn:q")


def test_every_type_judges() -> None:
    assert [name for name, type in TYPES.items() if type.routes is None or type.judge is None] == []


def test_declared_routes_of_an_api(door: Make) -> None:
    shop = door(SHOP)
    assert shop.type.routes(shop.settings) == [
        DeclaredRoute("GET /orders/{id}", ("routes", "GET /orders/{id}"), ("orders",), "sync"),
        DeclaredRoute("ANY /orders/{rest+}", ("routes", "ANY /orders/{rest+}"), ("rest:live",), "sync"),
        DeclaredRoute("POST /orders", ("routes", "POST /orders"), ("create",), "async"),
        DeclaredRoute("$default", ("routes", "$default"), ("front",), "sync"),
    ]


def test_an_api(door: Make) -> None:
    shop = door(SHOP)
    assert said(shop, request("GET", "/orders/7")) == [
        ("GET /orders/{id}",),
        ("ANY /orders/{rest+}", "precedence", "the most specific route", "GET /orders/{id}", 3),
        ("POST /orders", "path segment 2", "the end of the path", "7", 1),
        ("$default", "precedence", "no other route that fits", "GET /orders/{id}", 0),
    ]
    assert said(shop, request("PUT", "/order")) == [
        ("GET /orders/{id}", "path segment 1", "orders", "order", 0),
        ("ANY /orders/{rest+}", "path segment 1", "orders", "order", 1),
        ("POST /orders", "path segment 1", "orders", "order", 1),
        ("$default",),
    ]
    assert said(shop, request("GET", "/orders"))[2] == ("POST /orders", "method", "POST", "GET", 2)
    assert said(shop, request("GET", "/orders/"))[0] == (
        "GET /orders/{id}",
        "path segment 2",
        "any text",
        "an empty segment",
        3,
    )


def test_a_preflight_is_nobodys(door: Make) -> None:
    shop = door(SHOP | {"cors": {"allow_origins": ["*"]}})
    asked = request("OPTIONS", "/orders", [("Origin", "https://a"), ("Access-Control-Request-Method", "POST")])
    wanted = "no CORS preflight: the gateway answers those itself"
    assert {verdict[1:4] for verdict in said(shop, asked)} == {("method", wanted, "OPTIONS")}
    url = door({"type": "function_url", "function": "f", "cors": {"allow_origins": ["*"]}})
    assert said(url, asked) == [("", "method", "no CORS preflight: the URL answers those itself", "OPTIONS", 0)]


def test_what_a_rest_api_refuses_before_it_looks_at_routes(door: Make) -> None:
    api = door({"type": "api_gateway", "api": "rest", "stage": "prod", "routes": {"GET /a": "f"}})
    assert said(api, request("GET", "/prod/a?x={")) == [
        ("GET /a", "request", "one that is taken", "the query holds one of | { } ;", 0)
    ]
    assert said(api, request("POST", "/prod/a", [("X-HTTP-Method-Override", "get")])) == [("GET /a",)]


def test_a_load_balancer(door: Make) -> None:
    rules = {
        "beta": {"headers": {"X-Beta": ["yes", "1"]}, "query": {"debug": "1"}, "path": "/api/*", "function": "beta"},
        "inside": {"source_ip": ["10.0.0.0/8"], "host": "*.internal", "function": "inside"},
        "api": {"path": ["/api/*", "/v?/*"], "methods": "GET", "function": "api"},
    }
    balancer = door({"type": "alb", "rules": rules, "default": {"status": 404}})
    assert [(route.name, route.path, route.functions) for route in balancer.type.routes(balancer.settings)] == [
        ("beta", ("rules", "beta"), ("beta",)),
        ("inside", ("rules", "inside"), ("inside",)),
        ("api", ("rules", "api"), ("api",)),
        ("$default", ("default",), ()),
    ]
    assert said(balancer, request("GET", "/api/x?debug=0", [("Host", "a.example.com"), ("x-beta", "no"), ("x-beta", "1")])) == [
        ("beta", "query debug", "1", "0", 2),
        ("inside", "host", "*.internal", "a.example.com", 0),
        ("api",),
        ("$default", "precedence", "the first rule that fits", "api", 0),
    ]
    assert said(balancer, request("POST", "/v1/x")) == [
        ("beta", "path", "/api/*", "/v1/x", 0),
        ("inside", "host", "*.internal", "localhost", 0),
        ("api", "method", "GET", "POST", 1),
        ("$default",),
    ]
    assert said(balancer, request("TRACE", "/"))[0] == ("beta", "request", "one that is taken", "TRACE is not taken", 0)


def test_a_distribution(door: Make) -> None:
    origin = {"url": "http://origin.internal"}
    behaviors = {
        "images/*": {"origin": origin, "viewer_request": "auth:3", "origin_response": "headers:2"},
        "*": {"origin": origin},
    }
    edge = door({"type": "lambda_edge", "behaviors": behaviors})
    assert edge.type.routes(edge.settings) == [
        DeclaredRoute("images/*", ("behaviors", "images/*"), ("auth:3", "headers:2")),
        DeclaredRoute("*", ("behaviors", "*"), ()),
    ]
    assert said(edge, request("GET", "/public/../im%61ges/a")) == [
        ("images/*",),
        ("*", "precedence", "the first rule that fits", "images/*", 1),
    ]
    assert said(edge, request("GET", "/b")) == [("images/*", "path", "/images/*", "/b", 0), ("*",)]
    assert said(edge, request("ANY", "/b"))[1][:3] == ("*", "request", "one that is taken")


def test_the_invoke_api(door: Make) -> None:
    api = door({"type": "lambda_api", "functions": ["orders", "thumbs"]})
    assert api.type.routes(api.settings) == [
        DeclaredRoute("orders", ("functions", 0), ("orders",)),
        DeclaredRoute("thumbs", ("functions", 1), ("thumbs",)),
    ]
    path = "/2015-03-31/functions/{}/invocations"
    assert said(api, request("POST", path.format("orders"))) == [("orders",), ("thumbs", "function", "thumbs", "orders", 1)]
    assert said(api, request("POST", path.format("order")))[0] == ("orders", "function", "orders", "order", 1)
    refused = "The invocation type Event is not taken here: this endpoint is declared with `invocation: sync`."
    event = [("X-Amz-Invocation-Type", "Event")]
    assert said(api, request("POST", path.format("orders"), event)) == [
        ("orders", "request", "one that is taken", refused, 1),
        ("thumbs", "function", "thumbs", "orders", 0),
    ]
    assert said(api, request("POST", path.format("orders"), body=b"{"))[0][1:3] == ("request", "one that is taken")
    everything = door({"type": "lambda_api", "functions": "all"})
    assert everything.type.routes(everything.settings) == [DeclaredRoute("", ("functions",), ())]
    assert said(everything, request("POST", path.format("orders"))) == [("", "function", "one that is declared", "orders", 1)]


def test_a_user_pool(door: Make) -> None:
    operations = {
        "PostConfirmation": "welcome",
        "CustomSMSSender": "text",
        "PreTokenGeneration": {"function": "claims", "version": "V2_0"},
    }
    pool = door({"type": "cognito", "path": "/pool", "user_pool": "eu-west-1_abc", "operations": operations})
    assert pool.type.routes(pool.settings) == [
        DeclaredRoute("PostConfirmation", ("operations", "PostConfirmation"), ("welcome",), "sync"),
        DeclaredRoute("CustomSMSSender", ("operations", "CustomSMSSender"), ("text",), "async"),
        DeclaredRoute("PreTokenGeneration", ("operations", "PreTokenGeneration"), ("claims",), "sync"),
    ]
    event = {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_xyz",
        "userName": "u",
        "callerContext": {"awsSdkVersion": "1", "clientId": "c"},
        "request": {"userAttributes": {}},
    }
    asked = request("POST", "/pool", body=json.dumps(event).encode())
    confirmation, _, token = said(pool, asked)
    assert confirmation == ("PostConfirmation", "event", "one that is taken", "event.userPoolId is not eu-west-1_abc.", 1)
    assert token[1] == "triggerSource"
    assert token[2].startswith("TokenGeneration_HostedAuth or TokenGeneration_Authentication or ")
    assert token[3] == "PostConfirmation_ConfirmSignUp"
    assert {each[1:4] for each in said(pool, request("GET", "/pool"))} == {("method", "POST", "GET")}
    assert {each[1] for each in said(pool, request("POST", "/pool", body=b"["))} == {"request"}


def test_tasks(door: Make) -> None:
    task = door({"type": "step_functions", "path": "/task", "function": "f"})
    assert task.type.routes(task.settings) == [DeclaredRoute("", ("function",), ("f",))]
    assert said(task, request("PROPFIND", "/task"))[0][1] == "method"
    asked = request("POST", "/task", [("Content-Type", "text/plain")], b"x")
    assert said(task, asked) == [("", "body", "JSON or a form", "the body is text/plain; JSON or a form is wanted", 1)]
    worker = door({"type": "step_functions", "activity": "arn:aws:states:eu-west-1:111122223333:activity:a", "function": "f"})
    assert said(worker, batch("{}")) == [("",)]
    assert said(worker, batch("{"))[0][1:3] == ("input", "JSON")


RULES = {
    "paid": {
        "pattern": {"source": ["shop", {"prefix": "mill"}], "detail": {"total": [{"numeric": [">", 0, "<=", 10]}]}},
        "function": "billing",
    },
    "audit": {"pattern": {"source": [{"anything-but": ["test"]}]}, "targets": {"archive": {"function": "audit"}}},
}


def put(*entries: dict[str, Any], operation: str = "PutEvents") -> Any:
    return request("POST", "/", [("X-Amz-Target", f"AWSEvents.{operation}")], json.dumps({"Entries": entries}).encode())


def test_a_bus(door: Make) -> None:
    bus = door({"type": "eventbridge", "auth": "none", "rules": RULES})
    assert bus.type.routes(bus.settings) == [
        DeclaredRoute("paid", ("rules", "paid"), ("billing",)),
        DeclaredRoute("audit/archive", ("rules", "audit", "targets", "archive"), ("audit",)),
    ]
    entry = {"Source": "shop", "DetailType": "OrderPaid", "Detail": '{"total": -1}'}
    assert said(bus, put(entry)) == [
        ("paid", "detail.total", "numeric > 0 and <= 10", "-1", 1),
        ("audit/archive",),
    ]
    assert said(bus, put(entry | {"Source": "test", "Detail": "{}"})) == [
        ("paid", "source", '"shop" or prefix "mill"', '"test"', 0),
        ("audit/archive", "source", 'anything but "test"', '"test"', 0),
    ]
    assert said(bus, put(entry | {"Source": "x", "Detail": '{"total": 1}'}))[0] == (
        "paid",
        "source",
        '"shop" or prefix "mill"',
        '"x"',
        1,
    )
    assert {each[1:4] for each in said(bus, put(entry | {"EventBusName": "other"}))} == {("bus", "default", "other")}
    assert {each[1] for each in said(bus, put({**entry, "Detail": "[]"}))} == {"entry"}
    assert {each[1:4] for each in said(bus, put(entry, operation="PutRule"))} == {("operation", "PutEvents", "PutRule")}
    assert {each[1:4] for each in said(bus, put())} == {
        (
            "request",
            "one that is taken",
            "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint:"
            " Member must have length greater than or equal to 1",
        )
    }


def test_several_events_are_told_apart(door: Make) -> None:
    bus = door({"type": "eventbridge", "auth": "none", "rules": RULES})
    entries = [{"Source": source, "DetailType": "x", "Detail": "{}"} for source in ("test", "shop")]
    verdicts = bus.type.judge(bus.built, put(*entries))
    assert [(each.subject, each.route, each.matched) for each in verdicts] == [
        ("Entries[0]", "paid", False),
        ("Entries[0]", "audit/archive", False),
        ("Entries[1]", "paid", False),
        ("Entries[1]", "audit/archive", True),
    ]


def test_a_bus_behind_a_queue_or_a_path(door: Make) -> None:
    queue = door({"type": "eventbridge", "source": {"sqs": "events"}, "rules": RULES})
    assert said(queue, batch('{"source": "test"}', "[]")) == [
        ("paid", "source", '"shop" or prefix "mill"', '"test"', 0),
        ("audit/archive", "source", 'anything but "test"', '"test"', 0),
        ("paid", "event", "one that is taken", "the event is not a JSON object", 0),
        ("audit/archive", "event", "one that is taken", "the event is not a JSON object", 0),
    ]
    hook = door({"type": "eventbridge", "auth": "none", "source": {"http": "/hook"}, "rules": RULES})
    large = request("POST", "/hook", body=b" " * (MAX_EVENT + 1))
    assert {each[1:4] for each in said(hook, large)} == {
        ("request", "one that is taken", f"the request body exceeds {MAX_EVENT} bytes")
    }


NOTIFICATIONS = {"thumbs": {"events": ["s3:ObjectCreated:*"], "prefix": "images/", "suffix": ".jpg", "function": "thumbs"}}


@pytest.mark.parametrize(
    ("name", "bucket", "key", "verdict"),
    [
        ("ObjectCreated:Put", "photos", "images/a.jpg", ("thumbs",)),
        ("ObjectCreated:Put", "other", "images/a.jpg", ("thumbs", "bucket", "photos", "other", 3)),
        (
            "ObjectRemoved:Delete",
            "photos",
            "images/a.jpg",
            ("thumbs", "event", "s3:ObjectCreated:*", "s3:ObjectRemoved:Delete", 3),
        ),
        ("ObjectCreated:Put", "photos", "image/a.jpg", ("thumbs", "prefix", "images/", "image/a.jpg", 3)),
        ("ObjectCreated:Put", "photos", "notes.txt", ("thumbs", "prefix", "images/", "notes.txt", 2)),
        ("ObjectCreated:Put", "photos", "images/a.png", ("thumbs", "suffix", ".jpg", "images/a.png", 3)),
    ],
)
def test_a_bucket(door: Make, name: str, bucket: str, key: str, verdict: tuple[Any, ...]) -> None:
    settings = {"source": {"http": "/s3"}, "auth": "none", "buckets": ["photos"], "notifications": NOTIFICATIONS}
    hook = door({"type": "s3", **settings})
    record = {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": "1"}}}
    assert said(hook, request("POST", "/s3", body=json.dumps({"Records": [record]}).encode())) == [verdict]


def test_what_is_no_change_of_an_object(door: Make) -> None:
    hook = door({"type": "s3", "source": {"http": "/s3"}, "auth": "none", "notifications": NOTIFICATIONS})
    tested = request("POST", "/s3", body=b'{"Event": "s3:TestEvent"}')
    assert said(hook, tested) == [("thumbs", "event", "a change of an object", "s3:TestEvent", 0)]
    assert said(hook, request("PUT", "/s3")) == [("thumbs", "method", "POST", "PUT", 0)]
    assert said(hook, request("POST", "/s3", body=b"{}"))[0][1:4] == ("event", "one that is taken", "Records is no list")


def test_a_topic(door: Make) -> None:
    topic = "arn:aws:sns:eu-west-1:111122223333:alerts"
    subscriptions = {
        "page": {"function": "page", "filter_policy": {"severity": ["high", "critical"]}},
        "body": {"function": "body", "filter_policy": {"kind": ["x"]}, "filter_policy_scope": "MessageBody"},
        "audit": "audit",
    }
    hook = door({"type": "sns", "source": {"http": "/sns"}, "topics": [topic], "subscriptions": subscriptions})
    message = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": topic,
        "Message": "text",
        "Timestamp": "2026-03-01T02:00:00.000Z",
        "MessageAttributes": {"severity": {"Type": "String", "Value": "low"}},
    }
    assert said(hook, request("POST", "/sns", body=json.dumps(message).encode())) == [
        ("page", "severity", '"high" or "critical"', '"low"', 2),
        ("body", "Message", "a JSON object", "text", 2),
        ("audit",),
    ]
    other = request("POST", "/sns", body=json.dumps(message | {"TopicArn": f"{topic}2"}).encode())
    assert {each[1:4] for each in said(hook, other)} == {("topic", topic, f"{topic}2")}
    raw = request("POST", "/sns", [("x-amz-sns-rawdelivery", "true")], b"text")
    assert {each[1:4] for each in said(hook, raw)} == {("raw delivery", "none: `allow_raw` is off", "one")}


def test_a_queue(door: Make) -> None:
    base = {"type": "sqs", "queue": "arn:aws:sqs:eu-west-1:111122223333:jobs", "function": "f"}
    filters = [{"body": {"kind": ["resize"], "size": [{"numeric": ["=", 1]}]}}, {"body": [{"prefix": "go"}]}]
    jobs = door(base | {"filters": filters})
    assert jobs.type.routes(jobs.settings) == [DeclaredRoute("", ("function",), ("f",))]
    assert said(jobs, batch('{"kind": "crop", "size": 1}', "stop", '{"kind": "resize", "size": 1}', "going")) == [
        ("", "filters[0] body.kind", '"resize"', '"crop"', 1),
        ("", "filters[0] body", "a JSON object", "stop", 0),
        ("",),
        ("",),
    ]
    one = door(base | {"filters": filters[:1]})
    assert said(one, batch('{"kind": "resize"}')) == [("", "body.size", "numeric = 1", "nothing", 1)]
    assert said(door(base), batch("anything")) == [("",)]


def test_a_schedule(door: Make) -> None:
    entries = {name: {"expression": "rate(1 minute)", "function": name} for name in ("report", "beat")}
    nightly = door({"type": "schedule", "schedules": entries})
    assert [route.path for route in nightly.type.routes(nightly.settings)] == [("schedules", "report"), ("schedules", "beat")]
    assert said(nightly, batch("2026-03-01T02:00:00Z", group="beat")) == [
        ("report", "schedule", "report", "beat", 0),
        ("beat",),
    ]
