"""How senders say what a trigger's `auth` asks for: in a header, in the URL, or in a connection of EventBridge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.connecting.words import Part, Surroundings, basic, command, dumped, note, slug


@dataclass(slots=True, frozen=True)
class Proof:
    """One check of an `auth:` block, with its secret as a reference. `form`: bearer, basic, api_key, hmac or source_ip."""

    form: str
    user: str = ""
    secret: str = ""
    header: str = ""


def proofs_of(settings: Mapping[str, Any], around: Surroundings) -> list[Proof]:
    """The checks of a trigger."""
    checks = settings.get("auth")
    if checks is None or checks == "none":
        return []
    return [_proof(index, form, value, around) for index, check in enumerate(checks) for form, value in check.items() if value]


def _proof(index: int, form: str, value: Any, around: Surroundings) -> Proof:
    match form:
        case "bearer":
            return Proof(form, secret=around.secret(("auth", index, "bearer", 0)))
        case "basic":
            return Proof(form, value["user"], around.secret(("auth", index, "basic", "password", 0)))
        case "api_key":
            secret = around.secret(("auth", index, "api_key", "value", 0))
            return Proof(form, secret=secret, header=value["header"])
        case "hmac":
            return Proof(form, secret=around.secret(("auth", index, "hmac", "secret", 0)), header=value.get("header") or "")
    return Proof(form)


def header_of(proof: Proof) -> tuple[str, str] | None:
    """The header that a check wants, where its value is always the same."""
    if proof.form == "bearer":
        return "Authorization", f"Bearer {proof.secret}"
    if proof.form == "basic":
        return "Authorization", basic(proof.user, proof.secret)
    return (proof.header, proof.secret) if proof.form == "api_key" else None


def with_user(url: str, proofs: list[Proof]) -> str:
    """The URL with user and password, where `basic` wants them."""
    found = next((proof for proof in proofs if proof.form == "basic"), None)
    scheme, _, rest = url.partition("://")
    return url if found is None else f"{scheme}://{found.user}:{found.secret}@{rest}"


def cannot(sender: str, proofs: list[Proof], *can: str) -> list[Part]:
    """Says of checks that a sender has no way to pass them."""
    hard = [proof.form for proof in proofs if proof.form not in (*can, "source_ip")]
    words = " or ".join(f"`{each}`" for each in can)
    return [note(f"{sender} cannot send what `{form}` wants: give the trigger {words} as its `auth`.") for form in hard]


def connection(name: str, proofs: list[Proof], around: Surroundings) -> list[Part]:
    """A connection of EventBridge, which API destinations and HTTP Tasks send from; its ARN is in `$CONNECTION`."""
    kind, parameters = _authorization(proofs)
    made = command(
        "aws events create-connection",
        ("name", f"router-{slug(name)}"),
        ("authorization-type", kind),
        ("auth-parameters", dumped(parameters)),
        ("region", around.region),
        ("endpoint-url", around.endpoints.get("events")),
        title="What EventBridge proves itself with.",
        into="CONNECTION",
        show="ConnectionArn",
    )
    return [*cannot("EventBridge", proofs, "bearer", "basic", "api_key"), made]


def _authorization(proofs: list[Proof]) -> tuple[str, dict[str, Any]]:
    """A connection always has some; a header that nobody looks at stands for none."""
    found = next((proof for proof in proofs if proof.form == "basic"), None)
    if found is not None:
        return "BASIC", {"BasicAuthParameters": {"Username": found.user, "Password": found.secret}}
    header, value = next((pair for pair in map(header_of, proofs) if pair is not None), ("x-router", "unused"))
    return "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": header, "ApiKeyValue": value}}
