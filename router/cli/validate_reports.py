"""What `validate` has found, in every format: a table from format to what makes its text."""

import json
from collections.abc import Callable, Mapping, Sequence

from router import __version__
from router.cli.checked import Checked, Verdict, counted, once
from router.cli.findings import for_people
from router.config import Problem, Severity
from router.reports import concise, github

FORMATS = ("human", "concise", "json", "sarif", "junit", "github")

_VERDICTS = {Verdict.VALID: "valid", Verdict.INVALID: "not valid", Verdict.NONE: "no verdict"}
_LEVELS: Mapping[Severity, github.Level] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def writers(checked: Sequence[Checked], fail_on: Severity | None) -> Mapping[str, Callable[[], str]]:
    """`fail_on`: the severity from which on a finding counts as a failed test."""
    return {
        "human": lambda: _human(checked),
        "concise": lambda: "".join(f"{concise.line(problem)}\n" for problem in once(checked)),
        "json": lambda: _json(checked),
        "sarif": lambda: _sarif(checked),
        "junit": lambda: _junit(checked, fail_on),
        "github": lambda: "".join(f"{_annotation(problem)}\n" for problem in once(checked)),
    }


def _human(checked: Sequence[Checked]) -> str:
    parts = []
    for one in checked:
        parts += [f"{for_people(problem, one.loaded.sources)}\n\n" for problem in one.problems]
        parts.append(f"{one.path}: {_VERDICTS[one.verdict]}{_summary(one)}\n")
    fixes = sum(problem.fix is not None for problem in once(checked))
    if fixes:
        parts.append(f"{fixes} finding{'' if fixes == 1 else 's'} can be mended with --fix; --diff shows what it would do.\n")
    return "".join(parts)


def _summary(one: Checked) -> str:
    hidden = {"suppressed": len(one.suppressed), "not selected": len(one.left_out)}
    told = [counted(one.problems), *(f"{number} {what}" for what, number in hidden.items() if number)]
    text = ", ".join(part for part in told if part)
    stages = f" with {', '.join(one.stages)}" if one.stages else ""
    return stages + (f" ({text})" if text else "")


def _json(checked: Sequence[Checked]) -> str:
    documents = [
        {
            "path": one.path,
            "stages": list(one.stages),
            "verdict": str(one.verdict),
            "files": list(one.loaded.files),
            "problems": [problem.to_json() for problem in one.problems],
            "suppressed": [each.to_json() for each in one.suppressed],
        }
        for one in checked
    ]
    return json.dumps({"version": 1, "configurations": documents}, indent=2, ensure_ascii=False) + "\n"


def _sarif(checked: Sequence[Checked]) -> str:
    from router.config.catalogue import BY_CODE  # words for people, which the other formats do without
    from router.reports import sarif

    suppressed = list({each: None for one in checked for each in one.suppressed})
    successful = all(one.verdict is not Verdict.NONE for one in checked)
    return sarif.render(once(checked), suppressed, BY_CODE, version=__version__, successful=successful)


def _junit(checked: Sequence[Checked], fail_on: Severity | None) -> str:
    from router.cli.validate_junit import (
        report,
    )  # its patterns take milliseconds to compile, which the other formats do without

    return report(checked, fail_on)


def _annotation(problem: Problem) -> str:
    text = problem.message if problem.help is None else f"{problem.message}\n{problem.help}"
    stages = f" (only with {', '.join(problem.stages)})" if problem.stages else ""
    return github.annotation(_LEVELS[problem.severity], text + stages, title=problem.code, span=problem.span)
