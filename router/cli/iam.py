"""`lambda-router iam`: the least-privilege policy that a configuration needs, offline.

Exit codes: 0 printed, 1 the role that is asked for is none that the daemon assumes, 2 wrong usage, 78 invalid configuration.
"""

import json
import sys
from collections.abc import Iterable, Sequence

import click

from router.arn import DEFAULT_ACCOUNT
from router.cli.configuration import config_argument, load_offline, overlay_option
from router.generation import LocalSelection
from router.permissions.needs import statements
from router.permissions.statement import MANAGED_POLICY_LIMIT, ROUTER, Statement, policy, size, split
from router.permissions.terraform import rendered
from router.permissions.unknown import unknown
from router.settings import Config


@click.command()
@config_argument
@overlay_option
@click.option("--format", "form", type=click.Choice(["json", "terraform"]), default="json", help="How it is printed.")
@click.option("--role", metavar="ARN", help="The policy of this role, which the daemon assumes, instead of the daemon's own.")
@click.option(
    "--local",
    multiple=True,
    is_flag=False,
    flag_value="*",
    metavar="[NAMES]",
    help="As for `run`: functions that have a `local:` block run here, all or those named (a,b).",
)
@click.option("--split", "divide", is_flag=True, help=f"Several policies of at most {MANAGED_POLICY_LIMIT} characters each.")
def command(config: str, overlays: tuple[str, ...], form: str, role: str | None, local: tuple[str, ...], divide: bool) -> None:
    """Print the IAM policy with exactly what CONFIG (default: router.yaml) needs.

    JSON is one document, of the daemon's own identity, or of a role with --role; with --split a list of documents. Terraform
    has data sources for the daemon and for every role that it assumes. What cannot be told from the configuration is said on
    standard error. Exit codes: 0 printed, 1 no such role, 2 wrong usage, 78 invalid configuration.
    """
    loaded = load_offline(config, overlays, trust_callers=True)
    assert loaded.config is not None
    names = frozenset(name for value in local for name in value.split(",") if name and name != "*")
    selection = LocalSelection("*" in local, names)
    needed = statements(loaded.config, selection)
    by_principal = _by_principal(needed)
    if role is not None and role not in by_principal:
        known = ", ".join(name for name in by_principal if name != ROUTER) or "none"
        click.echo(f"lambda-router: The daemon does not assume {role}. Roles that it assumes: {known}.", err=True)
        sys.exit(1)
    shown = {role: by_principal[role]} if role is not None else by_principal
    if form == "json":
        shown = {name: each for name, each in shown.items() if name == (role or ROUTER)}
    for note in _notes(loaded.config, selection, by_principal, shown, loaded.undecided, divide, comments=form == "terraform"):
        click.echo(f"note: {note}", err=True)
    policies = [(name, part) for name, each in shown.items() for part in (split(each) if divide else [each])]
    click.echo(_json(policies, divide) if form == "json" else rendered(policies).rstrip("\n"))


def _json(policies: Sequence[tuple[str, Sequence[Statement]]], divide: bool) -> str:
    documents = [policy(part) for _, part in policies]
    return json.dumps(documents if divide else documents[0], indent=2)


def _by_principal(needed: Iterable[Statement]) -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = {ROUTER: []}
    for statement in needed:
        found.setdefault(statement.principal, []).append(statement)
    return found


def _notes(
    config: Config,
    selection: LocalSelection,
    by_principal: dict[str, list[Statement]],
    shown: dict[str, list[Statement]],
    undecided: Sequence[str],
    divide: bool,
    comments: bool,
) -> Iterable[str]:
    """What a reader of the policy should know and the policy cannot say. `comments`: hints stand in it already."""
    if not any(shown.values()):
        yield "nothing of AWS is needed, so the policy has no statement."
    for name in undecided:
        yield f"the trigger {name} is left out: what it is depends on a variable that is not set."
    for path, text in unknown(config.raw):
        yield f"{path}: {text} is not set; what depends on it is left out."
    for role in by_principal:
        if role not in shown and ROUTER in shown:
            yield f"the daemon assumes {role}, which needs a policy of its own: lambda-router iam --role {role}"
    if config.aws.account_id == DEFAULT_ACCOUNT and any(
        ":*:" in arn for each in shown.values() for s in each for arn in s.resources
    ):
        yield "aws.account_id is not set, so `*` stands for the account."
    for function in config.functions.values():
        if selection.runs_here(function) and function.local is not None and function.local.credentials == "router":
            yield f"the function {function.name} runs here with the router's credentials; what it calls is not in the policy."
    for statement in (statement for each in shown.values() for statement in each):
        if statement.hint is not None and not comments:
            yield f"{statement.sid} may also need {statement.hint}."
    longest = max(map(size, shown.values()))
    if longest > MANAGED_POLICY_LIMIT and not divide:
        yield f"the policy has {longest} characters, and a managed policy may have {MANAGED_POLICY_LIMIT}: use --split."
