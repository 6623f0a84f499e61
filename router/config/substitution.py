"""`${NAME}`, `${NAME:-default}`, `${file:/path}` and `$${` in the scalars of a tree, after parsing, values only.

What was put in never shows in a finding: each scalar keeps what was `written`, and `secrets` lists every text that came in
with what to print instead; a default, which stands in the file for everybody, is none of them. As in a shell, it also counts
where a variable is set but empty.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from router.config.files import Files
from router.config.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from router.config.problem import Problem

_TOKEN = re.compile(r"\$\$\{|\$\{(?P<body>[^}]*)\}|\$\{")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


@dataclass(slots=True)
class Substitution:
    """Puts variables and files in. `problems` and `secrets` (text that came in -> what was written) grow with each call."""

    env: Mapping[str, str]
    files: Files
    require_env: bool
    problems: list[Problem] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    _done: dict[int, tuple[Node, Node]] = field(default_factory=dict)

    def apply(self, node: Node) -> Node:
        """The tree with every scalar value filled in; nodes without variables are shared with the tree given."""
        known = self._done.get(id(node))
        if known is not None:
            return known[1]
        result = self._apply(node)
        self._done[id(node)] = (node, result)
        return result

    def _apply(self, node: Node) -> Node:
        match node:
            case ScalarNode():
                return self._scalar(node) if "${" in node.text else node
            case ListNode():
                return ListNode(node.span, [self.apply(item) for item in node.items])
            case MapNode():
                entries = {name: Entry(entry.key, self.apply(entry.value)) for name, entry in node.entries.items()}
                return MapNode(node.span, entries)

    def _scalar(self, node: ScalarNode) -> ScalarNode:
        put_in: list[str | None] = []
        secret = False

        def fill(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            nonlocal secret
            value = self._value(match, node)
            put_in.append(value)
            if value and not self._is_default(match):
                self.secrets[value] = match[0]
                secret = True
            return match[0] if value is None else value

        text = _TOKEN.sub(fill, node.text)
        if not put_in:
            return replace(node, text=text)
        if None in put_in:
            return replace(node, text=node.text, substituted=True, opaque=True)
        if text and secret:
            self.secrets[text] = node.written
        return replace(node, text=text, substituted=True)

    def _is_default(self, match: re.Match[str]) -> bool:
        """Whether the default counts, which stands in the file for everybody to read."""
        variable = _VARIABLE.fullmatch(match["body"] or "")
        return variable is not None and variable["default"] is not None and not self.env.get(variable["name"])

    def _value(self, match: re.Match[str], node: ScalarNode) -> str | None:
        body = match["body"]
        if body is None:
            return self._report(node, "bad-substitution", "`${` is not closed by `}`", "write `$${` for a literal `${`")
        variable = _VARIABLE.fullmatch(body)
        if variable is not None:
            return self._variable(variable, node)
        if body.startswith("file:") and len(body) > len("file:"):
            return self._file(body.removeprefix("file:"), node)
        help_text = "write `${NAME}`, `${NAME:-default}` or `${file:/path}`; `$${` is a literal `${`"
        return self._report(node, "bad-substitution", f"`{match[0]}` is no variable", help_text)

    def _variable(self, match: re.Match[str], node: ScalarNode) -> str | None:
        value = self.env.get(match["name"])
        if match["default"] is not None:
            return value or str(match["default"])
        if value is None and self.require_env:
            name = match["name"]
            help_text = f"set it, or write a default: `${{{name}:-default}}`"
            return self._report(node, "unset-variable", f"the variable `{name}` is not set", help_text)
        return value

    def _file(self, path: str, node: ScalarNode) -> str | None:
        try:
            content = self.files.read(posixpath.join(posixpath.dirname(node.span.file), path))
        except OSError as error:
            if self.require_env:
                return self._report(node, "unreadable-file", f"`{path}` cannot be read: {error.strerror}", None)
            return None
        try:
            return content.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            return self._report(node, "unreadable-file", f"`{path}` is not UTF-8 text", None)

    def _report(self, node: ScalarNode, code: str, message: str, help_text: str | None) -> str | None:
        """Always None: there is no value."""
        self.problems.append(Problem(code, message, node.span, help=help_text))
        return None


def redactor(secrets: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces everything that came from a variable or a file by what was written."""
    if not secrets:
        return lambda text: text
    longest_first = sorted(secrets, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in longest_first))
    return lambda text: pattern.sub(lambda match: secrets[match[0]], text)
