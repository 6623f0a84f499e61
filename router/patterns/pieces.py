"""Match values of event patterns as sets of leaves, so that sets can be compared instead of texts.

A list of match values is a union of pieces. `covers` and `meets` are decided for every pair of pieces; where that cannot be
said for certain (upper and lower case beyond ASCII), the answer is the one that proves nothing: not covered, and meeting.

Source: semantics/async.md §D.4.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from router.patterns.addresses import address
from router.patterns.inclusion import Glob, ending, intersects, literal, parse_stars, starting
from router.patterns.inclusion import covers as glob_covers
from router.patterns.numbers import is_number, number_key

INFINITY = float("inf")


@dataclass(slots=True, frozen=True)
class Text:
    """Strings. `fold`: in any case, `glob` then being in lower case. `same`: the address that it means, in any notation."""

    glob: Glob
    fold: bool = False
    same: tuple[int, int] | None = None


@dataclass(slots=True, frozen=True)
class Block:
    """Strings that are addresses inside a network."""

    network: IPv4Network | IPv6Network


@dataclass(slots=True, frozen=True)
class Range:
    """Numbers from `low` to `high`; a bound that is `open` is not among them."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


@dataclass(slots=True, frozen=True)
class Unheld:
    """A number that no double holds: equal to its own text alone."""

    text: str


@dataclass(slots=True, frozen=True)
class Constant:
    """true, false or null."""

    value: bool | None


@dataclass(slots=True, frozen=True)
class Present:
    """Any leaf but those of `without`."""

    without: tuple["Piece", ...] = ()


@dataclass(slots=True, frozen=True)
class Absent:
    """No leaf at all."""


Piece = Text | Block | Range | Unheld | Constant | Present | Absent
EVERY_TEXT = Text(Glob((None,)))


def pieces(values: Sequence[Any]) -> tuple[Piece, ...]:
    """One for each match value, in their order. `values`: a list that has been compiled without complaint."""
    return tuple(map(piece, values))


def piece(value: Any) -> Piece:
    """The leaves that one match value takes."""
    if isinstance(value, str):
        return Text(literal(value), same=address(value))
    if value is None or isinstance(value, bool):
        return Constant(value)
    if is_number(value):
        return _number(value)
    operator, argument = next(iter(value.items()))
    return _OPERATORS[operator](argument)


def _number(value: float) -> Piece:
    key = number_key(value)
    return Unheld(key) if isinstance(key, str) else Range(key, key)


def _end(make: Callable[[str], Glob]) -> Callable[[Any], Piece]:
    def read(argument: Any) -> Piece:
        if isinstance(argument, Mapping):
            return Text(make(argument["equals-ignore-case"].lower()), fold=True)
        return Text(make(argument))

    return read


def _anything_but(argument: Any) -> Piece:
    if not isinstance(argument, Mapping):
        listed = argument if isinstance(argument, (list, tuple)) else [argument]
        # Here, unlike elsewhere, an address is its own text alone.
        return Present(tuple(Text(literal(each)) if isinstance(each, str) else _number(each) for each in listed))
    operator, inner = next(iter(argument.items()))
    listed = inner if isinstance(inner, (list, tuple)) else [inner]
    return Present(tuple(_OPERATORS[operator](each) for each in listed))


def _numeric(argument: Sequence[Any]) -> Piece:
    if argument[0] == "=":
        return Range(float(argument[1]), float(argument[1]))
    bounds = {operator: float(bound) for operator, bound in zip(argument[::2], argument[1::2], strict=True)}
    low, high = bounds.get(">", bounds.get(">=", -INFINITY)), bounds.get("<", bounds.get("<=", INFINITY))
    return Range(low, high, ">" in bounds, "<" in bounds)


_OPERATORS: Mapping[str, Callable[[Any], Piece]] = {
    "exactly": piece,
    "prefix": _end(starting),
    "suffix": _end(ending),
    "equals-ignore-case": lambda argument: Text(literal(argument.lower()), fold=True),
    "wildcard": lambda argument: Text(parse_stars(argument)),
    "anything-but": _anything_but,
    "exists": lambda argument: Present() if argument else Absent(),
    "numeric": _numeric,
    "cidr": lambda argument: Block(_network(argument)),
}


def _network(text: str) -> IPv4Network | IPv6Network:
    host, _, bits = text.partition("/")
    found = address(host)
    assert found is not None, "it has been compiled"
    return _network_of(*found, int(bits))


def _network_of(version: int, number: int, bits: int) -> IPv4Network | IPv6Network:
    return IPv4Network((number, bits), strict=False) if version == 4 else IPv6Network((number, bits), strict=False)


# --- one inside the other --------------------------------------------------------------------------------------------


def covers(larger: Piece, smaller: Piece) -> bool:
    """Whether every leaf of `smaller` is one of `larger`, for certain."""
    if larger == smaller:
        return True
    if isinstance(larger, Absent) or isinstance(smaller, Absent):
        return False
    match larger, smaller:
        case Present(without), Present(less):
            return all(any(covers(taken, each) for taken in less) for each in without)
        case Present(without), _:
            return not any(meets(each, smaller) for each in without)
        case Text(), Text():
            return _text_covers(larger, smaller)
        case Block(network), Block(inner):
            return _inside(inner, network)
        case Block(network), Text(same=found) if found is not None:
            return _inside(_network_of(*found, 32 if found[0] == 4 else 128), network)
        case Text(fold=False, same=None), Block():
            return glob_covers(larger.glob, EVERY_TEXT.glob)
        case Range(), Range():
            return _range_covers(larger, smaller)
    return False


def _text_covers(larger: Text, smaller: Text) -> bool:
    if smaller.same is not None:
        # It stands for other notations of the address, too.
        return larger.same == smaller.same or glob_covers(larger.glob, EVERY_TEXT.glob)
    if larger.fold == smaller.fold or not _has_case(larger.glob):
        return glob_covers(larger.glob, smaller.glob)
    if larger.fold and _is_ascii(smaller.glob):
        return glob_covers(larger.glob, _lower(smaller.glob))
    return False


def _has_case(glob: Glob) -> bool:
    """Whether case could make a difference; of what is not ASCII nothing is said."""
    return any(token and (token.isalpha() or not token.isascii()) for token in glob.tokens)


def _is_ascii(glob: Glob) -> bool:
    return all(token is None or (token.isascii() and token) for token in glob.tokens)


def _lower(glob: Glob) -> Glob:
    return Glob(tuple(token and token.lower() for token in glob.tokens))


def _inside(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return inner.supernet(new_prefix=outer.prefixlen) == outer


def _range_covers(larger: Range, smaller: Range) -> bool:
    low = larger.low < smaller.low or (larger.low == smaller.low and (not larger.low_open or smaller.low_open))
    high = larger.high > smaller.high or (larger.high == smaller.high and (not larger.high_open or smaller.high_open))
    return low and high


# --- something in common ---------------------------------------------------------------------------------------------


def meets(one: Piece, other: Piece) -> bool:
    """Whether some leaf may be in both; False is certain."""
    if isinstance(one, Absent) or isinstance(other, Absent):
        return one == other
    match one, other:
        case Present(without), Present():
            return True
        case (Present(without), inner) | (inner, Present(without)):
            return not any(covers(each, inner) for each in without)
        case Text(), Text():
            return _texts_meet(one, other)
        case (Text(same=None, fold=False) as text, Block()) | (Block(), Text(same=None, fold=False) as text):
            return text.glob.text is None or address(text.glob.text) is not None
        case (Text(), Block()) | (Block(), Text()):
            return True
        case Block(network), Block(inner):
            return network.version == inner.version and network.overlaps(inner)
        case Range(), Range():
            return _ranges_meet(one, other)
    return one == other


def _texts_meet(one: Text, other: Text) -> bool:
    if one.same is not None or other.same is not None:
        return one.same == other.same or intersects(one.glob, other.glob) or None in (one.same, other.same)
    if one.fold == other.fold:
        return intersects(one.glob, other.glob)
    if not _is_plain(one.glob) or not _is_plain(other.glob):
        return True
    return intersects(_lower(one.glob), _lower(other.glob))


def _is_plain(glob: Glob) -> bool:
    """Whether lower case keeps the length and place of every character that is named."""
    return all(not token or token.isascii() for token in glob.tokens)


def _ranges_meet(one: Range, other: Range) -> bool:
    lower, upper = (one, other) if (one.low, one.low_open) <= (other.low, other.low_open) else (other, one)
    return upper.low < lower.high or (upper.low == lower.high and not upper.low_open and not lower.high_open)


# --- unions ----------------------------------------------------------------------------------------------------------


def covered_by_any(smaller: Piece, union: Sequence[Piece]) -> bool:
    """Whether one piece of a union takes all of it."""
    return any(covers(larger, smaller) for larger in union)


def needless(union: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """Pieces that another one of the union covers, each with that one; of equal ones the later is needless."""
    for index, smaller in enumerate(union):
        for other, larger in enumerate(union):
            if other != index and covers(larger, smaller) and (other < index or not covers(smaller, larger)):
                yield index, other
                break


def takes_everything(union: Sequence[Piece]) -> bool:
    """Whether a union of exclusions (and more) excludes nothing: `anything-but: a` or `anything-but: b` takes any leaf."""
    exclusions = [each for each in union if isinstance(each, Present)]
    return any(
        all(covered_by_any(excluded, [other for other in union if other is not exclusion]) for excluded in exclusion.without)
        for exclusion in exclusions
        if exclusion.without
    )


def ranges_take_everything(union: Sequence[Piece]) -> bool:
    """Whether several ranges leave out no number: `> 5` or `< 10`."""
    ranges = sorted((each for each in union if isinstance(each, Range)), key=lambda each: (each.low, each.low_open))
    if len(ranges) < 2 or ranges[0].low != -INFINITY or ranges[0].high == INFINITY:
        return False
    reached, is_open = ranges[0].high, ranges[0].high_open
    for following in ranges[1:]:
        if following.low > reached or (following.low == reached and following.low_open and is_open):
            return False
        if following.high > reached or (following.high == reached and not following.high_open):
            reached, is_open = following.high, following.high_open
    return reached == INFINITY
