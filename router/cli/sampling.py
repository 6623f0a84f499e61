"""What `sample` and `send` have in common: how a sample is chosen on a command line, and the context that it is made in."""

import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from typing import Any

import click

from router.config import Loaded
from router.envelopes import Addressed
from router.model import Trigger
from router.samples import Context, SampleError, for_trigger, make
from router.samples.reading import anything, moment
from router.settings import Config

ACCOUNT, REGION = "111122223333", "us-east-1"
"""Where a sample is that no configuration places."""


@dataclass(slots=True, frozen=True)
class Choice:
    """What was chosen. `options`: of the sample. `seed`: where its ids come from; None: anywhere. `now`: epoch seconds."""

    options: Mapping[str, Any]
    seed: int | None
    now: float

    def context(self, config: Config | None) -> Context:
        """In the account and region of a configuration."""
        account, region = (ACCOUNT, REGION) if config is None else (config.aws.account_id, config.aws.region)
        if self.seed is None:
            return Context(self.now, account, region, lambda: str(uuid.uuid4()))
        numbers = random.Random(self.seed)
        return Context(self.now, account, region, lambda: str(uuid.UUID(int=numbers.getrandbits(128), version=4)))


_OPTIONS = (
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="An option of the sample; `headers.x-beta=yes` sets one key of a map. Repeatable.",
    ),
    click.option("--via", metavar="CARRIERS", help="What carries it, from the inside out, such as `sns,sqs`."),
    click.option("--seed", type=int, metavar="N", help="Make the same ids every time."),
    click.option("--now", metavar="TIME", help="The time in it, as `2026-03-01T02:00:00Z` or epoch seconds (default: now)."),
)


def sample_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--set`, `--via`, `--seed` and `--now`; the command gets them as `choice`."""

    @wraps(function)
    def command(*, settings: Sequence[str], via: str | None, seed: int | None, now: str | None, **rest: Any) -> Any:
        options = read_settings(settings)
        if via is not None:
            options["via"] = via
        return function(choice=Choice(options, seed, _now(now)), **rest)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _now(text: str | None) -> float:
    if text is None:
        return time.time()
    try:
        return moment(text)
    except ValueError as error:
        raise click.UsageError(f"--now: {error}.") from None


def read_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Options by name. What stands behind a dot is a key of a map; its value is JSON where it looks so."""
    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set takes KEY=VALUE, not `{pair}`.")
        option, dot, key = name.partition(".")
        if not dot:
            options[option] = value
            continue
        known = options.setdefault(option, {})
        if not isinstance(known, dict):
            raise click.UsageError(f"--set: `{option}` is set as a whole and by a key of it.")
        known[key] = anything(value)
    return options


def made(kind: str | None, choice: Choice, config: Config | None, trigger: str | None, loaded: Loaded | None) -> Addressed:
    """The sample that was chosen: by its name, or one that fits a trigger. Wrong names and options are wrong usage."""
    try:
        if trigger is None:
            assert kind is not None
            return make(kind, choice.options, choice.context(config))
        assert config is not None
        found = named(trigger, config, loaded)
        options = dict(choice.options) if kind is None else {**choice.options, "kind": kind}
        return for_trigger(found, config.raw["triggers"][found.name], options, choice.context(config))
    except SampleError as error:
        raise click.UsageError(f"{_sentence(str(error))}") from None


def named(name: str, config: Config, loaded: Loaded | None) -> Trigger:
    """A trigger by its name."""
    known = {trigger.name: trigger for trigger in config.triggers}
    if name in known:
        return known[name]
    if loaded is not None and name in loaded.undecided:
        raise click.UsageError(f"What the trigger `{name}` is depends on variables that are not set: set them.")
    if name in config.raw["triggers"]:
        raise click.UsageError(f"The trigger `{name}` is switched off: `enabled: false`.")
    close = get_close_matches(name, known, 3, 0.6)
    words = f"did you mean {' or '.join(f'`{each}`' for each in close)}?" if close else f"declared are {', '.join(known)}."
    raise click.UsageError(f"There is no trigger `{name}`; {words}")


def _sentence(text: str) -> str:
    """As people are told; the name of a sample stays as it is."""
    text = text if "/" in text.partition(" ")[0] else f"{text[:1].upper()}{text[1:]}"
    return text if text.endswith(("?", ".")) else f"{text}."
