"""Runs cases one after the other, in virtual time: the event comes in, and what happens is held against what is expected."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from router.config import Loaded, Severity
from router.errors import BackendError, RouterError
from router.settings import Config
from router.simulation import MockAnswer, Trace, simulate
from router.testing import happened, local
from router.testing.configurations import Configurations
from router.testing.coverage import Coverage
from router.testing.expectations import View, held_against
from router.testing.given import NotGiven, given, mocks, origin
from router.testing.snapshots import BadSnapshots, Snapshots
from router.testing.words import Case, Mismatch, Result, Status


@dataclass(slots=True)
class Runner:
    """`run_local`: functions with a `local:` block are processes. `close` it always."""

    configurations: Configurations
    snapshots: Snapshots
    coverage: Coverage
    run_local: bool = False
    _locals: dict[int, local.LocalFunctions] = field(default_factory=dict)

    async def run(self, cases: Iterable[Case], *, bail: bool = False) -> list[Result]:
        """The results in order; with `bail` up to the first that did not pass. Raises BackendError with `run_local`."""
        results: list[Result] = []
        for case in cases:
            started = time.perf_counter()
            result = await self._result(case)
            result.seconds = time.perf_counter() - started
            results.append(result)
            if bail and result.status is not Status.PASSED:
                break
        return results

    async def close(self) -> None:
        """End every process."""
        for functions in self._locals.values():
            await functions.close()

    async def _result(self, case: Case) -> Result:
        loaded = self.configurations.loaded(case.config, case.env, case.trusted)
        self.coverage.declare(case.config, loaded)
        if case.problems:
            wrong = [
                Mismatch(problem.path[len(case.base) :], problem.message, [problem.help] if problem.help else [], problem.span)
                for problem in case.problems
            ]
            return Result(case, Status.BROKEN, wrong)
        if loaded.config is None:
            return Result(case, Status.BROKEN, [*_refused(loaded)])
        try:
            trace = await self._happens(case, loaded, loaded.config)
        except NotGiven as error:
            return Result(case, Status.BROKEN, [Mismatch(("given", error.form), str(error))])
        except BackendError:
            raise
        except RouterError as error:
            return Result(case, Status.BROKEN, [Mismatch(("given",), str(error))])
        self.coverage.saw(case.config, trace)
        return self._judged(case, trace, loaded, loaded.config)

    async def _happens(self, case: Case, loaded: Loaded, config: Config) -> Trace:
        answers: Mapping[str, Sequence[MockAnswer]] = mocks(case, config)
        functions = await self._functions(config)
        if functions is not None:
            answers = local.kept_mocks(answers, config)
        return await simulate(
            config,
            given(case, config, self.configurations.files),
            mocks=answers,
            now=case.now,
            invoker=functions,
            origin=origin(case),
            runs_here=local.runs_here if functions is not None else None,
            tables=self.configurations.tables(loaded),
        )

    async def _functions(self, config: Config) -> local.LocalFunctions | None:
        if not self.run_local:
            return None
        known = self._locals.get(id(config))
        if known is None:
            known = self._locals[id(config)] = local.LocalFunctions(config)
            await known.start()
        return known

    def _judged(self, case: Case, trace: Trace, loaded: Loaded, config: Config) -> Result:
        expected = case.value["expect"]
        wrong = held_against(expected, View(trace, config, case.namespace))
        if isinstance(expected, dict) and expected.get("snapshot"):
            try:
                lines = self.snapshots.compare(case.file, case.name, happened.document(trace), loaded.redact)
            except BadSnapshots as error:
                return Result(case, Status.BROKEN, [Mismatch(("expect", "snapshot"), str(error))], trace)
            if lines:
                wrong.append(Mismatch(("expect", "snapshot"), "it is not as the snapshot has it", lines))
        if not wrong:
            return Result(case, Status.PASSED, trace=trace)
        result = Result(case, Status.FAILED, [_redacted(each, loaded) for each in wrong], trace)
        result.happened = [loaded.redact(line) for line in happened.told(trace)]
        return result


def _redacted(wrong: Mismatch, loaded: Loaded) -> Mismatch:
    """Without what came from variables and files."""
    return Mismatch(wrong.path, loaded.redact(wrong.message), [loaded.redact(line) for line in wrong.lines])


def _refused(loaded: Loaded) -> Iterator[Mismatch]:
    """With this test's variables the configuration is not valid, although it may be without them."""
    for problem in loaded.problems:
        if problem.severity is Severity.ERROR:
            place = f"{problem.file}:{problem.line}:{problem.column}"
            yield Mismatch((), f"the configuration is not valid: {place}: {problem.message}")
