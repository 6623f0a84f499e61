"""One line for each finding, as compilers print them: editors and `grep` read it."""

from router.config.problem import Problem


def line(problem: Problem) -> str:
    """`file:line:column: severity[code] message`, in one line without its break."""
    text = " ".join(problem.message.split())
    only = f" (only with {', '.join(problem.stages)})" if problem.stages else ""
    return f"{problem.file}:{problem.line}:{problem.column}: {problem.severity}[{problem.code}] {text}{only}"
