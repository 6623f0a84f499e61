"""The catalogue of rules for people and programs: a table, one rule explained, the page `docs/rules.md`, JSON."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from router.config.catalogue import Rule, Tier

_HEAD = """\
# Rules

Rendered from the catalogue in [`router/config/catalogue/`](../router/config/catalogue), which is the source;
`lambda-router rules CODE` prints the same. Codes are stable. How findings are chosen, suppressed and mended:
[validation.md](validation.md).
"""
_TIERS = {
    Tier.YAML: "Files: what keeps them from being read",
    Tier.SCHEMA: "Schema: what each setting may be",
    Tier.SEMANTICS: "Semantics: what settings mean together",
    Tier.LINT: "Lint: what works, and is probably not meant",
}


def table(rules: Sequence[Rule]) -> str:
    """One line each: code, tier, severity, summary."""
    code = max(len(rule.code) for rule in rules)
    tier, severity = max(len(rule.tier) for rule in rules), max(len(rule.severity) for rule in rules)
    return "".join(f"{rule.code:<{code}}  {rule.tier:<{tier}}  {rule.severity:<{severity}}  {rule.summary}\n" for rule in rules)


def explanation(rule: Rule) -> str:
    """Everything about one rule, for a terminal."""
    line, column = rule.at
    source = f"\nSource: {rule.source}\n" if rule.source else ""
    return (
        f"{rule.code} ({rule.tier}, {rule.severity})\n\n{rule.summary}\n{rule.why}\n"
        f"\nWrong ({rule.where}:{line}:{column}):\n\n{_indented(_wrong(rule))}\n\nRight:\n\n{_indented(rule.good)}\n{source}"
    )


def page(rules: Iterable[Rule]) -> str:
    """The Markdown page: rules by tier, in the order of their codes."""
    ordered = sorted(rules, key=lambda rule: (list(_TIERS).index(rule.tier), rule.code))
    parts = [_HEAD]
    for tier, group in groupby(ordered, key=lambda rule: rule.tier):
        found = list(group)
        rows = "".join(f"| [`{rule.code}`](#{rule.code}) | {rule.severity} | {rule.summary} |\n" for rule in found)
        parts.append(f"## {_TIERS[tier]}\n\n| code | severity | |\n|---|---|---|\n{rows}")
        parts += [section(rule) for rule in found]
    return "\n".join(parts)


def section(rule: Rule) -> str:
    """One rule in Markdown."""
    line, column = rule.at
    source = f"\nSource: <{rule.source}>\n" if rule.source else ""
    return (
        f"### {rule.code}\n\n{rule.summary} {rule.why}\n"
        f"\nWrong, at {rule.where}:{line}:{column}:\n\n{_fenced(_wrong(rule))}\nRight:\n\n{_fenced(rule.good)}{source}"
    )


def to_json(rule: Rule) -> dict[str, Any]:
    """`{code, tier, severity, summary, why, bad, at: {file, line, column}, good, files, source}`."""
    line, column = rule.at
    return {
        "code": rule.code,
        "tier": str(rule.tier),
        "severity": str(rule.severity),
        "summary": rule.summary,
        "why": rule.why,
        "bad": rule.bad,
        "at": {"file": rule.where, "line": line, "column": column},
        "good": rule.good,
        "files": dict(rule.files),
        "source": rule.source or None,
    }


def _wrong(rule: Rule) -> str:
    """The file that breaks the rule, or what it breaks it with, where that is another file."""
    return rule.bad if rule.where == "router.yaml" else f"{rule.bad}\n# {rule.where}\n{rule.files[rule.where]}"


def _indented(text: str) -> str:
    return "\n".join(f"    {_short(line)}".rstrip() for line in text.splitlines())


def _fenced(text: str) -> str:
    lines = "".join(f"{_short(line)}\n" for line in text.splitlines())
    return f"```yaml\n{lines}```\n"


def _short(line: str) -> str:
    return line if len(line) <= 200 else f"{line[:197]}…"
