"""A configuration as YAML with comments: where each part comes from above it, and everything that is to be known at the end."""

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from router.config.problem import Path
from router.importing.assembly import Draft
from router.importing.notes import Note, NoteKind

WIDTH = 128
_NARROW = 100
_INDENT = 2
_LITERAL = re.compile(r"[^\S\n]\n|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_AWKWARD = re.compile(r"[\t\x85\u2028\u2029\ufeff]")
_MARK = re.compile(r"^[^A-Za-z0-9_/.$(<]|\s\?|:$|[^\x20-\x7e]|^$")
_TITLES = {
    NoteKind.UNSUPPORTED: "Not carried over:",
    NoteKind.VARIABLE: "Variables to be set:",
    NoteKind.REMARK: "Remarks:",
}


def emit(draft: Draft, notes: Sequence[Note], header: Sequence[str]) -> str:
    """The text of the file."""
    yaml = YAML()
    yaml.width = WIDTH * 100  # a long text stays in its line
    yaml.indent(mapping=_INDENT, sequence=_INDENT * 2, offset=_INDENT)
    yaml.allow_unicode = True
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    stream = io.StringIO()
    yaml.dump(_map(draft.settings, draft, ()), stream)
    top = [_comment(line) for line in header]
    return "\n".join([*top, *_spaced(stream.getvalue().rstrip("\n").split("\n")), *_closing(notes)]) + "\n"


def _spaced(lines: list[str]) -> Iterator[str]:
    """With a blank line before each section, and before each function and trigger but the first."""
    before = ""
    for line in lines:
        starts = line[:1] not in ("", " ", "#", "-") or (
            line.startswith("  # from ") and before[:1] == " " and before[:3] != "  #"
        )
        if starts and before:
            yield ""
        yield line
        before = line


def _comment(text: str) -> str:
    """One line, whatever stands in a template."""
    return f"# {_UNPRINTABLE.sub('?', text)}".rstrip()


def _closing(notes: Sequence[Note]) -> list[str]:
    lines: list[str] = []
    for kind, title in _TITLES.items():
        fitting = [note for note in notes if note.kind is kind]
        if fitting:
            lines += ["", f"# {title}"]
        for note in fitting:
            where = " ".join(filter(None, (note.resource, note.property)))
            lines.append(_comment(f"  {note.place.file}:{note.place.line}: {where}: {note.reason}"))
    return lines


def _node(value: Any, draft: Draft, path: Path) -> Any:
    if isinstance(value, dict):
        return _map(value, draft, path)
    if isinstance(value, list):
        items = CommentedSeq([_node(item, draft, (*path, index)) for index, item in enumerate(value)])
        if _is_short(value):
            items.fa.set_flow_style()
        return items
    if isinstance(value, str):
        return _text(value)
    return value


def _text(value: str) -> Any:
    if "\n" in value and not _LITERAL.search(value) and not value.startswith((" ", "\n")) and not value.endswith("\n\n"):
        return LiteralScalarString(value)
    return _quoted(value)


def _quoted(value: str) -> Any:
    """With quotes where a parser could misread it in a map of one line: by its first character, or at a `?` or `:`."""
    if _AWKWARD.search(value):
        return DoubleQuotedScalarString(value)
    return SingleQuotedScalarString(value) if _MARK.search(value) else value


def _map(value: dict[str, Any], draft: Draft, path: Path) -> CommentedMap:
    result = CommentedMap()
    for key, below in value.items():
        result[_quoted(key)] = _node(below, draft, (*path, key))
    if (
        path
        and len(path) > 2
        and _is_short(value)
        and not any(len(where) > len(path) and where[: len(path)] == path for where in draft.comments)
    ):
        result.fa.set_flow_style()
        return result
    for key in value:
        lines = draft.comments.get((*path, key))
        if lines:
            indent = _INDENT * len(path)
            text = "\n".join(_UNPRINTABLE.sub("?", line) for line in lines)
            result.yaml_set_comment_before_after_key(key, before=text, indent=indent)
    return result


def _is_short(value: Any) -> bool:
    """Whether it is better read in one line."""
    items = list(value.values()) if isinstance(value, dict) else value
    if any(isinstance(item, str) and "\n" in item for item in items):
        return False
    return len(str(value)) <= _NARROW and all(not isinstance(item, dict | list) or _is_short(item) for item in items)
