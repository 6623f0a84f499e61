"""The HTTP front doors: the URL that clients use, and the name that has to lead to the router."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from router.connecting.auth import header_of, proofs_of
from router.connecting.words import Part, Surroundings, command, note, quoted
from router.model import Trigger
from router.triggers.api_gateway.site import base_path_of

Settings = Mapping[str, Any]


def of_site(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """The base URL, the DNS record, and a request to try."""
    hosts = settings.get("hosts") or ()
    base = base_path_of(settings).rstrip("/") if trigger.type.name == "api_gateway" else ""
    public = urlsplit(around.url)
    own_path = public.path.rstrip("/")
    parts = [_dns(host, public.hostname or "") for host in hosts if host != public.hostname]
    names = [_named(host) for host in hosts] or [public.netloc]
    for name in names:
        netloc = name if public.port is None or name == public.netloc else f"{name}:{public.port}"
        parts.append(note(f"Clients' base URL: {public.scheme}://{netloc}{own_path}{base}/"))
    return [*parts, _try(trigger, settings, around, [*hosts][:1], f"{base}{_path(trigger, settings)}")]


def _named(host: str) -> str:
    """A name below a wildcard."""
    return f"www{host[1:]}" if host.startswith("*.") else host


def _dns(host: str, public: str) -> Part:
    return note(
        f"DNS: `{host}` leads to the router: a CNAME to {public}, or the same addresses; its certificate names the host."
    )


def _path(trigger: Trigger, settings: Settings) -> str:
    """The path of the first route, its variables filled in; `/` where anything will do."""
    if trigger.type.name != "api_gateway":
        return "/"
    text = next((key for key in settings["routes"] if key != "$default"), "ANY /")
    return text.partition(" ")[2].replace("{proxy+}", "a").replace("{", "").replace("}", "").replace("+", "")


def _try(trigger: Trigger, settings: Settings, around: Surroundings, hosts: list[str], path: str) -> Part:
    headers = [("Host", _named(host)) for host in hosts]
    for proof in proofs_of(settings, around):
        found = header_of(proof)
        headers += [found] if found is not None else []
    options = [f"-H {quoted(f'{name}: {value}')}" for name, value in headers]
    method = next((key.partition(" ")[0] for key in settings.get("routes") or () if key != "$default"), "GET")
    asked = [f"-X {method}"] if method not in ("GET", "ANY") else []
    words = ["curl -i", *asked, *options, quoted(around.at(path))]
    return Part("command", " \\\n  ".join(words), "To try it before DNS leads there.")


def of_lambda(trigger: Trigger, settings: Settings, around: Surroundings) -> list[Part]:
    """The Invoke API."""
    parts = [
        Part("command", f"export AWS_ENDPOINT_URL_LAMBDA={around.url}", "For every SDK and the AWS CLI."),
        command(
            "aws lambda invoke",
            ("function-name", trigger.functions[0]),
            ("cli-binary-format", "raw-in-base64-out"),
            ("payload", "{}"),
            ("region", around.region),
            title=f"Callers reach {', '.join(trigger.functions)}; any credentials do, because signatures are not checked.",
        ),
    ]
    parts[1] = Part("command", f"{parts[1].text} \\\n  /dev/stdout", parts[1].title)
    if "sync" in trigger.invocation:
        parts.append(note("SDKs stop waiting after a minute and call again: give clients a longer read timeout, no retries."))
    if proofs_of(settings, around):
        parts.append(note("SDKs send signatures and nothing else: what `auth` wants has to be added by the client's own code."))
    return parts
