"""A finding keeps its fingerprint while the file changes around it."""

from router.config import Problem
from router.config.fingerprints import fingerprinted
from router.config.problem import Span


def one(
    line: int, message: str = "no 3", code: str = "c", file: str = "a.yaml", path: tuple[str | int, ...] = ("x",)
) -> Problem:
    return Problem(code, message, Span(file, line, 1, line, 2), path=path)


def test_lines_and_numbers_do_not_count() -> None:
    (first,), (second,) = fingerprinted([one(3)]), fingerprinted([one(90, "no 17", file="./a.yaml")])
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 32


def test_code_file_path_and_words_do() -> None:
    others = [one(1), one(1, "none 3"), one(1, code="d"), one(1, file="b.yaml"), one(1, path=("x", 1))]
    assert len({problem.fingerprint for problem in fingerprinted(others)}) == 5


def test_equal_ones_are_told_apart_by_their_order() -> None:
    before = [problem.fingerprint for problem in fingerprinted([one(1), one(2)])]
    after = [problem.fingerprint for problem in fingerprinted([one(5), one(6), one(7)])]
    assert len(set(after)) == 3
    assert after[:2] == before
