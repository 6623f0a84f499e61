"""From files to a configuration, or to findings: source -> schema -> complete -> rules -> build. Pure: see `Files`.

Every stage runs over all parts that passed the stage before, so that one run tells everything that is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from router.config.assembly import Assembly, assemble
from router.config.build import Material, build, build_known
from router.config.bundle import bundle
from router.config.complete import Completion
from router.config.concealment import without_secrets
from router.config.env_file import EnvFileError, parse_env_file
from router.config.files import Files, Recorded
from router.config.fingerprints import fingerprinted
from router.config.fitting import BY_NAME, fitted
from router.config.fixes import verified
from router.config.nodes import MapNode, Opaque, ScalarNode, child, locate, scalars
from router.config.problem import Path, Problem, Severity, Suppressed, hidden, legible, within
from router.config.reporting import Reporter
from router.config.rules import check
from router.config.rules.context import Context
from router.config.rules.secrets import secrets_by_look
from router.config.schemas import Schema, documents
from router.config.shape import Shapes
from router.config.substitution import Substitution, redactor
from router.config.suppression import suppressed
from router.config.trusting import trusting
from router.model import Place, TriggerType
from router.settings import Config
from router.triggers import TYPES

REDACTED = "(redacted)"
"""In place of a secret that stands in a file."""

_LONG = 8
"""Characters from which on a literal secret is no word that a finding could have of its own."""


@dataclass(slots=True, frozen=True)
class Written:
    """What stands behind a configuration, for whoever asks where a value comes from.

    `root`: the files as one tree, with variables put in. `namespaces`: file to its prefix.
    """

    root: MapNode
    shapes: Shapes
    namespaces: Mapping[str, str]

    def place(self, path: Path) -> Place:
        """Where a path stands, or the nearest part of it that is written: its key, or of a list's item the item."""
        span = Reporter(self.root).key_span(path)
        return Place(span.file, span.line, span.column)


@dataclass(slots=True)
class Loaded:
    """`config`: None where there is an error, and where a variable is not set and need not be (`require_env=False`).

    `problems`: sorted by place. `files`: every file that was read, absolute, env files and those of `${file:…}` among them.
    `sources`: the text of each YAML file by the path that findings show, without literal secrets. `unreadable`: files that
    could not be read at all. `undecided`: triggers that a partial configuration lacks, because what they are depends on a
    variable that is not set. `written`: None where nothing could be read. `redact(text)`: without what came from a variable or
    a file, and without literal secrets. `suppressed`: what comments in the files take back; it is not among the problems.
    """

    config: Config | None
    problems: list[Problem]
    files: tuple[str, ...]
    sources: Mapping[str, str]
    unreadable: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    written: Written | None = None
    redact: Callable[[str], str] = str
    suppressed: tuple[Suppressed, ...] = ()


def load(
    paths: Sequence[str],
    overlays: Sequence[str] = (),
    *,
    files: Files,
    env: Mapping[str, str],
    require_env: bool = True,
    types: Mapping[str, TriggerType] = TYPES,
    schemas: Mapping[str, Schema] | None = None,
    now: float | None = None,
    partial: bool = False,
    trust_callers: bool = False,
) -> Loaded:
    """Read, check and compile a configuration. Never raises for what the files hold.

    `paths`: files of one configuration, usually one; `overlays`: laid over it in order. `require_env`: whether a variable
    that is not set is an error (`run`), or an unknown value that fits everywhere (`validate`). `schemas`: other schema
    files than the shipped ones, by `$id`. `now`: epoch seconds, for what lies in the past; None: nothing is said about that.
    `partial`: compile also where variables are not set, with stand-ins for them and without the triggers that have none.
    `trust_callers`: compile without any `auth` and without the verification of signatures.
    """
    recorded = Recorded(files)
    substitution = Substitution(env, recorded, require_env)
    assembly = assemble(paths, overlays, recorded, substitution)
    problems = assembly.problems
    config = None
    undecided: tuple[str, ...] = ()
    written: Written | None = None
    literals: Mapping[str, str] = {}
    if assembly.root is not None:
        shapes = _shapes(types) if schemas is None else Shapes(bundle(schemas, types))
        loader = _Loader(shapes, assembly, recorded, env, types, now, partial, trust_callers)
        config = loader.run(assembly.root)
        problems = problems + loader.problems
        undecided = tuple(loader.undecided)
        written = Written(assembly.root, shapes, assembly.namespaces)
        literals = loader.literals
    redact = redactor({**{text: shown for text, shown in literals.items() if len(text) >= _LONG}, **substitution.secrets})
    told = _told(_printed(problem, redact, assembly.texts) for problem in problems)
    if any(problem.severity is Severity.ERROR for problem in told):
        config = None
    complete = config is not None and not partial and now is not None
    kept, taken_back, about_comments = suppressed(
        fingerprinted(verified(told, assembly.trees, assembly.texts)), assembly.texts, complete=complete
    )
    return Loaded(
        config,
        sorted([*kept, *fingerprinted(about_comments)], key=Problem.sort_key),
        recorded.paths,
        _printable(assembly.texts, told),
        tuple(assembly.unreadable),
        undecided,
        written,
        redactor({**literals, **substitution.secrets}),
        tuple(taken_back),
    )


def _told(problems: Iterable[Problem]) -> list[Problem]:
    """By place, each once: what `defaults:` and `labels:` put into several triggers is wrong at one place."""
    found: dict[tuple[object, ...], Problem] = {}
    for problem in sorted(problems, key=lambda problem: (problem.sort_key(), len(problem.path))):
        found.setdefault((problem.span, problem.code, problem.message, problem.help, problem.severity), problem)
    return list(found.values())


def _printed(problem: Problem, redact: Callable[[str], str], texts: Mapping[str, str]) -> Problem:
    """Without what must not be printed, and at a place that the file has."""
    help_text = legible(redact(problem.help)) if problem.help is not None else None
    text = texts.get(problem.file)
    span = within(text, problem.span) if text else problem.span
    related = tuple(replace(other, message=legible(redact(other.message))) for other in problem.related)
    return replace(problem, message=legible(redact(problem.message)), help=help_text, related=related, span=span)


def _shapes(types: Mapping[str, TriggerType]) -> Shapes:
    return _cached_shapes(tuple(types))


@cache
def _cached_shapes(types: tuple[str, ...]) -> Shapes:
    return Shapes(bundle(documents(), types))


@dataclass(slots=True)
class _Loader:
    shapes: Shapes
    assembly: Assembly
    files: Recorded
    env: Mapping[str, str]
    types: Mapping[str, TriggerType]
    now: float | None
    partial: bool = False
    trust_callers: bool = False
    problems: list[Problem] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    literals: dict[str, str] = field(default_factory=dict)

    def run(self, root: MapNode) -> Config | None:
        root, value, broken = fitted(self.shapes, root, self.problems)
        completion = Completion(self.shapes, _names(root, "functions"), self.files.absolute, self.assembly.namespaces)
        settings = completion.complete(self.shapes.root, _without(value, broken), root)
        secret = [*_literals(root, completion.secrets), *secrets_by_look(root)]
        self.literals = dict.fromkeys(secret, REDACTED)
        reporter = Reporter(root, self.problems)
        env_files = self._env_files(settings, reporter)
        check(
            Context(
                settings=settings,
                reporter=reporter,
                shapes=self.shapes,
                files=self.files,
                types=self.types,
                broken=broken,
                undecided=completion.undecided,
                references=completion.references,
                secrets=completion.secrets,
                env_files=env_files,
                now=self.now,
                namespaces=self.assembly.namespaces,
            )
        )
        wrong = [*self.problems, *self.assembly.problems]
        if broken or any(problem.severity is Severity.ERROR for problem in wrong):
            return None
        return self._build(root, settings, env_files, completion.undecided)

    def _build(
        self, root: MapNode, settings: dict[str, Any], env_files: Mapping[str, Mapping[str, str]], undecided: list[Path]
    ) -> Config | None:
        opaque = any(node.opaque for node in scalars(root))
        if opaque and not self.partial:
            return None
        if self.trust_callers:
            settings = trusting(settings)
        material = Material(settings, self.types, self.env, env_files, _places(root), self.files.paths)
        if not opaque:
            return build(material)
        self.undecided = list(dict.fromkeys(str(path[1]) for path in undecided if path[0] == "triggers"))
        return build_known(material, self.undecided)

    def _env_files(self, settings: Mapping[str, Any], reporter: Reporter) -> dict[str, dict[str, str]]:
        found = {}
        for name, function in settings["functions"].items():
            path = (function["local"] or {}).get("env_file")
            if path is not None and not isinstance(path, Opaque):
                found[name] = self._env_file(path, ("functions", name, "local", "env_file"), reporter)
        return found

    def _env_file(self, path: str, where: Path, reporter: Reporter) -> dict[str, str]:
        try:
            return parse_env_file(self.files.read(path).decode())
        except OSError as error:
            reporter.report(where, "unreadable-file", f"the file cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            reporter.report(where, "unreadable-file", "the file is not UTF-8 text")
        except EnvFileError as error:
            reporter.report(where, "bad-env-file", f"the file cannot be read: {error}")
        return {}


def _printable(texts: Mapping[str, str], problems: Iterable[Problem]) -> dict[str, str]:
    """The texts that findings quote; a secret that stands in a file must not stand in a log, too."""
    printable = dict(texts)
    told = list(problems)
    for problem in told:
        if problem.code == "literal-secret":
            printable[problem.file] = hidden(printable[problem.file], problem.span)
    for file in {problem.file for problem in told if problem.severity is Severity.ERROR} & set(texts):
        printable[file] = without_secrets(printable[file])
    return printable


def _names(root: MapNode, section: str) -> set[str]:
    below = child(root, section)
    return set(below[1].entries) if below and isinstance(below[1], MapNode) else set()


def _without(value: dict[str, Any], broken: set[Path]) -> dict[str, Any]:
    """The value without the parts that do not fit the schema."""
    kept = {}
    for section, settings in value.items():
        if (section,) in broken:
            continue
        if section in BY_NAME and isinstance(settings, dict):
            settings = {name: item for name, item in settings.items() if (section, name) not in broken}
        kept[section] = settings
    return kept


def _literals(root: MapNode, secrets: Iterable[Path]) -> Iterator[str]:
    """Secrets that stand in the files as they are."""
    for path in secrets:
        node = locate(root, path).value
        if isinstance(node, ScalarNode) and not node.substituted and node.text:
            yield node.text


def _places(root: MapNode) -> Any:
    def place(name: str) -> Place:
        span = Reporter(root).key_span(("triggers", name))
        return Place(span.file, span.line, span.column)

    return place
