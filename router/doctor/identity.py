"""Who the daemon is in AWS: credentials, account, clock, and the roles that it assumes."""

from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from functools import partial

from router.arn import DEFAULT_ACCOUNT
from router.backends.aws.inspection import NoCredentials
from router.config.problem import Path
from router.doctor.examination import Check, Patient
from router.doctor.findings import Finding, blocked, failed, ok, warning
from router.permissions.needs import role_of, statements
from router.permissions.statement import ROUTER

_NO_CREDENTIALS = "set aws.profile or AWS_ACCESS_KEY_ID, or give this machine a role"
_ROLE = "allow sts:AssumeRole (lambda-router iam), and let the role's trust policy name the daemon's identity"
_NOTICED, _REJECTED = 60.0, 300.0
"""Seconds of skew: what is worth mending, and beyond what AWS takes no signature."""


def checks(patient: Patient) -> Iterator[Check]:
    """Nothing where nothing in AWS is called."""
    needed = statements(patient.config, patient.selection)
    region = patient.config.aws.region
    if needed:
        yield Check("credentials", "AWS", ("aws",), partial(_caller, patient), ("sts", region))
    for role in dict.fromkeys(statement.principal for statement in needed if statement.principal != ROUTER):
        yield Check("role", role, _place(patient, role), partial(_role, patient, role), ("sts", region))


def _place(patient: Patient, role: str) -> Path:
    """The first setting that names the role."""
    for name, function in patient.config.functions.items():
        if function.invoke_role_arn == role:
            return ("functions", name, "invoke_role_arn")
    named = (trigger.name for trigger in patient.config.triggers if role_of(trigger) == role)
    return ("triggers", next(named), "role_arn")


async def _caller(patient: Patient) -> Sequence[Finding]:
    aws = patient.config.aws
    try:
        said = await patient.inspector.ask("sts", aws.region, "get_caller_identity")
    except NoCredentials as error:
        return [blocked(str(error), _NO_CREDENTIALS)]
    account, arn = str(said.get("Account")), said.get("Arn")
    found = [ok(f"the credentials are those of {arn}")]
    if aws.account_id not in (DEFAULT_ACCOUNT, account):
        message = f"the credentials belong to the account {account}, and aws.account_id is {aws.account_id}"
        found.append(failed(message, "use the other account's credentials, or mend aws.account_id"))
    date = said.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return [*found, *clock_findings(date, patient.clock.now())]


def clock_findings(date: str | None, now: float) -> Sequence[Finding]:
    """What the Date header of an answer says of this machine's clock. `now`: epoch seconds."""
    try:
        skew = now - parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return []
    ahead = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's"
    if abs(skew) > _REJECTED:
        return [failed(f"the clock of this machine is {ahead}: AWS rejects what is signed with it", "run a time service")]
    if abs(skew) > _NOTICED:
        return [warning(f"the clock of this machine is {ahead}", "run a time service; beyond 5m AWS rejects every call")]
    return [ok("the clock of this machine agrees with AWS's")]


async def _role(patient: Patient, role: str) -> Sequence[Finding]:
    try:
        said = await patient.inspector.ask("sts", patient.config.aws.region, "get_caller_identity", role)
    except NoCredentials as error:
        return [failed(str(error), _ROLE)] if "AccessDenied" in str(error) else [blocked(str(error), _NO_CREDENTIALS)]
    return [ok(f"the role can be assumed; the daemon acts as {said.get('Arn')}")]
