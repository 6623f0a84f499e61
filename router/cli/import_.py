"""`lambda-router import`: a configuration out of SAM, CloudFormation, CDK, serverless.yml and what the AWS CLI prints.

Exit codes: 0 imported, or no drift; 1 drift, or something is not carried over with `--fail-on-unsupported`; 2 wrong usage;
3 a file cannot be read, or is nothing that the importer knows; 5 nothing to import; 78 the file of `--check` is not valid.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.findings import EX_CONFIG, show_problems
from router.config import Severity
from router.files import LocalFiles

if TYPE_CHECKING:
    from router.importing.drift.comparing import Drift
    from router.importing.importer import Imported

FORMATS = ("sam", "cloudformation", "cdk", "serverless", "aws")
DRIFT, UNREADABLE, NOTHING = 1, 3, 5
_TARGET = "router.yaml"


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("-o", "--output", type=click.Path(), metavar="OUT", help="Write the configuration here instead of printing it.")
@click.option("--force", is_flag=True, help="Replace OUT if it is there already.")
@click.option(
    "--check", "config", type=click.Path(), metavar="CONFIG", help="Compare with this configuration, and tell the drift."
)
@click.option("--strict", is_flag=True, help="With --check: what the template does not know is drift, too.")
@click.option("--from", "form", type=click.Choice(FORMATS), help="What FILE is; otherwise its content tells.")
@click.option(
    "--functions",
    type=click.Choice(["arn", "local", "both"]),
    default="both",
    show_default=True,
    help="How functions are declared.",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="K=V",
    help="A parameter, pseudo parameter, export or resource's name; repeatable.",
)
@click.option("--worker", "workers", multiple=True, metavar="ACTIVITY=FUNCTION", help="Who works on an activity; repeatable.")
@click.option("--stage", metavar="STAGE", help="The stage of a serverless.yml.")
@click.option("--account", metavar="ID", help="The account of what the template names; without it a variable.")
@click.option("--region", metavar="REGION", help="The region of what the template names; without it a variable.")
@click.option(
    "--format", "shape", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="How it is printed."
)
@click.option("--fail-on-unsupported", is_flag=True, help="Exit with 1 if anything is not carried over.")
def command(
    paths: tuple[str, ...],
    output: str | None,
    force: bool,
    config: str | None,
    strict: bool,
    form: str | None,
    functions: str,
    parameters: tuple[str, ...],
    workers: tuple[str, ...],
    stage: str | None,
    account: str | None,
    region: str | None,
    shape: str,
    fail_on_unsupported: bool,
) -> None:
    """Import triggers and functions from templates.

    FILE is a SAM or CloudFormation template, a cdk.out folder, a serverless.yml, or JSON that the AWS CLI printed; several
    belong together. The result is a commented configuration that `validate` takes; what cannot be carried over stands in
    its last lines, and on standard error. With --check nothing is written: drift from an existing configuration is told.

    Exit codes: 0 imported, or no drift; 1 drift, or something is not carried over with --fail-on-unsupported; 2 wrong usage;
    3 a file cannot be read or is not known; 5 nothing to import; 78 CONFIG is not valid.
    """
    if config is None and strict:
        raise click.UsageError("`--strict` has no effect without `--check`.")
    if config is not None and output is not None:
        raise click.UsageError("`--check` writes nothing: leave `--output` out.")
    if force and output is None:
        raise click.UsageError("`--force` has no effect without `--output`.")
    if output is not None and not force and Path(output).exists():
        raise click.UsageError(f"{output} is there already: `--check {output}` compares, `--force` replaces it.")
    given = {
        "parameters": _pairs(parameters, "--parameter"),
        "workers": _pairs(workers, "--worker"),
        "stage": stage,
        "account": _checked_account(account),
        "region": region,
    }
    imported = _imported(paths, output or config or _TARGET, form, functions, given)
    for option in imported.unasked:
        click.echo(f"lambda-router: nothing in {', '.join(imported.files)} asks for `{option}`", err=True)
    if imported.is_empty:
        _tell(imported)
        click.echo(f"lambda-router: there is no function and no trigger in {', '.join(imported.files)}", err=True)
        sys.exit(NOTHING)
    if config is not None:
        sys.exit(_check(imported, config, strict, shape))
    text = json.dumps(_document(imported), indent=2, ensure_ascii=False) + "\n" if shape == "json" else imported.text()
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    _tell(imported)
    sys.exit(1 if fail_on_unsupported and _unsupported(imported) else 0)


def _pairs(texts: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise click.UsageError(f"`{option}` takes NAME=VALUE.")
    return {key: value for key, _, value in pairs}


def _checked_account(account: str | None) -> str | None:
    if account is not None and not (account.isascii() and account.isdigit() and len(account) == 12):
        raise click.UsageError("`--account` takes the twelve digits of an account's id.")
    return account


def _imported(paths: tuple[str, ...], target: str, form: str | None, functions: str, given: dict[str, Any]) -> "Imported":
    try:
        from router.importing.documents import Unreadable
        from router.importing.importer import import_files
        from router.importing.options import Deployed, Options
        from router.importing.reading import Unsupported
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] in ("cfn_tools", "ruamel"):
            click.echo("lambda-router: `import` needs more packages: pip install 'lambda-router[import]'", err=True)
            sys.exit(UNREADABLE)
        raise
    try:
        return import_files(paths, Options(functions=Deployed(functions), **given), LocalFiles(), target=target, form=form)
    except (Unreadable, Unsupported) as error:
        click.echo(f"lambda-router: {error}", err=True)
        sys.exit(UNREADABLE)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None


def _unsupported(imported: "Imported") -> int:
    from router.importing.notes import NoteKind

    return sum(note.kind is NoteKind.UNSUPPORTED for note in imported.notes)


def _tell(imported: "Imported") -> None:
    for note in imported.notes:
        click.echo(str(note), err=True)


def _notes(imported: "Imported") -> list[dict[str, Any]]:
    return [
        {
            "kind": str(note.kind),
            "file": note.place.file,
            "line": note.place.line,
            "column": note.place.column,
            "resource": note.resource,
            "property": note.property,
            "reason": note.reason,
        }
        for note in imported.notes
    ]


def _document(imported: "Imported") -> dict[str, Any]:
    return {"version": 1, "configuration": imported.draft.settings, "notes": _notes(imported)}


# --- drift -----------------------------------------------------------------------------------------------------------


def _check(imported: "Imported", config: str, strict: bool, shape: str) -> int:
    """Prints the drift; the exit code."""
    from router.importing.drift.checking import check_drift
    from router.importing.drift.comparing import DriftKind

    checked = check_drift(imported, config, LocalFiles())
    if checked.loaded.unreadable:
        click.echo(f"lambda-router: {config} cannot be read", err=True)
        return UNREADABLE
    if checked.loaded.config is None:
        errors = [problem for problem in checked.loaded.problems if problem.severity is Severity.ERROR]
        show_problems(checked.loaded, errors)
        return EX_CONFIG
    drifts = [drift for drift in checked.drifts if strict or drift.kind is not DriftKind.EXTRA]
    for name in checked.undecided:
        click.echo(f"{config}: the trigger `{name}` is not compared: what it is depends on variables", err=True)
    if shape == "json":
        click.echo(json.dumps({"version": 1, "drift": [_drift(each) for each in drifts]}, indent=2, ensure_ascii=False))
    else:
        for each in drifts:
            click.echo(_line(each))
        files = ", ".join(imported.files)
        number = len(drifts)
        click.echo(
            f"{config}: "
            + (f"no drift from {files}" if not drifts else f"{number} difference{'s' * (number > 1)} from {files}")
        )
    return DRIFT if drifts else 0


def _line(drift: "Drift") -> str:
    from router.importing.drift.comparing import DriftKind

    template = f"{drift.template.file}:{drift.template.line}" if drift.template is not None else "the template"
    here = f"{drift.configuration.file}:{drift.configuration.line}" if drift.configuration is not None else "the configuration"
    match drift.kind:
        case DriftKind.MISSING:
            return f"{template}: missing: {drift.title} is not in the configuration"
        case DriftKind.EXTRA:
            return f"{here}: extra: {drift.title} is not in the template"
        case _:
            return f"{here}: different: {drift.title}: {drift.property} is {drift.actual}; {template} says {drift.expected}"


def _drift(drift: "Drift") -> dict[str, Any]:
    def place(where: Any) -> dict[str, Any] | None:
        return None if where is None else {"file": where.file, "line": where.line, "column": where.column}

    return {
        "kind": str(drift.kind),
        "what": drift.title,
        "property": drift.property,
        "template": place(drift.template),
        "expected": drift.expected,
        "configuration": place(drift.configuration),
        "actual": drift.actual,
    }
