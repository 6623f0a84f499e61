"""`validate --fix` and `--diff`: fixes applied round by round until none is left, and what they changed.

A fix may make way for the next finding, so everything is checked anew after each round; nothing is written before the end.
"""

import difflib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from router.cli.checked import Checked
from router.cli.sources import Sources
from router.config.concealment import without_secrets
from router.config.edits import applied
from router.config.problem import Fix, source_lines

_MOST_ROUNDS = 100
_BOM = b"\xef\xbb\xbf"


def mended(check: Callable[[], list[Checked]], first: list[Checked], sources: Sources) -> tuple[list[Checked], dict[str, int]]:
    """What is found after the last round, and file to the number of fixes; the new contents stand in `sources`.

    `check`: checks everything anew; `first`: what it found before.
    """
    checked, counts = first, defaultdict[str, int](int)
    for _ in range(_MOST_ROUNDS):
        done = {file: _apply(file, fixes, sources) for file, fixes in _fixes(checked).items()}
        if not any(done.values()):
            break
        for file, count in done.items():
            counts[file] += count
        checked = check()
    return checked, dict(counts)


def _fixes(checked: Sequence[Checked]) -> dict[str, list[Fix]]:
    """By file. Every fix stays within one."""
    found: defaultdict[str, list[Fix]] = defaultdict(list)
    for one in checked:
        for problem in one.problems:
            if problem.fix is not None:
                found[problem.file].append(problem.fix)
    return found


def _apply(file: str, fixes: list[Fix], sources: Sources) -> int:
    data = sources.read(file)
    text = data.decode("utf-8-sig")
    after, count = applied(text, fixes)
    if after == text:
        return 0
    sources.put(file, (_BOM if data.startswith(_BOM) else b"") + after.encode())
    return count


def write(files: Sequence[str], sources: Sources) -> None:
    """Put the mended contents on the disk. Raises click.UsageError where one cannot be written."""
    for file in files:
        try:
            Path(file).write_bytes(sources.read(file))
        except OSError as error:
            raise click.UsageError(f"{file} cannot be written: {error.strerror}.") from None


def differences(files: Sequence[str], before: Sequence[Checked], after: Sequence[Checked]) -> str:
    """A unified diff of the files, without literal secrets; every line break is a line feed there."""
    old, new = _sources(before), _sources(after)
    return "".join(_difference(file, old.get(file, ""), new.get(file, "")) for file in sorted(files))


def _sources(checked: Sequence[Checked]) -> dict[str, str]:
    loads = [one.loaded for one in checked]
    return {file: "\n".join(source_lines(without_secrets(text))) for each in loads for file, text in each.sources.items()}


def _difference(file: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), file, file)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
