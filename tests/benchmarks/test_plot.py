"""What the picture's subjects are called, and that they can be told apart."""

import pytest

from benchmarks.plot import OTHER, short, style
from benchmarks.subjects import COMPILED, HAND_WRITTEN, PASSTHROUGH, ROUTER, WRAPPED

SHORT = {
    HAND_WRITTEN.format(pool=128): "aiobotocore, pool of 128",
    WRAPPED: "Envoy, wrapped",
    PASSTHROUGH: "Envoy, passthrough",
    ROUTER.format(api="http"): "lambda-router, http",
    ROUTER.format(api="rest"): "lambda-router, rest",
    COMPILED.format(api="http"): "lambda-router, http, compiled",
}


@pytest.mark.parametrize(("name", "wanted"), SHORT.items())
def test_names_are_short(name: str, wanted: str) -> None:
    assert short(name) == wanted


def test_no_two_lines_look_alike() -> None:
    lines = [style(name) for name in SHORT if name != PASSTHROUGH]
    for part in range(3):
        assert len({str(line[part]) for line in lines}) == len(lines)
    assert OTHER not in lines
