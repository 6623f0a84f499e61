"""CDK: the cloud assembly in `cdk.out`, whose manifest names a template for each stack.

Source: https://docs.aws.amazon.com/cdk/v2/guide/deploy.html (the cloud assembly), and the npm package
aws-cdk-lib/cloud-assembly-schema (`manifest.json`).
"""

import posixpath
import re
from collections.abc import Iterator

from router.importing.formats.cloudformation import Source
from router.importing.nodes import Node
from router.importing.notes import Notes

_ENVIRONMENT = re.compile(r"aws://([0-9]{12})/([a-z0-9-]+-[0-9]+)")
_STACK = "aws:cloudformation:stack"
_NESTED = "cdk:cloud-assembly"


def is_manifest(document: Node) -> bool:
    """Whether a document is a cloud assembly's manifest."""
    return isinstance(document.value, dict) and "artifacts" in document.value and "version" in document.value


def templates(document: Node, file: str, notes: Notes) -> Iterator[Source]:
    """The templates of the stacks, and the manifests of stages below, in the manifest's order."""
    folder = posixpath.dirname(file) or "."
    artifacts = _map(document).get("artifacts")
    for name, artifact in _map(artifacts).items():
        entries = _map(artifact)
        kind = entries["type"].text if "type" in entries else ""
        properties = _map(entries.get("properties"))
        if kind == _STACK and "templateFile" in properties:
            stack = properties.get("stackName")
            path = posixpath.normpath(posixpath.join(folder, properties["templateFile"].text))
            place = _ENVIRONMENT.fullmatch(entries["environment"].text) if "environment" in entries else None
            account, region = (place[1], place[2]) if place is not None else (None, None)
            yield Source(path, folder, stack.text if stack is not None else name, account=account, region=region)
        elif kind == _NESTED and "directoryName" in properties:
            below = posixpath.normpath(posixpath.join(folder, properties["directoryName"].text))
            yield Source(posixpath.join(below, "manifest.json"), below, kind="cdk")
        elif kind == _STACK:
            notes.unsupported(artifact.place, f"{kind} {name}", "properties.templateFile", "the stack names no template")


def _map(node: Node | None) -> dict[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}
