"""`lambda-router rules`: what each rule of `validate` says, and why.

Exit codes: 0 fine, 2 wrong usage (among it a code that does not exist).
"""

import json

import click

from router.config.catalogue import BY_CODE, RULES
from router.config.wording import nearest
from router.reports import rules as written

FORMS = ("human", "json", "markdown")


def check_code(code: str) -> str:
    """The code itself. Raises click.BadParameter where there is no such rule."""
    if code in BY_CODE:
        return code
    meant = nearest(code.lower(), BY_CODE)
    advice = f"did you mean `{meant}`?" if meant else "`lambda-router rules` lists them."
    raise click.BadParameter(f"there is no rule `{code}`; {advice}")


@click.command()
@click.argument("code", required=False, callback=lambda ctx, param, value: None if value is None else check_code(value))
@click.option("--format", "form", type=click.Choice(FORMS), default="human", help="How it is printed.")
def command(code: str | None, form: str) -> None:
    """List every rule of `validate`; with CODE explain one, with a file that breaks it and the same file mended.

    Exit codes: 0 fine, 2 wrong usage, among it a code that does not exist.
    """
    rules = [BY_CODE[code]] if code is not None else sorted(RULES, key=lambda rule: rule.code)
    if form == "json":
        documents = [written.to_json(rule) for rule in rules]
        found = documents[0] if code is not None else {"version": 1, "rules": documents}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif form == "markdown":
        click.echo(written.section(rules[0]) if code is not None else written.page(rules), nl=False)
    else:
        click.echo(written.explanation(rules[0]) if code is not None else written.table(rules), nl=False)
