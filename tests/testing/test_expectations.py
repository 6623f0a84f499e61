"""Every key of `expect:`: what holds, what does not and how that is told; and the other side of each, `not`."""

from textwrap import indent
from typing import Any

import pytest

from router.testing.words import Status

PAID = "given: {trigger: bus, sample: {source: shop, detail-type: Paid, detail: {total: 1}}}"
OTHER = "given: {trigger: bus, sample: {source: stock, detail-type: Counted}}"
BOOM = f"{PAID}\nmock: {{f: {{outcome: function_error, error: {{errorType: Boom}}}}}}"
ORDER = "given: {request: {target: /orders/7}}\nmock: {f: {returns: {statusCode: 201, headers: {x-a: b}, body: '{\"id\": 7}'}}}"
NEW = "given: {request: {method: POST, target: /orders}}"
NOWHERE = "given: {request: {target: /nowhere}}"
JOBS = "given: {trigger: jobs, messages: [one, two]}\nmock: {g: {returns: {batchItemFailures: []}}}"
TASK = "given: {trigger: work, task: {n: 1}}\nmock: {g: {returns: {m: 2}}}"
LOST = "given: {trigger: work, task: {n: 1}}\nmock: {g: {error: {errorType: Bad, errorMessage: so}}}"

CASES = [
    (PAID, "{function: f}", None),
    (PAID, "{function: live}", "function: wanted the function `live`, got `f`"),
    (PAID, "{function: [f, g]}", None),
    (PAID, "{function: [g]}", "function: wanted exactly `g`, got `f`, `g`"),
    (PAID, "{trigger: bus, route: paid, invocation: async}", None),
    (PAID, "{route: all, function: f}", "route: wanted the route `all`, got `paid`"),
    (PAID, "{function: f, invocation: sync}", "invocation: wanted the invocation `sync`, got `async`"),
    (PAID, "{trigger: shop}", "trigger: wanted the trigger `shop`, got `bus`"),
    (PAID, "unmatched", ": wanted that nobody gets it, but `f`, `g` did"),
    (PAID, "{function: g, route: on_success, payload: {jsonpath: {$.requestContext.condition: Success}}}", None),
    (PAID, "{function: f, destinations: ['function:g'], condition: Success}", None),
    (PAID, "{function: f, destinations: []}", "destinations: wanted that nothing is told, got `function:g`"),
    (PAID, "{deliveries: 2, calls: 3}", None),
    (PAID, "{deliveries: 3}", "deliveries: wanted 3 deliveries, got 2"),
    (PAID, "{calls: 2}", "calls: wanted 2 calls, got 3: `f`, `g`, `g`"),
    (PAID, "{deliveries: [{function: g}, {function: f, payload: {contains: {detail: {total: 1}}}}]}", None),
    (PAID, "{deliveries: [{function: g}]}", "deliveries: wanted 1 calls, got 2: `f`, `g`"),
    (PAID, "{deliveries: [{function: g}, {function: f, condition: Refused}]}", "deliveries.1.condition: wanted the condition"),
    (
        PAID,
        "{payload: {contains: {detail: {total: 2}}}}",
        "payload: the payload of `f` is another one | $.de",
    ),
    (OTHER, "{not: {route: paid}}", None),
    (PAID, "{not: {function: f}}", "not: this must not hold, and it does"),
    (PAID, "{not: unmatched}", None),
    (PAID, "{response: {status: 200}}", None),
    (OTHER, "{function: [g]}", None),
    (BOOM, "{function: f, attempts: [0s, 1m, 3m], condition: RetriesExhausted, destinations: [sqs:failed, sqs:dlq]}", None),
    (BOOM, "{function: f, destinations: ['arn:aws:sqs:us-east-1:000000000000:failed', sqs:dlq]}", None),
    (
        BOOM,
        "{function: f, destinations: [sqs:dlq, sqs:failed]}",
        "destinations: wanted that `sqs:dlq`, `sqs:failed` is",
    ),
    (BOOM, "{function: f, attempts: [0s, 60s]}", "attempts: wanted attempts at 0s, 60s, got 0s, 60s, 180s"),
    (ORDER, "{route: 'GET /orders/{id}', function: f, response: {status: 201, headers: {X-A: b}, body: {id: 7}}}", None),
    (ORDER, "{response: {body: '{\"id\": 7}'}}", None),
    (ORDER, "{response: {body: {contains: '\"id\"'}}}", None),
    (ORDER, "{response: {body: {jsonpath: {$.id: 7}}, headers: {x-b: null}}}", None),
    (ORDER, "{response: {status: 200}}", "response.status: wanted the status `200`, got `201`"),
    (ORDER, "{response: {headers: {x-a: c}}}", "response.headers.x-a: wanted the header `x-a: c`, got `b`"),
    (ORDER, "{response: {headers: {x-a: null}}}", "response.headers.x-a: wanted no header `x-a`, got `b`"),
    (ORDER, "{response: {body: {id: 8}}}", "response.body: the body is another one | $.id: wanted 8, got 7"),
    (ORDER, "{condition: Success}", "condition: wanted the condition `Success`, but somebody waits for this call: it has none"),
    (ORDER, "{settlement: {deleted: []}}", "settlement: wanted a settlement, but this is no queue or activity"),
    (ORDER, "{origin: {method: GET}}", "origin: wanted that an origin is asked, but none was"),
    (NEW, "{function: live, qualifier: prod}", None),
    (NEW, "{qualifier: test}", "qualifier: wanted the qualifier `test`, got `prod`"),
    (NOWHERE, "unmatched", None),
    (NOWHERE, "{function: f}", "function: wanted the function `f`, but no function was called"),
    (NOWHERE, "{response: {status: 404}, calls: 0}", None),
    (NOWHERE, "{attempts: [0s]}", "attempts: wanted the attempts, but no function was called"),
    (NOWHERE, "{not: unmatched}", "not: this must not hold, and it does"),
    (JOBS, "{settlement: {deleted: [1, 2], kept: []}, invocation: async}", None),
    (JOBS, "{settlement: {kept: [1]}}", "settlement.kept: wanted `"),
    (JOBS, "{settlement: {deleted: [1, 2, 3]}}", "settlement.deleted: wanted"),
    (JOBS, "{response: {status: 200}}", "response: wanted a response, but nobody waits for one"),
    (TASK, "{settlement: {output: {m: 2}}, invocation: sync, payload: {n: 1}}", None),
    (TASK, "{settlement: {output: {m: 3}}}", "settlement.output: the output is another one | $.m: wanted 3, got 2"),
    (LOST, "{settlement: {error: Bad}}", None),
    (LOST, "{settlement: {error: Good}}", "settlement.error: wanted the error `Good`, got `Bad`"),
]


@pytest.mark.parametrize(("test", "expect", "wrong"), CASES)
async def test_what_is_expected(play: Any, test: str, expect: str, wrong: str | None) -> None:
    (result,) = await play(f"tests:\n  one:\n{indent(test, '    ')}\n    expect: {expect}\n")
    told = [" | ".join([f"{'.'.join(map(str, each.path[1:]))}: {each.message}", *each.lines]) for each in result.mismatches]
    if wrong is None:
        assert (result.status, told) == (Status.PASSED, [])
    else:
        assert result.status is Status.FAILED
        assert told[0].startswith(wrong)


async def test_an_event_reaches_the_same_function_twice(play: Any) -> None:
    """Everything that is said of a call holds of one call: here no single one has both."""
    expected = "{function: g, route: all, condition: Success, destinations: ['function:g']}"
    (result,) = await play(f"tests:\n  one:\n    {PAID}\n    expect: {expected}\n")
    assert [each.path for each in result.mismatches] == [("expect", "destinations")]


async def test_a_redirect_needs_no_function(play: Any) -> None:
    config = """\
version: 1
functions: {f: "arn:aws:lambda:eu-west-1:111122223333:function:f"}
triggers:
  balancer:
    type: alb
    invocation: sync
    auth: none
    rules: {moved: {path: /old, redirect: {path: /new}}, f: {path: /f, function: f}}
"""
    text = "tests:\n  one:\n    given: {request: {target: /old}}\n    expect: {trigger: balancer, route: %s, calls: 0}\n"
    assert [each.status for each in await play(text % "moved", config)] == [Status.PASSED]
    (result,) = await play(text % "f", config)
    assert result.mismatches[0].message == "wanted the route `f`, got `moved`"


async def test_who_is_refused_is_not_unmatched(play: Any) -> None:
    given = "given: {request: {target: /orders/7}, identity: as_sent}\n    env: {TOKEN: t}"
    (result,) = await play(f"tests:\n  one:\n    {given}\n    expect: unmatched\n")
    assert result.mismatches[0].message.startswith("wanted that no route takes it, but `GET /orders/{id}` did")


async def test_the_line_of_the_expectation(play: Any) -> None:
    text = f"tests:\n  one:\n    {PAID}\n    expect:\n      function: g\n      not:\n        function: f\n"
    (result,) = await play(text)
    span = result.span(result.mismatches[0])
    assert (span.file, span.line, span.column) == ("a.test.yaml", 6, 7)
    assert result.happened[:3] == ["trigger bus (eventbridge), route `paid`, `all`", "f (async): 0s ok", result.happened[2]]
