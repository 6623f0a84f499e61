"""The resources of one template, resolved, as the services read them."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from router.config.files import Files
from router.importing.functions import FunctionIndex
from router.importing.nodes import Reference
from router.importing.physical import Names
from router.importing.plan import Plan
from router.importing.services.apis import Api
from router.importing.view import View


@dataclass(slots=True)
class Resource:
    """`properties`: resolved. `title`: a short name for people, the logical id where there is no better one."""

    logical: str
    kind: str
    properties: View
    title: str
    metadata: View | None = None


@dataclass(slots=True)
class Stack:
    """`folder`: where relative paths of the template begin. `is_live`: what deployed
    resources say. `apis`: SAM's, by logical id."""

    plan: Plan
    files: Files
    names: Names
    folder: str
    index: FunctionIndex
    is_live: bool = False
    resources: dict[str, Resource] = field(default_factory=dict)
    apis: dict[str, Api] = field(default_factory=dict)

    def of(self, *kinds: str) -> "Iterator[Resource]":
        """The resources of some types, in the template's order."""
        return (resource for resource in list(self.resources.values()) if resource.kind in kinds)

    def referred(self, view: View | None, *kinds: str) -> "Resource | None":
        """The resource of one of these types that a value refers to, alone or as a part of a text."""
        parts = view.parts() if view is not None and not view.is_map and not view.is_list else None
        for part in parts or ():
            if isinstance(part, Reference) and part.logical in self.resources:
                resource = self.resources[part.logical]
                if resource.kind in kinds:
                    return resource
        return None

    def named(self, view: View, logical: str, attribute: str | None = None) -> str:
        """A resource of the template as text; what is not known of it is noted for `view`."""
        return view.written(self.names.physical(Reference(logical, attribute)))

    def path(self, text: str) -> str:
        """A path of the template as seen from the working directory."""
        return posixpath.normpath(posixpath.join(self.folder, text))
