"""Several loads that belong together: the stages of one configuration, and configurations that share included files.

Each is still checked by itself. Here what they say is put together, so that nothing is told twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from router.config.load import Loaded
from router.config.problem import Problem, Suppressed

_UNUSED = "unused-suppression"


def merged(stages: Mapping[str, Loaded]) -> Loaded:
    """The stages of one configuration as one: a finding that not every stage has says which have it.

    `stages`: the overlay of each. There is no `config`: each stage has its own.
    """
    if len(stages) == 1:
        return next(iter(stages.values()))
    found: dict[Problem, list[str]] = {}
    taken: dict[Suppressed, None] = {}
    for name, loaded in stages.items():
        for problem in loaded.problems:
            found.setdefault(problem, []).append(name)
        taken |= dict.fromkeys(loaded.suppressed)
    problems = [
        problem if len(names) == len(stages) else replace(problem, stages=tuple(names)) for problem, names in found.items()
    ]
    loads = list(stages.values())
    return Loaded(
        None,
        sorted(problems, key=Problem.sort_key),
        tuple(dict.fromkeys(file for loaded in loads for file in loaded.files)),
        {file: text for loaded in loads for file, text in loaded.sources.items()},
        tuple(dict.fromkeys(file for loaded in loads for file in loaded.unreadable)),
        suppressed=tuple(taken),
    )


def agreed(loads: Sequence[Loaded]) -> list[Loaded]:
    """The same, but a comment is called unused only where no load that read its file had a use for it."""
    kept = []
    for loaded in loads:
        problems = [problem for problem in loaded.problems if problem.code != _UNUSED or _all_say(loads, problem)]
        kept.append(loaded if len(problems) == len(loaded.problems) else replace(loaded, problems=problems))
    return kept


def _all_say(loads: Sequence[Loaded], problem: Problem) -> bool:
    return all(
        any((each.code, each.span, each.message) == (problem.code, problem.span, problem.message) for each in loaded.problems)
        for loaded in loads
        if problem.file in loaded.sources
    )
