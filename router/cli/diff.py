"""`lambda-router diff`: what a change of the configuration changes, in settings and in what becomes of requests and events.

Exit codes: 0 the same, 1 differences, 2 wrong usage, 3 no verdict: a side is not valid.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from router.cli.configuration import DEFAULT
from router.cli.findings import show_problems
from router.cli.quiet import quiet
from router.cli.sources import Sources
from router.config import Loaded, Severity, load
from router.config.effective import Branch, effective
from router.config.files import Files
from router.config.trusting import trusting
from router.explaining.comparison import Recorded, compare
from router.explaining.one import prepare
from router.review import difference_text, differences
from router.review.difference_text import Review
from router.review.redaction import Redact
from router.revisions import Revision, RevisionError
from router.samples import SampleError
from router.samples.documents import is_envelope

NO_VERDICT = 3
_GIT = "git:"
_FORMATS = {"markdown": difference_text.to_markdown, "human": difference_text.to_text}


@dataclass(slots=True)
class Side:
    """`name`: as it was asked for. `file`: the main file. `plain`, `trusting`: with and without `auth`."""

    name: str
    file: str
    plain: Loaded
    trusting: Loaded

    def effective(self) -> Branch:
        """Its settings, with defaults."""
        assert self.plain.written is not None
        return effective(self.plain.written, self.file, os.environ)


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over A and B; repeatable.")
@click.option("--events", type=click.Path(), metavar="DIR", help="Recorded requests and events, too: its *.json files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "human", "json"]),
    help="How it is printed (default: human on a terminal, else markdown).",
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 also where there are differences.")
def command(before: str, after: str, overlays: tuple[str, ...], events: str | None, form: str | None, exit_zero: bool) -> None:
    """Compare two configurations: A and B are files, directories (their router.yaml), `git:REF` (the other side's path in that
    revision) or `git:REF:PATH`.

    Settings are compared by what they mean. Then a sample for every route of either side, and every recorded document of
    --events (envelopes as `sample` prints them, or services' own), is played under both: trigger, route, function, event,
    answer, retries.

    Variables that are not set are unknown values, equal where they are written alike. Exit codes: 0 the same, 1 differences,
    2 wrong usage, 3 no verdict (a side is not valid: its findings are shown).
    """
    recorded = _recorded(events) if events is not None else []
    now = time.time()
    sides = [_side(spec, other, overlays, now) for spec, other in ((before, after), (after, before))]
    if not all(_is_valid(side) for side in sides):
        sys.exit(NO_VERDICT)
    redact = _redaction(sides)
    review = _review(sides[0], sides[1], recorded, now, redact)
    text = _printed(review, form or ("human" if sys.stdout.isatty() else "markdown"), redact)
    click.echo(text, nl=False)
    sys.exit(1 if review.differs and not exit_zero else 0)


def _review(before: Side, after: Side, recorded: Sequence[Recorded], now: float, redact: Redact) -> Review:
    settings = differences.compare(before.effective(), after.effective())
    try:
        with quiet():
            compared = asyncio.run(compare(prepare(before.trusting), prepare(after.trusting), recorded, now, redact))
    except SampleError as error:
        raise click.UsageError(f"{error}.") from None
    undecided = (before.trusting.undecided, after.trusting.undecided)
    return Review(before.name, after.name, settings, compared.behaviours, compared.number, compared.unsampled, undecided)


def _redaction(sides: Sequence[Side]) -> Redact:
    """Without what either side must not show."""

    def redact(text: str) -> str:
        for side in sides:
            text = side.plain.redact(text)
        return text

    return redact


def _printed(review: Review, form: str, redact: Redact) -> str:
    if form == "json":
        return json.dumps(difference_text.to_json(review, redact), indent=2, ensure_ascii=False) + "\n"
    return _FORMATS[form](review, redact)


# --- sides -----------------------------------------------------------------------------------------------------------


def _side(spec: str, other: str, overlays: tuple[str, ...], now: float) -> Side:
    files: Files = Sources()
    file = spec
    if spec.startswith(_GIT):
        reference, _, path = spec.removeprefix(_GIT).partition(":")
        file = path or _path_of(other) or DEFAULT
        files = _revision(reference, spec)
    if files.kind(file) == "folder":
        file = str(Path(file) / DEFAULT)
    plain = _load(file, overlays, files, now, False)
    return Side(spec, file, plain, plain if _trusts(plain) else _load(file, overlays, files, now, True))


def _trusts(loaded: Loaded) -> bool:
    """Whether every caller is believed as it is, so that nothing else would be compiled without any `auth`."""
    return loaded.config is not None and not loaded.undecided and trusting(loaded.config.raw) == loaded.config.raw


def _path_of(other: str) -> str:
    """The path of the other side, where this one has none."""
    return other.removeprefix(_GIT).partition(":")[2] if other.startswith(_GIT) else other


def _revision(reference: str, spec: str) -> Revision:
    try:
        return Revision(reference)
    except RevisionError as error:
        raise click.UsageError(f"`{spec}`: {error}.") from None


def _load(file: str, overlays: tuple[str, ...], files: Files, now: float, trust_callers: bool) -> Loaded:
    return load(
        [file],
        overlays,
        files=files,
        env=os.environ,
        require_env=False,
        partial=True,
        trust_callers=trust_callers,
        now=now,
    )


def _is_valid(side: Side) -> bool:
    if side.plain.config is not None and side.trusting.config is not None:
        return True
    click.echo(f"lambda-router: no verdict, {side.name} is not valid:\n", err=True)
    errors = [problem for problem in side.plain.problems if problem.severity is Severity.ERROR]
    show_problems(side.plain, errors)
    return False


def _recorded(folder: str) -> list[Recorded]:
    """Every `*.json` below a folder, by name; a file that holds a list of envelopes holds several."""
    root = Path(folder)
    if not root.is_dir():
        raise click.UsageError(f"`{folder}` is no folder.")
    found: list[Recorded] = []
    for path in sorted(root.rglob("*.json")):
        label = path.relative_to(root).as_posix()
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise click.UsageError(f"`{path}` is no JSON document: {error}.") from None
        if isinstance(document, list) and document and all(map(is_envelope, document)):
            found += [Recorded(f"{label}[{index}]", each) for index, each in enumerate(document)]
        else:
            found.append(Recorded(label, document))
    return found
