"""`lambda-router connect`: what the sender's side of a trigger needs, as commands that can be pasted into a shell, or as JSON.

Exit codes: 0 printed, 2 wrong usage (there is no such trigger), 78 invalid configuration.
"""

import json
import re
from collections.abc import Iterator

import click

from router.cli.configuration import config_option, load_offline, overlay_option
from router.cli.sampling import named
from router.config import Loaded
from router.config.nodes import ScalarNode, locate
from router.config.problem import Path
from router.connecting import PLACEHOLDER, Part, Surroundings, instructions
from router.connecting.words import heredoc, note, plain, reference, variable
from router.model import Trigger
from router.settings import Aws, Config

_SERVICES = ("sqs", "sns", "events", "s3", "iam", "states", "lambda", "cognito-idp")


@click.command()
@click.argument("trigger")
@config_option
@overlay_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is printed.")
def command(trigger: str, config: str, overlays: tuple[str, ...], form: str) -> None:
    """Print how senders are connected to TRIGGER: the webhook of a store, a subscription, an API destination, a queue and its
    policy, a base URL. Addresses come from `server.public_url`. Nothing is executed.

    Secrets stand as the variables that the configuration takes them from. The text can be pasted into a shell: what is no
    command is a comment. Exit codes: 0 printed, 2 wrong usage, 78 invalid configuration.
    """
    loaded = load_offline(config, overlays)
    assert loaded.config is not None
    found = named(trigger, loaded.config, loaded)
    secrets = _Secrets(found, loaded)
    aws = loaded.config.aws
    around = Surroundings(
        (loaded.config.public_url or PLACEHOLDER).rstrip("/"), aws.account_id, aws.region, secrets.of, _endpoints(aws)
    )
    parts = instructions(found, loaded.config.raw["triggers"][found.name], around)
    parts = [*secrets.notes(), *parts]
    click.echo(_as_json(found, around, parts) if form == "json" else _as_text(found, loaded.config, parts))


def _endpoints(aws: Aws) -> dict[str, str]:
    return {name: url for name in _SERVICES if (url := aws.endpoints.get(name) or aws.endpoint_url) is not None}


class _Secrets:
    """References to the secrets of a trigger, and where those stand that are written out in the configuration."""

    def __init__(self, trigger: Trigger, loaded: Loaded) -> None:
        assert loaded.written is not None
        self._trigger, self._written = trigger, loaded.written
        self._literal: dict[str, str] = {}

    def of(self, path: Path) -> str:
        """The text of a secret, as a reference."""
        whole: Path = ("triggers", self._trigger.name, *path)
        node = locate(self._written.root, whole).value
        found = reference(node.written) if isinstance(node, ScalarNode) else None
        if found is not None:
            return found
        form = next(str(part) for part in reversed(path) if isinstance(part, str))
        name = re.sub(r"\W+", "_", f"{self._trigger.name}_{form}").upper()
        self._literal[name] = str(self._written.place(whole))
        return variable(name)

    def notes(self) -> Iterator[Part]:
        """What has to be set first."""
        for name, place in self._literal.items():
            yield note(f"Set {name} to the secret at {place}.")


# --- text, JSON ------------------------------------------------------------------------------------------------------


def _as_text(trigger: Trigger, config: Config, parts: list[Part]) -> str:
    head = f"# {trigger.name} ({trigger.type.name}, {trigger.place})"
    return "\n\n".join([head, *map(_block, parts)])


def _block(part: Part) -> str:
    if part.kind == "note":
        return _comment(plain(part.text))
    title = f"{_comment(plain(part.title))}\n" if part.title else ""
    if part.kind == "command":
        return f"{title}{part.text}"
    delimiter, text = heredoc(part.text)
    return f"{title}cat > {part.name} <<{delimiter}\n{text}EOF"


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.splitlines())


def _as_json(trigger: Trigger, around: Surroundings, parts: list[Part]) -> str:
    document = {
        "version": 1,
        "trigger": trigger.name,
        "type": trigger.type.name,
        "url": around.url,
        "placeholder": around.is_placeholder,
        "parts": [
            {name: plain(getattr(part, name)) for name in ("kind", "title", "name", "text") if getattr(part, name)}
            for part in parts
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
