"""Edits carried out on a text, byte for byte the same elsewhere; several fixes at once, as far as they do not meet."""

from collections.abc import Iterable, Sequence

from router.config.problem import LINE_BREAK, Edit, Fix


def offsets(text: str) -> list[int]:
    """Where each line begins, by YAML's line breaks."""
    return [0, *(match.end() for match in LINE_BREAK.finditer(text))]


def applied(text: str, fixes: Iterable[Fix]) -> tuple[str, int]:
    """The text with the fixes, and how many there are of them; one that meets an earlier one waits for another turn.

    Every edit speaks of this text: its lines and columns.
    """
    starts, count = offsets(text), 0
    taken: list[tuple[int, int, str]] = []
    for fix in dict.fromkeys(fixes):
        edits = [(*_stretch(edit, starts, len(text)), edit.text) for edit in fix.edits]
        if not any(_meet(one, other) for one in edits for other in taken):
            taken += edits
            count += 1
    for start, end, put in sorted(taken, reverse=True):
        text = text[:start] + put + text[end:]
    return text, count


def _stretch(edit: Edit, starts: Sequence[int], length: int) -> tuple[int, int]:
    span = edit.span
    return _offset(span.line, span.column, starts, length), _offset(span.end_line, span.end_column, starts, length)


def _offset(line: int, column: int, starts: Sequence[int], length: int) -> int:
    return min(starts[line - 1] + column - 1, length) if line <= len(starts) else length


def _meet(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return one[0] == other[0] or (one[0] < other[1] and other[0] < one[1])
