"""Which tests are meant: from paths to cases, each with the configuration that it is about."""

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from router.cli.configuration import DEFAULT
from router.config import Problem, Severity
from router.config.case_files import SUFFIXES, CaseFile, load_case_file
from router.files import LocalFiles
from router.testing.configurations import Configurations, inline, of_file
from router.testing.selecting import Wanted
from router.testing.words import Case

_SKIPPED = frozenset({"node_modules", "__pycache__"})


@dataclass(slots=True)
class Collected:
    """`whole`: files of which every test is among the cases. `problems`: findings that keep tests from being run.

    `unreadable`: whether a file could not be read at all.
    """

    configurations: Configurations
    cases: list[Case] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    unreadable: bool = False
    _configs: set[str] = field(default_factory=set)
    _files: set[str] = field(default_factory=set)

    def add_config(self, path: str, *, with_cases: bool = True) -> None:
        """A configuration; with the tests that it holds."""
        loaded = self.configurations.loaded(path)
        if path not in self._configs:
            self._configs.add(path)
            self.problems += [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
            self.sources |= loaded.sources
            self.unreadable |= bool(loaded.unreadable)
        if with_cases and path not in self._files:
            self._files.add(path)
            self._add(inline(path, loaded))

    def add_file(self, file: CaseFile, config: str) -> None:
        """A file with tests, and the configuration that they are about."""
        if file.path in self._files:
            return
        self._files.add(file.path)
        self.problems += file.problems
        self.sources |= file.sources
        self.unreadable |= file.unreadable
        if file.root is not None:
            self.add_config(config, with_cases=False)
            self._add(of_file(file, config, self.configurations.loaded(config, file.env)), file.path)

    def _add(self, cases: list[Case], file: str | None = None) -> None:
        self.cases += cases
        self.whole += dict.fromkeys([*([file] if file else []), *(case.file for case in cases)])


def collect(
    paths: Sequence[str], config: str | None, overlays: Sequence[str], env: Mapping[str, str], wanted: Wanted | None
) -> Collected:
    """The cases in the order of paths and files; of them those that are wanted."""
    files = LocalFiles()
    collected = Collected(Configurations(files, env, overlays))
    for path in paths or (config or DEFAULT,):
        if Path(path).is_dir():
            if _exists(inside := posixpath.join(path, DEFAULT)):
                collected.add_config(posixpath.normpath(inside))
            found = [*_below(path)]
        elif path.endswith(SUFFIXES):
            found = [path]
        else:
            if paths or config is not None or _exists(path):
                collected.add_config(path)
            found = [*_below(posixpath.dirname(path) or ".")]
        for name in found:
            file = load_case_file(name, files=files, env=env)
            about = file.config or config or _nearest(name)
            if not paths or name in paths or Path(path).is_dir() or _same(about, path):
                collected.add_file(file, about)
    if wanted is not None:
        chosen = [case for case in collected.cases if wanted(case.full_name)]
        partly = {case.file for case in collected.cases} - {case.file for case in chosen}
        partly |= {case.file for case in collected.cases if not wanted(case.full_name)}
        collected.cases, collected.whole = chosen, [file for file in collected.whole if file not in partly]
    return collected


def _below(folder: str) -> Iterator[str]:
    """Every file with tests in a folder and below it, sorted; hidden folders and those of packages are left out."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")) and name not in _SKIPPED)
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield posixpath.normpath(posixpath.join(here, name))


def _nearest(path: str) -> str:
    """router.yaml in the file's folder or the nearest one above it."""
    folder = Path(path).absolute().parent
    for depth, above in enumerate((folder, *folder.parents)):
        if (above / DEFAULT).is_file():
            return posixpath.normpath(posixpath.join(posixpath.dirname(path), *[".."] * depth, DEFAULT))
    return posixpath.join(posixpath.dirname(path), DEFAULT)


def _exists(path: str) -> bool:
    return Path(path).exists()


def _same(one: str, other: str) -> bool:
    return Path(one).absolute() == Path(other).absolute()
