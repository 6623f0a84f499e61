"""Requests to a running router: what proves the sender is added, and no secret is printed, whoever sends it back."""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlsplit

import click

from router.cli.doors import door_of
from router.cli.send.receiver import Receiver, may_prove, proofs_for, receiver_of
from router.config import Loaded
from router.envelopes import Addressed, HttpEnvelope
from router.samples.curl import Door
from router.samples.http import replaced
from router.settings import Config

FAILED, UNREACHABLE = 1, 3
HIDDEN = "***"


class Client:
    """Sends requests and prints what comes back, without any secret."""

    def __init__(
        self, loaded: Loaded, config: Config, url: str | None, timeout: float, cert: str | None, key: str | None, verbose: bool
    ) -> None:
        if key is not None and cert is None:
            raise click.UsageError("--key has no effect without --cert.")
        if url is not None and not url.startswith(("http://", "https://")):
            raise click.UsageError("--to takes a URL that begins with http:// or https://.")
        if url is not None and not _names_a_host(url):
            raise click.UsageError(f"--to {url} names no host, or no port from 1 to 65535.")
        self._loaded, self._config, self._url = loaded, config, url
        self._timeout, self._cert, self._key, self._verbose = timeout, cert, key, verbose
        self._secrets: list[str] = []

    def send(self, addressed: Addressed, envelope: HttpEnvelope, now: float, *, prove: bool) -> int:
        """One request. The exit code."""
        from router.cli.send.over_http import Identity, Unreachable, Unsendable, post

        receiver = receiver_of(addressed, envelope, self._config, self._loaded)
        self._warn(receiver, envelope)
        door = self._door(receiver)
        if prove and receiver.trigger is not None:
            envelope = self._proven(receiver, envelope, door, now)
        if self._verbose:
            self._show_request(envelope, door)
        identity = Identity(self._cert, self._key) if self._cert is not None else None
        try:
            answer = post(envelope, door, self._timeout, identity)
        except Unsendable as error:
            raise click.UsageError(f"The request cannot be sent: {self._clean(str(error))}.") from None
        except Unreachable as error:
            where = f"unix:{door.unix}" if door.unix is not None else door.url
            click.echo(f"lambda-router: The router cannot be reached at {where}: {self._clean(str(error))}.", err=True)
            return UNREACHABLE
        self._show_answer(answer.status, answer.reason, answer.headers, answer.body)
        return 0 if answer.status < 400 else FAILED

    def _warn(self, receiver: Receiver, envelope: HttpEnvelope) -> None:
        """Of what the router will refuse, whatever is sent."""
        if receiver.trigger is None or receiver.trigger.type.name != "sns":
            return
        signature = self._config.raw["triggers"][receiver.trigger.name].get("signature")
        if signature is None or signature["verify"]:
            message = "nobody but SNS can sign messages, and this trigger verifies signatures: it will refuse this one."
            click.echo(f"lambda-router: {receiver.trigger.name}: {message}", err=True)

    def _door(self, receiver: Receiver) -> Door:
        if self._url is not None:
            return Door(self._url.rstrip("/"))
        if receiver.listener.address.unix is None and receiver.listener.address.port == 0:
            raise click.UsageError(f"The port of the listener `{receiver.listener.name}` is chosen when it starts: use --to.")
        return door_of(receiver.listener)

    def _proven(self, receiver: Receiver, envelope: HttpEnvelope, door: Door, now: float) -> HttpEnvelope:
        assert receiver.trigger is not None
        added = proofs_for(receiver.trigger, envelope, self._config, self._loaded, now)
        if not added:
            return envelope
        if door.unix is None and not may_prove(door.url, self._config):
            message = f"{door.url} is no address of this configuration: nothing that proves the sender is sent there."
            click.echo(f"lambda-router: {message}", err=True)
            return envelope
        self._secrets += [part for _, value in added for part in (value, value.partition(" ")[2]) if part]
        return replace(envelope, headers=replaced(envelope.headers, tuple(added)))

    def _clean(self, text: str) -> str:
        """Without what was added, and without what came from variables or stands in the file as a secret."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return self._loaded.redact(text)

    def _show_request(self, envelope: HttpEnvelope, door: Door) -> None:
        lines = [f"{envelope.method} {door.url}{envelope.target}", *(f"{name}: {value}" for name, value in envelope.headers)]
        click.echo("".join(f"> {self._clean(line)}\n" for line in lines), nl=False, err=True)

    def _show_answer(self, status: int, reason: str, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        lines = [f"HTTP/1.1 {status} {reason}".rstrip(), *(f"{name}: {value}" for name, value in headers)]
        click.echo("\n".join(map(self._clean, lines)))
        if body:
            click.echo(f"\n{self._clean(_text(body))}")


def _names_a_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes in base64)\n{b64encode(body).decode()}"
