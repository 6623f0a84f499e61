"""What a listener rule does: forward to a function, redirect, or answer a fixed response.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from router.model import Reply, Request, Scope, Target
from router.policies.webhook_auth import Auth, compile_auth
from router.triggers.alb.answers import SERVER, page
from router.triggers.alb.event import Context, context_of

KINDS = ("function", "redirect", "status")
"""The keys that say what an action does; each action has exactly one."""


@dataclass(slots=True)
class Forward:
    """Invoke a function: a target group of its own."""

    target: Target
    context: Context
    multi_value: bool


@dataclass(slots=True)
class Redirect:
    """Send the client to `url`, a text with placeholders (`#{host}`)."""

    status: int
    protocol: str
    host: str
    port: str
    path: str
    query: str

    def reply(self, request: Request) -> Reply:
        """The redirect of one request; the port is always written, as AWS does."""
        values = {
            "protocol": request.scheme,
            "host": request.host,
            "port": str(request.port),
            "path": request.path.removeprefix("/"),
            "query": request.query,
        }
        query = _filled(self.query, values)
        location = (
            f"{_filled(self.protocol, values).lower()}://{_filled(self.host, values)}:{_filled(self.port, values)}"
            f"{_filled(self.path, values)}{'?' if query else ''}{query}"
        )
        title = f"{self.status} {HTTPStatus(self.status).phrase}"
        return Reply(self.status, [SERVER, ("Content-Type", "text/html"), ("Location", location)], page(title))


@dataclass(slots=True)
class FixedResponse:
    """An answer that stands in the configuration."""

    status: int
    content_type: str
    body: bytes

    def reply(self, request: Request) -> Reply:
        """The answer, whatever the request is."""
        return Reply(self.status, [SERVER, ("Content-Type", f"{self.content_type}; charset=utf-8")], self.body)


@dataclass(slots=True)
class Action:
    """What is done, and for whom."""

    does: Forward | Redirect | FixedResponse
    auth: Auth


_PLACEHOLDER = re.compile(r"#\{(protocol|host|port|path|query)\}")


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def compile_action(settings: Mapping[str, Any], scope: Scope, auth: Auth, *, multi_value: bool) -> Action:
    """`settings`: a completed action. `auth`, `multi_value`: the trigger's, which the action's own replace."""
    return Action(_compile(settings, scope, multi_value), compile_auth(settings.get("auth"), scope.name, auth))


def _compile(settings: Mapping[str, Any], scope: Scope, multi_value: bool) -> Forward | Redirect | FixedResponse:
    if settings.get("redirect") is not None:
        return Redirect(**settings["redirect"])
    if settings.get("status") is not None:
        content_type = settings.get("content_type") or "text/plain"
        return FixedResponse(settings["status"], content_type, (settings.get("body") or "").encode())
    reference = {key: settings[key] for key in ("function", "weights") if settings.get(key) is not None}
    own = settings.get("multi_value_headers")
    target = scope.target(reference)
    arn = settings.get("target_group_arn") or target_group_arn(scope, target)
    return Forward(target, context_of(arn), multi_value if own is None else own)


def target_group_arn(scope: Scope, target: Target) -> str:
    """A stable ARN for the target group that a trigger's function would have, in the function's own account and Region."""
    arn = target.function.arn
    name = re.sub(r"[^A-Za-z0-9-]+", "-", f"{scope.name}-{target.function.name}")[:32].strip("-") or "router"
    group = hashlib.sha256(f"{scope.name}\0{target.function.name}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"arn:{arn.partition}:elasticloadbalancing:{arn.region}:{arn.account}:targetgroup/{name}/{group}"
