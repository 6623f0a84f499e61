"""A sample for a declared trigger is one that it takes, whatever it declares; every chosen option replaces one fact."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.envelopes import Addressed
from router.samples import Context, for_trigger
from router.settings import Config

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "configs" / "examples").glob("*.yaml"))
FUNCTIONS = "functions: {f: {arn: 'arn:aws:lambda:eu-west-1:111122223333:function:f'}}\n"

Configured = Callable[..., Config]
Play = Callable[..., Any]


def sample(config: Config, context: Context, name: str | None = None, **options: Any) -> Addressed:
    """Of the trigger with this name, or of the only one."""
    trigger = next(each for each in config.triggers if name in (None, each.name))
    return for_trigger(trigger, config.raw["triggers"][trigger.name], options, context)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_takes_the_sample_for_each_of_its_triggers(
    path: Path, configured: Configured, context: Context, play: Play
) -> None:
    config = configured(path.read_text(encoding="utf-8").replace("enabled: false", "enabled: true"))
    assert config.triggers
    for trigger in config.triggers:
        made = for_trigger(trigger, config.raw["triggers"][trigger.name], {}, context)
        played = play(config, made)
        assert (played.trigger.name, made.trigger) == (trigger.name, trigger.name)
        assert played.payloads, f"{trigger.name} invokes nothing for {made}"
        assert played.reply is None or played.reply.status < 400
