"""Which trigger a request belongs to, and why not the others.

The order, per listener: exact webhook path, AWS API call, exact host, wildcard host (longest suffix first), no host; within a
host the longest base path. Where no base path of a host fits, the next less specific host is asked. Paths are compared as
sent, undecoded, and segment by segment: `/v1` owns `/v1` and `/v1/…`, never `/v10`. Everything is a dictionary look-up per
path segment or host label, so that the cost does not grow with the number of triggers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

from router.errors import StartError
from router.model import ApiClaim, Claim, PathClaim, Request, SiteClaim, Trigger

_TARGET_HEADER = "x-amz-target"


@dataclass(slots=True, frozen=True)
class Miss:
    """Why a claim of `trigger` did not get the request: the first predicate that failed.

    `predicate`: `path`, `path prefix`, `X-Amz-Target`, `host`, `base path`; `precedence` where another trigger's claim on the
    request is stronger, `routes` where another trigger with the same claim has the better fitting route.
    """

    trigger: str
    predicate: str
    wanted: str
    got: str


@dataclass(slots=True)
class _Prefixes:
    """Values under prefixes of a separated text; the longest prefix wins."""

    separator: str
    depth: int = 0
    entries: dict[str, list[Trigger]] = field(default_factory=dict)

    def add(self, prefix: str, trigger: Trigger) -> None:
        key = prefix.rstrip(self.separator)
        _share(self.entries.setdefault(key, []), trigger)
        self.depth = max(self.depth, key.count(self.separator))

    def find(self, text: str) -> list[Trigger] | None:
        if not self.entries:
            return None
        cuts = [*islice(_cuts(text, self.separator), self.depth + 1)]
        longest_first = (self.entries.get(text[:cut]) for cut in reversed(cuts))
        return next((found for found in longest_first if found is not None), self.entries.get(""))


def _cuts(text: str, separator: str) -> Iterator[int]:
    """The lengths of the prefixes of `text` that end before a separator, shortest first; `text` itself is the last."""
    at = text.find(separator)
    while at >= 0:
        yield at
        at = text.find(separator, at + 1)
    yield len(text)


def _share(group: list[Trigger], trigger: Trigger) -> None:
    """Add a trigger to those that hold one claim; only types that can rank themselves may share."""
    if any(each is trigger for each in group):
        return
    group.append(trigger)
    if len(group) > 1 and any(each.type.rank is None for each in group):
        first = group[0]
        raise StartError(
            f"The triggers {first.name} ({first.place}) and {trigger.name} ({trigger.place}) claim the same requests on the"
            f" listener {trigger.listener}; give one of them another host, path or listener."
        )
    if len(group) > 1 and trigger.type.introduce is not None:
        trigger.type.introduce(tuple(group))


class Table:
    """The claims of one listener, compiled."""

    def __init__(self, triggers: Sequence[Trigger]) -> None:
        self._triggers = tuple(triggers)
        self._claiming: dict[Claim, list[Trigger]] = {}
        self._paths: dict[str, list[Trigger]] = {}
        self._api_paths = _Prefixes("/")
        self._api_targets = _Prefixes(".")
        self._hosts: dict[str, _Prefixes] = {}
        self._suffixes: dict[str, _Prefixes] = {}
        self._any_host = _Prefixes("/")
        for trigger in triggers:
            for claim in trigger.claims:
                self._add(claim, trigger)
                self._claiming.setdefault(claim, []).append(trigger)
        self._labels = max((suffix.count(".") for suffix in self._suffixes), default=0)

    @classmethod
    def empty(cls) -> "Table":
        """The table of a listener that no trigger uses."""
        return cls(())

    def _add(self, claim: Claim, trigger: Trigger) -> None:
        match claim:
            case PathClaim(path):
                _share(self._paths.setdefault(path, []), trigger)
            case ApiClaim(path_prefixes=prefixes, target_prefix=target):
                for prefix in prefixes:
                    self._api_paths.add(prefix, trigger)
                if target is not None:
                    self._api_targets.add(target, trigger)
            case SiteClaim(host, base_path):
                self._site(host).add(base_path, trigger)

    def _site(self, host: str | None) -> _Prefixes:
        if host is None:
            return self._any_host
        if host.startswith("*."):
            return self._suffixes.setdefault(host[1:].lower(), _Prefixes("/"))
        return self._hosts.setdefault(host.lower(), _Prefixes("/"))

    def match(self, request: Request) -> Trigger | None:
        """The trigger that owns the request, or None: then the answer is the router's own 404."""
        found = self._paths.get(request.path) or self._api(request) or self._by_site(request)
        if found is None:
            return None
        return found[0] if len(found) == 1 else _best(found, request)

    def _api(self, request: Request) -> list[Trigger] | None:
        found = self._api_paths.find(request.path)
        if found is None and self._api_targets.entries:
            found = self._api_targets.find(request.header(_TARGET_HEADER) or "")
        return found

    def _by_site(self, request: Request) -> list[Trigger] | None:
        return next((found for site in self._sites(request.host) if (found := site.find(request.path)) is not None), None)

    def _sites(self, host: str) -> Iterator[_Prefixes]:
        """The sites that a host belongs to, the most specific first."""
        if exact := self._hosts.get(host):
            yield exact
        for suffix in _suffixes(host, self._labels):
            if wildcard := self._suffixes.get(suffix):
                yield wildcard
        yield self._any_host

    def explain(self, request: Request) -> list[Miss]:
        """For every other trigger of the listener and each of its claims: what kept it from getting the request.

        Ordered by declaration. This one costs time per trigger: it is for people who ask, not for requests.
        """
        winner = self.match(request)
        return [
            _miss(trigger, claim, request, winner)
            for trigger in self._triggers
            if trigger is not winner
            for claim in trigger.claims
        ]

    def explain_sharing(self, request: Request) -> list[Miss]:
        """Those misses alone of which the predicate is `routes`, at the cost of the triggers that share the winner's claims."""
        winner = self.match(request)
        sharing = ((each, claim) for claim in (winner.claims if winner else ()) for each in self._claiming[claim])
        misses = (_miss(trigger, claim, request, winner) for trigger, claim in sharing if trigger is not winner)
        return [miss for miss in misses if miss.predicate == "routes"]


def compile_tables(triggers: Sequence[Trigger]) -> Mapping[str, Table]:
    """One table per listener name. Raises StartError where two triggers claim the same and their types cannot share it."""
    ordered = sorted(triggers, key=lambda trigger: trigger.listener)
    return {listener: Table([*group]) for listener, group in groupby(ordered, key=lambda trigger: trigger.listener)}


def _best(group: list[Trigger], request: Request) -> Trigger:
    """The highest rank, the first declared of equals; the first of all where none fits, so that it answers the miss."""
    return max(group, key=lambda trigger: _rank(trigger, request))


def _rank(trigger: Trigger, request: Request) -> int:
    return trigger.type.rank(trigger.built, request) if trigger.type.rank is not None else 0


def _suffixes(host: str, labels: int) -> Iterator[str]:
    """`.b.example.com`, `.example.com`, `.com` for `a.b.example.com`: at most `labels` labels, longest first."""
    at = len(host)
    starts = []
    for _ in range(labels):
        at = host.rfind(".", 0, at)
        if at <= 0:
            break
        starts.append(at)
    return (host[start:] for start in reversed(starts))


# --- explanations ----------------------------------------------------------------------------------------------------


def _miss(trigger: Trigger, claim: Claim, request: Request, winner: Trigger | None) -> Miss:
    for predicate, wanted, got, fits in _predicates(claim, request):
        if not fits:
            return Miss(trigger.name, predicate, wanted, got)
    assert winner is not None, "a claim that fits whole has a winner"
    predicate = "routes" if claim in winner.claims else "precedence"
    return Miss(trigger.name, predicate, describe(claim), f"trigger {winner.name}")


def _predicates(claim: Claim, request: Request) -> list[tuple[str, str, str, bool]]:
    """Name, wanted, got, and whether it fits: what a claim asks of a request, in the order in which it is asked."""
    match claim:
        case PathClaim(path):
            return [("path", path, request.path, request.path == path)]
        case ApiClaim():
            return _api_predicates(claim, request)
        case SiteClaim(host, base_path):
            return [
                ("host", host or "any", request.host, host is None or _host_fits(host.lower(), request.host)),
                ("base path", base_path, request.path, _owns(base_path, request.path, "/")),
            ]


def _api_predicates(claim: ApiClaim, request: Request) -> list[tuple[str, str, str, bool]]:
    path_fits = any(_owns(prefix, request.path, "/") for prefix in claim.path_prefixes)
    if claim.target_prefix is None:
        return [("path prefix", " or ".join(claim.path_prefixes), request.path, path_fits)]
    target = request.header(_TARGET_HEADER) or ""
    return [("X-Amz-Target", claim.target_prefix, target, path_fits or _owns(claim.target_prefix, target, "."))]


def _host_fits(wanted: str, host: str) -> bool:
    return host.endswith(wanted[1:]) and len(host) >= len(wanted) if wanted.startswith("*.") else host == wanted


def _owns(prefix: str, text: str, separator: str) -> bool:
    bare = prefix.rstrip(separator)
    return not bare or text == bare or text.startswith(bare + separator)


_DESCRIBE: Mapping[type, Callable[..., str]] = {
    PathClaim: lambda claim: f"path {claim.path}",
    ApiClaim: lambda claim: f"the {claim.service} API",
    SiteClaim: lambda claim: f"host {claim.host or 'any'}, base path {claim.base_path}",
}


def describe(claim: Claim) -> str:
    """A claim in words: `path /hooks/sns`, `the lambda API`, `host any, base path /v1`."""
    return _DESCRIBE[type(claim)](claim)
