"""Rules for functions that run on this machine: what to start, where it lies, and what it gets."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.context import Context

MAX_ENVIRONMENT = 4096
"""Bytes of names and values together (semantics/sync.md §12.6)."""

RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "_LAMBDA_TELEMETRY_LOG_FD",
        "_AWS_XRAY_DAEMON_ADDRESS",
        "_AWS_XRAY_DAEMON_PORT",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "AWS_EXECUTION_ENV",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        *(
            f"AWS_LAMBDA_{name}"
            for name in (
                "RUNTIME_API",
                "FUNCTION_NAME",
                "FUNCTION_VERSION",
                "FUNCTION_MEMORY_SIZE",
                "FUNCTION_TIMEOUT",
                "LOG_GROUP_NAME",
                "LOG_STREAM_NAME",
                "INITIALIZATION_TYPE",
                "LOG_FORMAT",
                "LOG_LEVEL",
                "MAX_CONCURRENCY",
                "METADATA_API",
                "METADATA_TOKEN",
            )
        ),
    }
)
"""Set by Lambda itself (semantics/sync.md §12.6). `TZ`, `LANG`, `PATH` and library paths are the user's to extend."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HANDLERS = {
    "python": re.compile(r"[A-Za-z0-9_./-]+\.[A-Za-z_][A-Za-z0-9_]*"),
    "nodejs": re.compile(r"[^\s.][^\s]*\.[A-Za-z_$][A-Za-z0-9_$]*"),
}
_HANDLER_EXAMPLES = {"python": "app.handler", "nodejs": "index.handler"}


def _local(context: Context) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, settings in context.functions.items():
        if settings["local"] is not None:
            yield ("functions", name, "local"), settings["local"]


def what_to_start(context: Context) -> None:
    """Either a command, or a runtime with its handler; or the user starts the process."""
    for path, local in _local(context):
        if local["command"] is not None:
            _reject(context, path, local, ("runtime", "handler"), "`command` says what to start")
        elif local["attach"]:
            continue
        elif local["runtime"] is None:
            help_text = "add `runtime:` and `handler:`, or `command:`"
            context.reporter.report(path, "no-runtime", "nothing says what to start", help=help_text, on="key")
        elif local["handler"] is None and _family(local["runtime"]) in _HANDLERS:
            message = f"the runtime `{local['runtime']}` needs a `handler`"
            example = _HANDLER_EXAMPLES[str(_family(local["runtime"]))]
            context.reporter.report(path, "no-handler", message, help=f"for example `handler: {example}`", on="key")


def without_effect(context: Context) -> None:
    """A runtime client that is not used; more warm environments than may run.

    With `attach`, what says how to start the process waits for its turn.
    """
    for path, local in _local(context):
        family = _family(local["runtime"])
        if local["command"] is not None or family not in (None, "python"):
            _reject(context, path, local, ("runtime_client",), "it is for Python runtimes alone")
        most = context.functions[str(path[1])]["max_concurrency"]
        is_known = context.is_known(("functions", path[1], "max_concurrency"))
        if most is not None and is_known and local["min_warm"] > most:
            message = f"`min_warm` is more than `max_concurrency` allows to run: {most}"
            context.reporter.report((*path, "min_warm"), "without-effect", message, help="lower it")


def _reject(context: Context, path: Path, local: Mapping[str, Any], names: tuple[str, ...], reason: str) -> None:
    for name in names:
        if context.is_written((*path, name)) and not isinstance(local[name], Opaque):
            message = f"`{name}` has no effect: {reason}"
            context.reporter.report((*path, name), "without-effect", message, help="remove it", on="key")


def handlers(context: Context) -> None:
    """Handlers are written as the runtime reads them, and their files are there."""
    for path, local in _local(context):
        family, handler = _family(local["runtime"]), local["handler"]
        if isinstance(local["code"], Opaque):
            continue
        if context.files.kind(local["code"]) != "folder":
            message = f"the code folder `{_written(context, (*path, 'code'), local['code'])}` is not there"
            context.reporter.report((*path, "code"), "no-code", message, help="paths are relative to the file that writes them")
        elif family in _HANDLERS and handler is not None and not isinstance(handler, Opaque):
            _check_handler(context, path, local, str(family))


def _check_handler(context: Context, path: Path, local: Mapping[str, Any], family: str) -> None:
    handler, where = local["handler"], (*path, "handler")
    if not _HANDLERS[family].fullmatch(handler):
        help_text = f"for example `{_HANDLER_EXAMPLES[family]}`"
        context.reporter.report(where, "bad-handler", f"`{handler}` is no handler of a {family} function", help=help_text)
        return
    candidates = _candidates(handler.rpartition(".")[0], family)
    # A handler may also come from a package, as wrappers of monitoring products do; where it lies there only the runtime knows.
    if not local["packages"] and not any(_is_file(context, local["code"], file) for file in candidates):
        message = f"the file of the handler `{handler}` is not in the code folder"
        context.reporter.report(
            where, "no-handler-file", message, help=f"looked for {' and '.join(f'`{one}`' for one in candidates)}"
        )


def _candidates(module: str, family: str) -> list[str]:
    if family == "nodejs":
        return [f"{module}{ending}" for ending in (".js", ".mjs", ".cjs")]
    path = module.replace(".", "/")
    return [f"{path}.py", f"{path}/__init__.py"]


def _is_file(context: Context, folder: str, name: str) -> bool:
    return context.files.kind(posixpath.join(folder, name)) == "file"


def packages(context: Context) -> None:
    """Package folders are there."""
    for path, local in _local(context):
        for index, folder in enumerate(local["packages"]):
            if not isinstance(folder, Opaque) and context.files.kind(folder) != "folder":
                where = (*path, "packages", index)
                message = f"the packages folder `{_written(context, where, folder)}` is not there"
                context.reporter.report(where, "no-packages", message, help="paths are relative to the file that writes them")


def environment(context: Context) -> None:
    """Names are variables and not Lambda's own; all together is within Lambda's limit."""
    for path, local in _local(context):
        where = (*path, "environment")
        for name in local["environment"]:
            _check_name(context, (*where, name), name, "key")
        from_file = context.env_files.get(str(path[1]), {})
        for name in from_file:
            _check_name(context, (*path, "env_file"), name, "value")
        size = sum(len(f"{name}{value}".encode()) for name, value in {**from_file, **local["environment"]}.items())
        if size > MAX_ENVIRONMENT:
            message = f"the environment has {size} bytes; Lambda allows {MAX_ENVIRONMENT}"
            context.reporter.report(
                where if local["environment"] else (*path, "env_file"), "environment-too-large", message, on="key"
            )


def _check_name(context: Context, path: Path, name: str, on: str) -> None:
    if name in RESERVED:
        context.reporter.report(
            path, "reserved-variable", f"`{name}` is reserved: Lambda sets it", help="choose another name", on=on
        )
    elif not _VARIABLE.fullmatch(name):
        context.reporter.report(
            path, "bad-variable", f"`{name}` is no name of a variable", help="letters, digits and `_`", on=on
        )


def _family(runtime: str | None) -> str | None:
    if runtime is None or isinstance(runtime, Opaque):
        return None
    return next((family for family in ("python", "nodejs", "provided") if runtime.startswith(family)), None)


def _written(context: Context, path: Path, value: str) -> str:
    return str(getattr(context.node(path), "written", value))
