"""Rules for secrets that stand in a file as they are: in a place for secrets, or by their look.

No finding quotes them, and no excerpt of the file shows them (see `router.config.load`).
"""

import re
from collections.abc import Iterator

from router.config.nodes import ListNode, MapNode, Node, ScalarNode, locate, scalars
from router.config.problem import Path
from router.config.rules.context import Context

_LOOKS: tuple[tuple[str, str], ...] = (
    ("an AWS access key", r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a URL with a password", r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@]*:[^\s/?#@]+@"),
    ("a token of GitHub", r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,})"),
    ("a token of GitLab", r"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20}"),
    ("a token of Slack", r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("a key of Stripe", r"(?<![A-Za-z0-9])(?:[rs]k_live_|whsec_)[A-Za-z0-9]{16,}"),
)
"""What only a secret looks like, with its name."""
_LOOK = re.compile("|".join(f"(?P<look{number}>{pattern})" for number, (_, pattern) in enumerate(_LOOKS)))
_HINTS = ("AKIA", "ASIA", "PRIVATE KEY", "://", "gh", "glpat-", "xox", "_live_", "whsec_")
"""One of these stands in every such text: to look for them is cheaper than the expression is."""
_SHORTEST = 8
_EXAMPLE = "EXAMPLE"
"""The keys of AWS's documentation end so, and open nothing."""
_NAMING = (("environment",), ("custom_headers",))
"""Maps whose keys are names of variables and headers."""
_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|SIGNING_KEY|AUTHORIZATION)$",
    re.IGNORECASE,
)
"""Names of variables and headers whose value is a secret itself; `…_SECRET_NAME` or `…_TOKEN_URL` say where one is."""
_REFERENCE = re.compile(r"arn:|https?://|/|\./|\.\./|(?!(?:Basic|Bearer) )[^\s]*\s")
"""Beginnings of values that are not a secret, but lead to one: an ARN, a URL, a path; and of plain sentences."""


def literal_secrets(context: Context) -> None:
    """A secret comes from a variable or a file; one of a sandbox may stand in the file, so that this is a warning."""
    told: set[int] = set()
    for path in context.secrets:
        node = context.node(path)
        if isinstance(node, ScalarNode) and not node.substituted:
            name = next(part for part in reversed(path) if isinstance(part, str))
            told.add(id(node))
            _say(context, path, f"`{name}` is a secret, and stands in the file as it is", name)
    for path, node in _of_variables(context):
        if id(node) not in told:
            told.add(id(node))
            _say(context, path, f"`{path[-1]}` looks like a secret, and stands in the file as it is", str(path[-1]))
    for path, node, what in _by_look(context):
        if id(node) not in told:
            name = next((part for part in reversed(path) if isinstance(part, str)), "it")
            _say(context, path, f"{what} stands in the file as it is", name)


def _say(context: Context, path: Path, message: str, name: str) -> None:
    help_text = f"write `{name}: ${{NAME}}` or `{name}: ${{file:/run/secrets/name}}`"
    context.reporter.report(path, "literal-secret", message, help=help_text, severity="warning")


def _of_variables(context: Context) -> Iterator[tuple[Path, ScalarNode]]:
    """Variables of local functions, and headers for origins, whose names say that they are secrets."""
    for path, node in _named(context.reporter.root):
        if _is_named_so(path, node):
            yield path, node


def is_secret(path: Path, node: ScalarNode) -> bool:
    """Whether what is written at a path is a secret by its look, or by the name of the variable or header that it is for."""
    return looks_like(node) is not None or (path[-2:-1] in _NAMING and _is_named_so(path, node))


def _is_named_so(path: Path, node: ScalarNode) -> bool:
    is_named = _NAME.search(str(path[-1]).replace("-", "_")) is not None
    return is_named and not node.substituted and _is_secret(node.text)


def _named(root: Node) -> Iterator[tuple[Path, ScalarNode]]:
    """What is written by names of its author: variables of local functions, headers for the origins of behaviors."""
    for name, function in _entries(root, ("functions",)):
        for variable, node in _entries(function, ("local", "environment")):
            if isinstance(node, ScalarNode):
                yield ("functions", name, "local", "environment", variable), node
    for name, trigger in _entries(root, ("triggers",)):
        for pattern, behavior in _entries(trigger, ("behaviors",)):
            for header, node in _entries(behavior, ("origin", "custom_headers")):
                if isinstance(node, ScalarNode):
                    yield ("triggers", name, "behaviors", pattern, "origin", "custom_headers", header), node


def _entries(node: Node, path: Path) -> Iterator[tuple[str, Node]]:
    """The entries of a map below a node; none where there is none."""
    place = locate(node, path)
    if place.exact and isinstance(place.value, MapNode):
        for name, entry in place.value.entries.items():
            yield name, entry.value


def _is_secret(text: str) -> bool:
    return len(text) >= _SHORTEST and _REFERENCE.match(text) is None


def secrets_by_look(root: Node) -> Iterator[str]:
    """The texts of all values that look like secrets, or are variables of functions or headers that are called like one."""
    for node in scalars(root):
        if looks_like(node) is not None:
            yield node.text
    for path, node in _named(root):
        if _is_named_so(path, node):
            yield node.text


def _by_look(context: Context) -> Iterator[tuple[Path, ScalarNode, str]]:
    """Values anywhere that look like nothing else; the tree is walked with its paths only where there is one."""
    found = {id(node): what for node in scalars(context.reporter.root) if (what := looks_like(node)) is not None}
    if found:
        for path, node in _walk(context.reporter.root):
            what = found.pop(id(node), None)
            if what is not None:
                yield path, node, what


def looks_like(node: ScalarNode) -> str | None:
    """What kind of secret a value looks like, in words; None: none, or it comes from a variable."""
    text = node.text
    if node.substituted or len(text) < _SHORTEST or not any(hint in text for hint in _HINTS):
        return None
    match = _LOOK.search(text)
    if match is None or match[0].endswith(_EXAMPLE):
        return None
    return _LOOKS[int(str(match.lastgroup).removeprefix("look"))][0]


def _walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, ScalarNode]]:
    match node:
        case ScalarNode():
            yield path, node
        case ListNode(items=items):
            for index, item in enumerate(items):
                yield from _walk(item, (*path, index))
        case MapNode(entries=entries):
            for name, entry in entries.items():
                yield from _walk(entry.value, (*path, name))
