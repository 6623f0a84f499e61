"""Differences as Markdown for a pull request, for people at a terminal, and for programs.

Nothing that a configuration or an event holds can leave its cell of a Markdown table: values stand in code spans.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from router.config.problem import dotted
from router.model import Place
from router.review.behaviour import Behaviour, Fact
from router.review.differences import Difference, How, Settings
from router.review.redaction import Redact, redacted_value

_SHOWN = 300
"""Characters of a value that are printed."""
_BACKTICKS = re.compile("`+")


@dataclass(slots=True)
class Review:
    """Two configurations compared. `before`, `after`: their names. `number`: of requests and events that both were asked about.

    `unsampled`: routes of which nothing was asked. `undecided`: triggers about which nothing can be said, by side.
    """

    before: str
    after: str
    settings: Settings
    behaviours: Sequence[Behaviour]
    number: int
    unsampled: Sequence[str] = ()
    undecided: tuple[Sequence[str], Sequence[str]] = ((), ())

    @property
    def differs(self) -> bool:
        """Whether anything does, but for an order without effect."""
        return bool(self.settings.differences or self.behaviours)


def verdict(review: Review) -> str:
    """One sentence."""
    if not review.differs:
        return f"No difference; {_events(review.number)} treated alike."
    changed, treated = len(review.settings.differences), len(review.behaviours)
    settings = f"{changed} {'setting differs' if changed == 1 else 'settings differ'}"
    return f"{settings}, {treated} of {_events(review.number)} treated differently."


def _events(number: int) -> str:
    return f"{number} {'request or event is' if number == 1 else 'requests and events are'}"


def _notes(review: Review) -> Iterator[str]:
    if review.settings.only_order:
        paths = ", ".join(map(dotted, review.settings.only_order))
        yield f"In another order, which has no effect: {paths}."
    if review.unsampled:
        yield f"No sample can be made for: {', '.join(review.unsampled)}."
    for side, names in zip((review.before, review.after), review.undecided, strict=True):
        if names:
            yield f"Nothing can be said of {', '.join(names)} in {side}: a variable is not set."


# --- Markdown --------------------------------------------------------------------------------------------------------


def to_markdown(review: Review, redact: Redact) -> str:
    """Headings and tables, as GitHub and GitLab read them."""
    lines = [f"### Configuration: {code(review.before)} → {code(review.after)}", "", f"**{verdict(review)}**"]
    if review.settings.differences:
        lines += ["", "#### Settings", "", "| | setting | before | after |", "|---|---|---|---|"]
        lines += [_setting_row(each, redact) for each in review.settings.differences]
    if review.behaviours:
        lines += ["", "#### Requests and events", "", "| | what | before | after |", "|---|---|---|---|"]
        lines += [row for each in review.behaviours for row in _behaviour_rows(each, redact)]
    notes = [*_notes(review)]
    lines += ["", *(f"- {_prose(redact(note))}" for note in notes)] if notes else []
    return "\n".join(lines) + "\n"


def _setting_row(difference: Difference, redact: Redact) -> str:
    before = _cell(_side(difference, difference.before, redact), difference.before_place)
    after = _cell(_side(difference, difference.after, redact), difference.after_place)
    return f"| {difference.how} | {code(dotted(difference.path))} | {before} | {after} |"


def _behaviour_rows(behaviour: Behaviour, redact: Redact) -> Iterator[str]:
    label = code(redact(behaviour.label))
    for fact in behaviour.facts:
        yield f"| {label} | {fact.what} | {code(fact.before)} | {code(fact.after)} |"
        label = ""


def _cell(text: str, place: Place | None) -> str:
    where = f"{place.file}:{place.line}" if place is not None else ""
    return "<br>".join(code(part) for part in (text, where) if part)


def code(text: str) -> str:
    """A code span in a table's cell: on one line, its bars escaped, its fence longer than any run of backticks in it."""
    line = "".join(character if character.isprintable() else " " for character in _cut(text)).replace("|", "\\|")
    longest = max((len(run) for run in _BACKTICKS.findall(line)), default=0)
    if not line.strip():
        return ""
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}" if longest or line[0] == " " or line[-1] == " " else f"{fence}{line}{fence}"


def _prose(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|@])", r"\\\1", "".join(each if each.isprintable() else " " for each in text))


# --- for people ------------------------------------------------------------------------------------------------------


def to_text(review: Review, redact: Redact) -> str:
    """The same in lines."""
    lines = [f"{review.before} → {review.after}", "", verdict(review)]
    if review.settings.differences:
        lines += ["", "Settings"]
        for each in review.settings.differences:
            lines += _setting_lines(each, redact)
    for behaviour in review.behaviours:
        lines += ["", redact(behaviour.label)]
        lines += [line for fact in behaviour.facts for line in _fact_lines(fact)]
    notes = [redact(note) for note in _notes(review)]
    return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"


def _setting_lines(difference: Difference, redact: Redact) -> Iterator[str]:
    yield f"  {difference.how:<9} {dotted(difference.path)}"
    for sign, value, place, missing in (
        ("-", difference.before, difference.before_place, difference.how is How.ADDED),
        ("+", difference.after, difference.after_place, difference.how is How.REMOVED),
    ):
        if not missing:
            where = f"  ({place.file}:{place.line})" if place is not None else ""
            yield f"            {sign} {_cut(_side(difference, value, redact))}{where}"


def _fact_lines(fact: Fact) -> Iterator[str]:
    yield f"  {fact.what}"
    yield f"    - {_cut(fact.before)}"
    yield f"    + {_cut(fact.after)}"


def _side(difference: Difference, value: Any, redact: Redact) -> str:
    if value is None and (difference.how is How.ADDED or difference.how is How.REMOVED):
        return ""
    shown = redacted_value(value, redact)
    text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    return f"{text} (a secret that differs)" if difference.hidden else text


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


# --- for programs ----------------------------------------------------------------------------------------------------


def to_json(review: Review, redact: Redact) -> dict[str, Any]:
    """`{version, before, after, differs, settings, only_order, number, behaviours, unsampled, undecided}`."""
    return {
        "version": 1,
        "before": review.before,
        "after": review.after,
        "differs": review.differs,
        "settings": [_setting_json(each, redact) for each in review.settings.differences],
        "only_order": [dotted(path) for path in review.settings.only_order],
        "number": review.number,
        "behaviours": [
            {
                "label": redact(each.label),
                "facts": [{"what": fact.what, "before": fact.before, "after": fact.after} for fact in each.facts],
            }
            for each in review.behaviours
        ],
        "unsampled": list(review.unsampled),
        "undecided": {"before": list(review.undecided[0]), "after": list(review.undecided[1])},
    }


def _setting_json(difference: Difference, redact: Redact) -> dict[str, Any]:
    return {
        "path": dotted(difference.path),
        "how": str(difference.how),
        "before": _side(difference, difference.before, redact) or None,
        "after": _side(difference, difference.after, redact) or None,
        "before_place": _place_json(difference.before_place),
        "after_place": _place_json(difference.after_place),
    }


def _place_json(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "line": place.line, "column": place.column}
