"""How a function's process is started: which interpreter, which runtime client, which search paths.

Found out once per function, when the invoker starts, so that a missing interpreter or code folder stops the start with a
message that names the function. `runtime` and `packages` are explained in the configuration reference.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from router.errors import BackendError
from router.jsontext import loads
from router.model import Function, LocalFunction

CLIENTS = Path(__file__).parent / "clients"
_PROBE_SECONDS = 30.0
_PROBE_PYTHON = """
import json, sys
try:
    import awslambdaric.bootstrap
    from awslambdaric.lambda_runtime_client import runtime_client
    found = runtime_client is not None
except Exception:
    found = False
print(json.dumps([sys.executable, "%d.%d" % sys.version_info[:2], found]))
"""
_PROBE_NODE = "console.log(JSON.stringify([process.execPath, process.versions.node, false]))"


@dataclass(slots=True, frozen=True)
class Launch:
    """`client`: `awslambdaric`, `builtin`, `command` or `attached`. `execution_environment`: value of AWS_EXECUTION_ENV."""

    client: str
    argv: tuple[str, ...]
    cwd: str
    execution_environment: str | None = None
    path: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()
    node_path: tuple[str, ...] = ()
    library_path: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class _Interpreter:
    executable: str
    version: str
    has_awslambdaric: bool


async def plan(function: Function) -> Launch:
    """How to start `function`, which has a `local` block. Raises BackendError, naming the function, where it cannot be."""
    local = function.local
    assert local is not None
    try:
        _require_folder("code", Path(local.code))
        if local.attach:
            return Launch("attached", (), local.code)
        if local.command or (local.runtime or "").startswith("provided"):
            return _command(local)
        return _wrapped(await _managed(local), local)
    except BackendError as error:
        raise BackendError(f"function {function.name}: {error}") from None


async def _managed(local: LocalFunction) -> Launch:
    runtime = local.runtime or ""
    if local.handler is None:
        raise BackendError("`handler` is missing: say which function of the code answers, such as app.handler")
    if match := re.fullmatch(r"python(\d+\.\d+)?", runtime):
        return await _python(local, match[1])
    if match := re.fullmatch(r"nodejs(?:(\d+)(?:\.x)?)?", runtime):
        return await _node(local, match[1])
    raise BackendError(f"no runtime is called {runtime!r}; write python, python3.12, nodejs, nodejs22.x, or use `command`")


def _wrapped(launch: Launch, local: LocalFunction) -> Launch:
    """With AWS_LAMBDA_EXEC_WRAPPER, as with layers that bring one, the runtime's command is handed to that script."""
    wrapper = local.environment.get("AWS_LAMBDA_EXEC_WRAPPER")
    return replace(launch, argv=(wrapper, *launch.argv)) if wrapper else launch


def _command(local: LocalFunction) -> Launch:
    argv = local.command or ("./bootstrap",)
    executable = os.path.normpath(Path(local.code) / argv[0]) if "/" in argv[0] else shutil.which(argv[0]) or argv[0]
    paths = _layers(local.packages, None)
    return Launch(
        "command", (executable, *argv[1:]), local.code, None, paths["path"], paths["python"], paths["node"], paths["lib"]
    )


async def _python(local: LocalFunction, version: str | None) -> Launch:
    environments = [folder for folder in local.packages if (Path(folder) / "pyvenv.cfg").is_file()]
    if environments:
        names: tuple[str, ...] = (str(Path(environments[0]) / "bin" / "python"),)
    elif version is None:
        names = (sys.executable,)
    else:
        names = (*_on_path(f"python{version}"), sys.executable)
    others = tuple(folder for folder in local.packages if folder not in environments[:1])
    # Two rounds: the search path of layers depends on the interpreter's version, and awslambdaric may be in a layer.
    found = await _probe(names, ("-c", _PROBE_PYTHON), {}, version, f"Python {version or ''}".strip())
    paths = _layers(others, found.version)
    if paths["python"] and not found.has_awslambdaric:
        found = await _probe(
            (found.executable,), ("-c", _PROBE_PYTHON), {"PYTHONPATH": ":".join(paths["python"])}, None, "Python"
        )
    client = _python_client(local, found)
    start = ("-m", "awslambdaric") if client == "awslambdaric" else (str(CLIENTS / "python_client.py"),)
    return Launch(
        client,
        (found.executable, *start, local.handler or ""),
        local.code,
        f"AWS_Lambda_python{found.version}",
        (str(Path(found.executable).parent), *paths["path"]),
        (local.code, *paths["python"]),
        paths["node"],
        paths["lib"],
    )


def _python_client(local: LocalFunction, interpreter: _Interpreter) -> str:
    if local.runtime_client == "auto":
        return "awslambdaric" if interpreter.has_awslambdaric else "builtin"
    if local.runtime_client == "awslambdaric" and not interpreter.has_awslambdaric:
        raise BackendError(
            f"{interpreter.executable} cannot import awslambdaric; install it there or use `runtime_client: auto`"
        )
    return local.runtime_client


async def _node(local: LocalFunction, major: str | None) -> Launch:
    if local.runtime_client == "awslambdaric":
        raise BackendError("`runtime_client: awslambdaric` is for Python; for Node.js name AWS's client under `command`")
    names = (*(_on_path(f"node{major}") if major else ()), *_on_path("node"))
    found = await _probe(names, ("-e", _PROBE_NODE), {}, major, f"Node.js {major or ''}".strip())
    paths = _layers(local.packages, None)
    return Launch(
        "builtin",
        (found.executable, str(CLIENTS / "node_client.mjs"), local.handler or ""),
        local.code,
        f"AWS_Lambda_nodejs{found.version.partition('.')[0]}.x",
        (str(Path(found.executable).parent), *paths["path"]),
        paths["python"],
        (*paths["node"], str(Path(local.code) / "node_modules")),
        paths["lib"],
    )


def _layers(folders: tuple[str, ...], python: str | None) -> dict[str, tuple[str, ...]]:
    """Search paths out of `packages`: a virtual environment, a `node_modules`, a layer (`python/`, `nodejs/`, `bin/`, `lib/`),
    or a plain folder of modules (`pip install --target`)."""
    candidates: dict[str, list[Path]] = {"path": [], "python": [], "node": [], "lib": []}
    for folder in map(Path, folders):
        _require_folder("packages", folder)
        if (folder / "pyvenv.cfg").is_file():
            candidates["python"] += sorted((folder / "lib").glob("python*/site-packages"))
        elif folder.name == "node_modules":
            candidates["node"].append(folder)
        elif (folder / "python").is_dir() or (folder / "nodejs").is_dir():
            candidates["python"] += [folder / "python", folder / f"python/lib/python{python}/site-packages"]
            candidates["node"].append(folder / "nodejs/node_modules")
            candidates["path"].append(folder / "bin")
            candidates["lib"].append(folder / "lib")
        else:
            candidates["python"].append(folder)
            candidates["node"].append(folder)
    return {kind: tuple(str(path) for path in paths if path.is_dir()) for kind, paths in candidates.items()}


def _require_folder(kind: str, folder: Path) -> None:
    if not folder.is_dir():
        raise BackendError(f"the {kind} folder {folder} does not exist or is not a folder")


def _on_path(name: str) -> Iterator[str]:
    for folder in os.get_exec_path():
        if (found := shutil.which(name, path=folder)) is not None:
            yield found


async def _probe(
    names: Iterator[str] | tuple[str, ...],
    arguments: tuple[str, ...],
    extra: Mapping[str, str],
    version: str | None,
    title: str,
) -> _Interpreter:
    """The first of these executables that runs and has the version; a name on PATH may be a shim that leads nowhere."""
    tried = []
    for name in names:
        output, complaint = await _run(name, arguments, extra)
        with contextlib.suppress(ValueError):
            executable, found, has_awslambdaric = loads(output)
            if version is None or found == version or found.startswith(f"{version}."):
                return _Interpreter(executable, found, has_awslambdaric)
            complaint = f"is version {found}"
        tried.append(f"{name} {complaint}")
    seen = f" ({'; '.join(tried)})" if tried else ""
    raise BackendError(f"{title} was not found on this machine{seen}; install it, or choose another `runtime`")


async def _run(name: str, arguments: tuple[str, ...], extra: Mapping[str, str]) -> tuple[bytes, str]:
    try:
        process = await asyncio.create_subprocess_exec(
            name,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": "", **extra},
        )
    except OSError as error:
        return b"", f"cannot be started: {error.strerror}"
    try:
        output, errors = await asyncio.wait_for(process.communicate(), _PROBE_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return b"", "does not answer"
    text = errors.decode(errors="replace").strip().splitlines()
    return output, f"fails: {text[0]}" if text else "gives no answer"
