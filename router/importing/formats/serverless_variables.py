"""Variables of the Serverless Framework, as far as files decide them: `${self:…}`, `${opt:…, default}`, `${file(…):…}`, ….

`${env:NAME}` becomes the configuration's own `${NAME}`; what lies in AWS or in code becomes a variable, too, with a note.
Source: https://www.serverless.com/framework/docs/providers/aws/guide/variables
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from router.config.files import Files
from router.importing.documents import Unreadable, read_document
from router.importing.intrinsics import Scope
from router.importing.naming import variable_name
from router.importing.nodes import Node, Part, Symbol, Variable, made, parts_of, symbol
from router.importing.notes import Notes
from router.importing.options import Options
from router.model import Place

_SOURCE = re.compile(r"(?P<source>[A-Za-z][A-Za-z0-9]*)(?:\((?P<parameters>[^)]*)\))?(?::(?P<address>.*))?", re.DOTALL)
_KNOWN = frozenset(
    {"self", "opt", "env", "file", "param", "sls", "aws", "ssm", "s3", "cf", "terraform", "git", "strToBool", "doppler"}
)
_LITERAL = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<word>true|false|null)")
_DEEPEST = 40
DEFAULT_STAGE = "dev"


@dataclass(slots=True)
class Variables:
    """Resolves variables below `root`. `folder`: of the file. `scope`: for `${aws:…}`."""

    root: Node
    folder: str
    files: Files
    options: Options
    scope: Scope
    notes: Notes
    _depth: int = 0
    _read: dict[str, Node | None] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """`--stage`, else the provider's own, else `dev`."""
        if self.options.stage is not None:
            return self.options.stage
        found = self._below(self.root, "provider.stage")
        return _plain(found) or DEFAULT_STAGE

    @property
    def region(self) -> str | None:
        """The provider's own, where it is known."""
        return _plain(self._below(self.root, "provider.region")) or None

    def resolve(self, node: Node) -> Node:
        """The node with its variables filled in."""
        match node.value:
            case dict() as entries:
                return Node(node.place, {key: self.resolve(each) for key, each in entries.items()}, name=node.name)
            case list() as items:
                return Node(node.place, [self.resolve(each) for each in items], name=node.name)
            case str() as text if "${" in text:
                found = self._text(text, node.place)
                return Node(node.place, found.value, found.text, node.name)
            case _:
                return Node(node.place, node.value, node.text, node.name)

    def _text(self, text: str, place: Place) -> Node:
        if self._depth > _DEEPEST:
            return self._unknown("value", "a variable that asks for itself", place)
        self._depth += 1
        try:
            pieces = list(_pieces(text))
            if len(pieces) == 1 and pieces[0][0]:
                return self._variable(pieces[0][1], place)
            parts: list[Part] = []
            for is_variable, piece in pieces:
                found = self._variable(piece, place) if is_variable else made(place, piece)
                parts += parts_of(found) or ()
            return made(place, symbol(parts))
        finally:
            self._depth -= 1

    def _variable(self, body: str, place: Place) -> Node:
        """One variable; one that is not known here where none of its alternatives is there."""
        found = self._first(body, place)
        return found or self._unknown(body, f"`${{{body}}}`, which is not known offline", place)

    def _first(self, body: str, place: Place) -> Node | None:
        """The first of a variable's alternatives that there is."""
        alternatives = list(_alternatives(body))
        if not _is_known(alternatives[0]):
            return made(place, f"${{{body}}}")  # CloudFormation's own, for `Fn::Sub`
        fallback: str | None = None
        for alternative in alternatives[1:]:
            found = self._alternative(alternative, place)
            if found is not None and (parts := parts_of(found)) is not None and all(isinstance(part, str) for part in parts):
                fallback = "".join(str(part) for part in parts)
                break
        for alternative in alternatives:
            found = self._alternative(alternative, place, fallback)
            if found is not None:
                return found
        return None

    def _alternative(self, text: str, place: Place, fallback: str | None = None) -> Node | None:
        literal = _LITERAL.fullmatch(text)
        if literal is not None:
            return _literal(literal, place)
        if "${" in text:
            if text.startswith("${") and next(_pieces(text), (False, ""))[1] == text[2:-1]:
                return self._first(text[2:-1], place)
            filled = self._text(text, place)
            parts = parts_of(filled) or ()
            if any(not isinstance(part, str) for part in parts):
                return None
            text = "".join(str(part) for part in parts)
        match = _SOURCE.fullmatch(text)
        if match is None or match["source"] not in _KNOWN:
            return None
        return self._from(match["source"], match["parameters"], match["address"] or "", place, fallback)

    def _from(self, source: str, parameters: str | None, address: str, place: Place, fallback: str | None) -> Node | None:
        match source:
            case "self":
                return self._self(address)
            case "opt":
                return self._option(address, place)
            case "sls":
                return made(place, self.stage) if address == "stage" else None
            case "param":
                return self._parameter(address, place)
            case "file":
                return self._file(parameters or "", address, place)
            case "env":
                meaning = f"the environment variable `{address}`" + (f"; `{fallback}` without it" if fallback else "")
                return made(place, Symbol((Variable(address, meaning, fallback or None),)))
            case "aws":
                pseudo = {"accountId": "AWS::AccountId", "region": "AWS::Region"}.get(address)
                return self.scope.named(pseudo, place) if pseudo is not None else None
            case "strToBool":
                return made(place, (parameters or "").strip().lower() in ("true", "1"))
            case _:
                shown = f"{source}:{address}"
                if fallback is not None:
                    return None
                return self._unknown(address or source, f"`${{{shown}}}`, which is not known offline", place)

    def _self(self, address: str) -> Node | None:
        return self._below(self.root, address)

    def _below(self, node: Node | None, address: str) -> Node | None:
        """What is at a dotted address, each step with its variables filled in."""
        here = node
        for part in address.split(".") if address else ():
            if here is not None and isinstance(here.value, str) and "${" in here.value:
                here = self._text(here.value, here.place)
            if here is not None and isinstance(here.value, dict):
                here = here.value.get(part)
            elif here is not None and isinstance(here.value, list) and part.isdigit() and int(part) < len(here.value):
                here = here.value[int(part)]
            else:
                return None
        if here is None or self._depth > _DEEPEST:
            return None
        self._depth += 1
        try:
            return self.resolve(here)
        finally:
            self._depth -= 1

    def _option(self, name: str, place: Place) -> Node | None:
        own = {"stage": self.options.stage, "region": self.options.region}
        value = own.get(name) or self.options.parameters.get(name)
        return made(place, value) if value is not None else None

    def _parameter(self, name: str, place: Place) -> Node | None:
        if name in self.options.parameters:
            return made(place, self.options.parameters[name])
        places = (f"params.{self.stage}", f"stages.{self.stage}.params", "params.default", "stages.default.params")
        found = (self._below(self.root, f"{where}.{name}") for where in places)
        return next((each for each in found if each is not None), None)

    def _file(self, path: str, address: str, place: Place) -> Node | None:
        if path.startswith("~") or path.endswith((".js", ".cjs", ".mjs", ".ts")):
            return self._unknown(address or path, f"what `{path}` says, which is a program", place)
        document = self._document(path)
        return self._below(document, address) if document is not None else None

    def _document(self, path: str) -> Node | None:
        full = posixpath.normpath(posixpath.join(self.folder, path))
        if full not in self._read:
            self._read[full] = None  # a file that asks for itself
            try:
                self._read[full] = read_document(self.files.read(full), full, self.notes)
            except OSError:
                return None
            except Unreadable as error:
                self.notes.unsupported(Place(full, 1, 1), "serverless.yml", "", f"a file that is named cannot be read: {error}")
        return self._read[full]

    def _unknown(self, name: str, meaning: str, place: Place) -> Node:
        return made(place, Symbol((Variable(variable_name(name), meaning),)))


def _is_known(text: str) -> bool:
    match = _SOURCE.match(text)
    return match is not None and match["source"] in _KNOWN and (match["address"] is not None or match["parameters"] is not None)


def _literal(match: re.Match[str], place: Place) -> Node:
    for name in ("single", "double"):
        if match[name] is not None:
            return made(place, match[name])
    if match["number"] is not None:
        return Node(place, float(match["number"]) if "." in match["number"] else int(match["number"]), match["number"])
    return Node(place, {"true": True, "false": False}.get(match["word"]), match["word"])


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Literal pieces and the insides of variables; braces nest."""
    start = 0
    while (begin := text.find("${", start)) >= 0:
        end = _closing(text, begin + 2)
        if end is None:
            break
        if begin > start:
            yield False, text[start:begin]
        yield True, text[begin + 2 : end]
        start = end + 1
    if start < len(text):
        yield False, text[start:]


def _closing(text: str, start: int) -> int | None:
    depth = 1
    for index in range(start, len(text)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
    return None


def _alternatives(body: str) -> Iterator[str]:
    """Parts between commas that stand in no brackets and no quotes."""
    depth, quote, start = 0, "", 0
    for index, character in enumerate(body):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == "," and depth == 0:
            yield body[start:index].strip()
            start = index + 1
    yield body[start:].strip()


def _plain(node: Node | None) -> str:
    return "".join(part for part in (parts_of(node) or () if node is not None else ()) if isinstance(part, str))
