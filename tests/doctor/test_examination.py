"""Checks run side by side and within their time; endpoints that are down, refuse, or say nothing are no findings about AWS."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from router.arn import parse_function_arn
from router.backends.aws.inspection import Denied, Inspector, NoCredentials, NotReached, Refused
from router.doctor.examination import AT_ONCE, Check, Patient, examine
from router.doctor.findings import Finding, Result, Status, blocked, failed, ok, skipped, verdict, warning
from router.doctor.functions import said_of
from router.fakes import FakeClock
from router.functions import Function
from router.generation import LocalSelection
from router.model import Place
from router.outcome import Outcome, OutcomeKind, refused
from router.settings import Admin, Aws, Config, Log

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
PAGE = f"functions: {{orders: '{FUNCTION}'}}\ntriggers: {{page: {{type: function_url, invocation: sync, function: orders}}}}\n"
HERE = Place("router.yaml", 1, 1)

Found = Callable[..., Any]


@pytest.fixture
def patient() -> Patient:
    aws = Aws("eu-west-1", "123456789012")
    config = Config({}, (), {}, aws, Admin(None), Log())
    clock = FakeClock(0.0)
    return Patient(config, LocalSelection(), lambda path: HERE, Inspector(aws, clock, 1), clock)


def raising(error: Exception) -> Check:
    async def look() -> list[Finding]:
        raise error

    return Check("check", "subject", (), look)


RAISED: list[tuple[Exception, Finding]] = [
    (
        Denied("sqs:GetQueueAttributes", "not allowed"),
        Finding(
            Status.SKIPPED,
            "may not be asked: not allowed",
            "allow sqs:GetQueueAttributes to let it be checked; the daemon itself does not need it",
            needs="sqs:GetQueueAttributes",
        ),
    ),
    (NoCredentials("none"), blocked("there are no credentials for it that work")),
    (NotReached("down"), blocked("down", "look at credentials, network and endpoints")),
    (Refused("NotFound", "gone"), failed("NotFound: gone", "look at the name, the region and the account")),
    (OSError("unreadable"), failed("unreadable", "look at the path and its permissions")),
]


@pytest.mark.parametrize(("error", "finding"), RAISED)
async def test_what_a_check_raises_is_a_finding(patient: Patient, error: Exception, finding: Finding) -> None:
    assert await examine([raising(error)], patient, 1) == [Result("check", "subject", HERE, finding)]


async def test_a_slip_of_ours_is_not_hidden(patient: Patient) -> None:
    with pytest.raises(ZeroDivisionError):
        await examine([raising(ZeroDivisionError())], patient, 1)


async def test_checks_run_side_by_side_and_results_keep_their_order(patient: Patient) -> None:
    both = asyncio.Barrier(2)

    async def look(name: str) -> list[Finding]:
        async with both:
            return [ok(name)]

    checks = [Check(name, name, (), lambda name=name: look(name)) for name in ("a", "b")]
    assert [result.finding.message for result in await examine(checks, patient, 60)] == ["a", "b"]


async def test_only_so_many_run_at_once(patient: Patient) -> None:
    running, most = 0, 0

    async def look() -> list[Finding]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return []

    await examine([Check("c", str(number), (), look) for number in range(3 * AT_ONCE)], patient, 60)
    assert most == AT_ONCE


async def test_what_does_not_answer_in_time_is_not_asked_again(patient: Patient) -> None:
    async def over(seconds: float) -> None:
        assert seconds == 2.5

    async def hang() -> list[Finding]:
        await asyncio.Event().wait()
        raise AssertionError

    service = ("sqs", "eu-west-1")
    results = await examine([Check("queue", "q", (), hang, service)], patient, 2.5, pause=over)
    assert [result.finding for result in results] == [
        blocked("no answer within 2.5 s", "look at the network and the endpoint, or give it more --timeout")
    ]
    with pytest.raises(NotReached, match="did not answer before"):
        await patient.inspector.ask(*service, "get_queue_attributes")


def result(finding: Finding) -> Result:
    return Result("check", "subject", None, finding)


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], 0),
        ([ok("a"), warning("b", ""), skipped("c")], 0),
        ([ok("a"), blocked("c")], 3),
        ([failed("a", ""), blocked("c")], 1),
    ],
)
def test_verdicts(findings: list[Finding], code: int) -> None:
    assert verdict([result(finding) for finding in findings]) == code


def test_warnings_count_where_somebody_says_so() -> None:
    assert verdict([result(warning("b", ""))], fail_on_warnings=True) == 1


def function() -> Function:
    arn = parse_function_arn(FUNCTION)
    assert arn is not None
    return Function("orders", arn, 3)


@pytest.mark.parametrize(
    ("outcome", "status", "start"),
    [
        (refused(403, "AccessDeniedException", "no", "id"), Status.FAILED, "it may not be invoked: AccessDeniedException: no"),
        (refused(404, "ResourceNotFoundException", "no", "id"), Status.FAILED, "there is no such function"),
        (refused(429, "TooManyRequestsException", "no", "id"), Status.SKIPPED, "Lambda did not say: TooManyRequests"),
        (Outcome(OutcomeKind.TRANSPORT), Status.SKIPPED, "Lambda did not say"),
        (Outcome(OutcomeKind.OK, status=204), Status.OK, "it can be invoked"),
    ],
)
def test_what_lambda_says_of_a_dry_run(outcome: Outcome, status: Status, start: str) -> None:
    finding = said_of(outcome, function().arn)
    assert (finding.status, finding.message[: len(start)]) == (status, start)


# --- endpoints -------------------------------------------------------------------------------------------------------


async def test_an_endpoint_that_is_down(doctor: Any, findings: Found) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        results = await doctor(PAGE, url)
    assert verdict(results) == 3
    assert findings(results, "endpoint") == {("endpoint", url): [(Status.SKIPPED, "it cannot be reached: Connection refused")]}
    assert {status for said in findings(results, "credentials", "invocable", "set up").values() for status, _ in said} == {
        Status.SKIPPED
    }


async def test_an_endpoint_that_says_nothing(doctor: Any, findings: Found, silent: Any) -> None:
    results = await doctor(PAGE, silent.url, pause=silent.pause)
    assert verdict(results) == 3
    assert findings(results, "credentials") == {("credentials", "AWS"): [(Status.SKIPPED, "no answer within 10 s")]}
    assert {status for said in findings(results, "invocable", "set up").values() for status, _ in said} == {Status.SKIPPED}


async def test_an_endpoint_that_allows_nothing(doctor: Any, findings: Found, forbidding: str) -> None:
    results = await doctor(PAGE, forbidding)
    assert verdict(results) == 1
    by_check = {result.check: result.finding for result in results}
    assert by_check["credentials"].status is Status.OK
    assert by_check["invocable"] == failed(
        "it may not be invoked: AccessDeniedException: not allowed",
        f"allow lambda:InvokeFunction on {FUNCTION} (lambda-router iam)",
    )
    assert by_check["set up"] == skipped("may not be asked: not allowed", "lambda:GetFunctionConfiguration")
    assert by_check["concurrency"] == skipped("may not be asked: not allowed", "lambda:GetFunctionConcurrency")


async def test_without_credentials(doctor: Any, findings: Found) -> None:
    results = await doctor(PAGE)
    assert verdict(results) == 3
    assert findings(results, "invocable", "set up", "concurrency") == {
        (check, FUNCTION): [(Status.SKIPPED, "there are no credentials for it that work")]
        for check in ("invocable", "set up", "concurrency")
    }
