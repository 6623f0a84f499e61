"""Which format each file has, told by its content, and all files of one call as one plan."""

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from router.config.files import Files
from router.importing.documents import Unreadable, read_document
from router.importing.formats import cdk, cloudformation, exports, serverless
from router.importing.formats.cloudformation import Source
from router.importing.nodes import Node
from router.importing.notes import Notes
from router.importing.options import Given, Options
from router.importing.plan import Plan
from router.importing.services import invoke_api
from router.model import Place

FORMATS = ("sam", "cloudformation", "cdk", "serverless", "aws")
"""What a caller may force; `sam` and `cloudformation` are read in the same way."""
_IN_FOLDERS = ("cdk.out/manifest.json", "manifest.json", "template.yaml", "template.yml", "serverless.yml", "serverless.yaml")


@dataclass(slots=True)
class Sources:
    """What was read: `plan`, the files by name, for the heading of the result, and the options that were `unasked` for."""

    plan: Plan
    files: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)


class Unsupported(ValueError):
    """A file that can be read, but is nothing that the importer knows."""


def read_all(paths: Sequence[str], options: Options, files: Files, form: str | None = None) -> Sources:
    """Everything in some files and folders. Raises Unreadable and Unsupported."""
    notes = Notes()
    found = [(path, _read(path, files, notes)) for path in (_file_in(each, files) for each in paths)]
    known = dict(
        name for path, document in found if _form(document, form, path) == "aws" for name in exports.names_in(document)
    )
    named, given = options.parameters, Given({**known, **options.parameters})
    options = replace(options, parameters=given)
    plan = Plan(options, notes)
    exported: list[tuple[Node, str]] = []
    forms = [_form(document, form, path) for path, document in found]
    for (path, document), its in zip(found, forms, strict=True):
        match its:
            case "aws":
                exported.append((document, path))
            case "serverless":
                serverless.read(document, Source(path, cloudformation.folder_of(path)), plan, files)
            case "cdk":
                _read_assembly(document, path, plan, files)
            case _:
                cloudformation.read(document, Source(path, cloudformation.folder_of(path)), plan, files)
    if exported:
        exports.read(exported, plan, files)
    invoke_api.serve(plan)
    unasked = [f"--parameter {name}" for name in named if name not in given.asked]
    if options.stage is not None and "serverless" not in forms:
        unasked.append(f"--stage {options.stage}")
    return Sources(plan, [path for path, _ in found], unasked)


def _file_in(path: str, files: Files) -> str:
    """The file itself; of a folder, the one that says most."""
    if files.kind(path) != "folder":
        return path
    candidates = [posixpath.normpath(posixpath.join(path, name)) for name in _IN_FOLDERS]
    found = next((each for each in candidates if files.kind(each) == "file"), None)
    if found is None:
        raise Unsupported(f"{path}: there is none of {', '.join(_IN_FOLDERS)} in this folder")
    return found


def _read(path: str, files: Files, notes: Notes) -> Node:
    try:
        return read_document(files.read(path), path, notes)
    except OSError as error:
        raise Unreadable(Place(path, 1, 1), f"the file cannot be read: {error.strerror}") from None


_TESTS: tuple[tuple[str, Callable[[Node], bool]], ...] = (
    ("cdk", cdk.is_manifest),
    ("serverless", serverless.is_serverless),
    ("cloudformation", lambda document: isinstance(document.value, dict) and "Resources" in document.value),
    ("aws", exports.is_export),
)


def _form(document: Node, forced: str | None, path: str) -> str:
    if forced is not None:
        fits = forced != "aws" or exports.is_export(document)
        if not fits or not isinstance(document.value, dict | list):
            raise Unsupported(f"{path}: this is nothing that the AWS CLI prints and that is known here")
        if forced == "serverless" and not serverless.is_serverless(document):
            raise Unsupported(f"{path}: a serverless.yml has `service` and `provider`")
        return "cloudformation" if forced == "cdk" and not cdk.is_manifest(document) else forced
    found = next((name for name, test in _TESTS if test(document)), None)
    if found is None:
        raise Unsupported(f"{path}: this is neither a template nor an export that is known; `--from` forces a format")
    return found


def _read_assembly(document: Node, path: str, plan: Plan, files: Files, depth: int = 0) -> None:
    for source in cdk.templates(document, path, plan.notes):
        below = _read(source.file, files, plan.notes)
        if source.kind != "cdk":
            cloudformation.read(below, source, plan, files)
        elif depth < 8:
            _read_assembly(below, source.file, plan, files, depth + 1)
