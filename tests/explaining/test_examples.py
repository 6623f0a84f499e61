"""A sample of every trigger in the examples is explained: a route takes it, and callers get what their front door says."""

import asyncio
import os
from pathlib import Path

import pytest

from router.cli.quiet import quiet
from router.config import load
from router.explaining.one import Question, explain, prepare
from router.files import LocalFiles
from router.review.explanation import Explanation
from router.review.explanation_text import to_json, to_text
from router.samples import Context, for_trigger

CONFIGS = Path(__file__).parent.parent.parent / "configs"
NOW = 1_783_711_144.0


def explained(path: str) -> dict[str, Explanation]:
    """By trigger."""
    loaded = load([path], files=LocalFiles(), env=os.environ, require_env=False, partial=True, trust_callers=True)
    config = loaded.config
    assert config is not None
    context = Context(NOW, config.aws.account_id, config.aws.region, lambda: "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10")
    found = {}
    for trigger in config.triggers:
        addressed = for_trigger(trigger, config.raw["triggers"][trigger.name], {}, context)
        with quiet():
            found[trigger.name] = asyncio.run(explain(prepare(loaded), Question(addressed, NOW)))
        assert to_text(found[trigger.name], loaded.redact)
        assert to_json(found[trigger.name], loaded.redact)["matched"] is True
    return found


SYNC = [("it returns what is expected", 200), ("it fails", 502)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alb", {"balancer": SYNC}),
        ("api_gateway", {"shop": [(case, status if status == 200 else 500) for case, status in SYNC]}),
        ("cognito", {"customers": [(case, status if status == 200 else 400) for case, status in SYNC]}),
        ("eventbridge", {"bus": [("", 200)]}),
        ("function_url", {"page": SYNC}),
        ("lambda_api", {"api": [(case, 200) for case, _ in SYNC]}),
        ("lambda_edge", {"www": [("it returns what is expected", 200), ("it fails", 503)]}),
        ("s3", {"uploads": [("", 200)]}),
        ("schedule", {}),
        ("sns", {"alerts": [("", 200)]}),
        ("sqs", {"jobs": []}),
        ("step_functions", {"task": [(case, status if status == 200 else 500) for case, status in SYNC]}),
    ],
)
def test_examples(name: str, expected: dict[str, list[tuple[str, int]]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIGS.parent)
    found = explained(f"configs/examples/{name}.yaml")
    answers = {trigger: [(answer.case, answer.status) for answer in each.answers] for trigger, each in found.items()}
    assert {trigger: answers[trigger] for trigger in expected} == expected
    for each in found.values():
        assert each.calls or each.deliveries
        assert [delivery.courses for delivery in each.deliveries if len(delivery.courses) < 2] == []
