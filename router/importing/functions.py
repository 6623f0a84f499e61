"""Which function a template means: a reference to one, to its alias or version, an ARN, or a name."""

import re
from dataclasses import dataclass, field

from router.importing.naming import kebab, variable_name
from router.importing.nodes import Part, Reference
from router.importing.plan import FunctionRecord, FunctionRef, Plan
from router.importing.view import View

_ARN = re.compile(
    r"(?P<arn>arn:[^:]*:lambda:[^:]*:[^:]*:function:(?P<name>[A-Za-z0-9_.-]+|[^:/]*\$\{[^}]*\}[^:/]*))(?::(?P<qualifier>[^/:]+))?"
)
_URI = re.compile(r"functions/(?P<function>.+)/(?:response-streaming-)?invocations$")
_NAME = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?")
_TAIL = re.compile(r":(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128})(?=/|$)")


@dataclass(slots=True)
class FunctionIndex:
    """The functions of one template. `records`: by logical id; `aliases`: alias and version resources to what they mean."""

    plan: Plan
    records: dict[str, FunctionRecord] = field(default_factory=dict)
    aliases: dict[str, FunctionRef] = field(default_factory=dict)

    def of(self, view: View | None) -> FunctionRef | None:
        """The function that a value names; None, with a note, where it names none."""
        parts = view.parts() if view is not None else None
        if view is None or parts is None:
            return None
        found = self.in_parts(parts) or self._by_text(view)
        if found is None:
            view.refuse("it names no function of Lambda")
        elif found.qualifier is not None and found.qualifier == version_of(found.key):
            note_version(view, found.key)
        return found

    def is_function(self, view: View | None) -> bool:
        """Whether a value names a function; nothing is noted."""
        parts = view.parts() if view is not None else None
        if view is None or parts is None:
            return False
        if self.in_parts(parts) is not None:
            return True
        flat = "".join(part if isinstance(part, str) else "{}" for part in parts)
        return ":lambda:" in flat and ":function:" in flat

    def in_parts(self, parts: tuple[Part, ...]) -> FunctionRef | None:
        """The function whose resource is referred to."""
        for index, part in enumerate(parts):
            if isinstance(part, Reference):
                found = self.referred(part)
                if found is not None:
                    tail = "".join(each for each in parts[index + 1 :] if isinstance(each, str))
                    qualified = _TAIL.match(tail)
                    return FunctionRef(found.key, qualified["qualifier"]) if qualified else found
        return None

    def referred(self, reference: Reference) -> FunctionRef | None:
        """The function of one reference: its own resource, `Function.Alias`, `Function.Version`, an alias or a version."""
        logical, _, attribute = reference.logical.partition(".")
        attribute = reference.attribute or attribute
        if logical in self.aliases:
            return self.aliases[logical]
        record = self.records.get(logical)
        if record is None:
            return None
        if attribute == "Alias":
            return FunctionRef(record.key, record.alias)
        if attribute == "Version":
            return FunctionRef(record.key, version_of(record.key))
        return FunctionRef(record.key)

    def _by_text(self, view: View) -> FunctionRef | None:
        text = view.text() or ""
        uri = _URI.search(text)
        text = uri["function"] if uri else text
        match = _ARN.search(text)
        if match is not None:
            return FunctionRef(self._external(match["name"], match["arn"], view).key, match["qualifier"])
        named = _NAME.fullmatch(text)
        if named is not None and (key := self.key_of(named["name"])) is not None:
            return FunctionRef(key, named["qualifier"])
        if text.startswith("${") and text.endswith("}"):
            return FunctionRef(self._external(text[2:-1].partition(":")[0], text, view).key)
        return None

    def key_of(self, name: str) -> str | None:
        """The key of the function with this name, or with this logical id."""
        for logical, record in self.records.items():
            if name in (record.name, logical):
                return record.key
        return next((record.key for record in self.plan.functions.values() if name in (record.name, record.key)), None)

    def _external(self, name: str, arn: str, view: View) -> FunctionRecord:
        """A function that the template only names: declared by its ARN, once."""
        for record in self.plan.functions.values():
            if record.arn == arn or (record.name is not None and record.name == name):
                return record
        plain = kebab(name) if "${" in name or name.isupper() else name
        record = self.plan.function(plain, view.origin)
        record.arn, record.name, record.is_external = arn, name, True
        return record


def version_of(key: str) -> str:
    """A version that only the deployment numbers; 1 until somebody says so."""
    return f"${{{_version_name(key)}:-1}}"


def note_version(view: View, key: str) -> None:
    """Tells of the variable in `version_of`."""
    meaning = f"the number of the version of `{key}` that is published"
    view.owner.notes.variable(view.place, view.owner.label, view.keys, _version_name(key), meaning)


def _version_name(key: str) -> str:
    return variable_name(f"{key}_version")
