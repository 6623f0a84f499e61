"""The router with its hot path compiled, as its compiled wheel brings it: a copy below benchmarks/out, made anew on change.

Scripts that have no row of its own for it start it in place of the plain one where the environment has BENCH_ROUTER=compiled.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "benchmarks" / "out"
_PARTS = ("router", "schemas", "pyproject.toml", ".ci")


@cache
def compiled_tree() -> Path | None:
    """A folder for PYTHONPATH; None, and a line on standard error, where there is no C compiler or it fails."""
    tree = OUT / f"compiled-{_digest()}"
    if tree.exists():
        return tree
    for old in OUT.glob("compiled-*"):
        shutil.rmtree(old)
    making = OUT / "compiled-making"
    ignored = shutil.ignore_patterns("__pycache__")
    for part in _PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, making / part, ignore=ignored)
        else:
            shutil.copy2(source, making / part)
    shutil.copytree(ROOT / "schemas", making / "router" / "_schemas")
    print("Compiling the router; this takes about a minute.", file=sys.stderr)
    made = subprocess.run([sys.executable, ".ci/compile_hook.py", "."], cwd=making, capture_output=True, text=True)
    if made.returncode:
        print(f"The compiled router is left out: it could not be made.\n{made.stderr[-2000:]}", file=sys.stderr)
        shutil.rmtree(making)
        return None
    return making.rename(tree)


def is_chosen() -> bool:
    """Whether BENCH_ROUTER asks for the compiled router."""
    return os.environ.get("BENCH_ROUTER") == "compiled"


def daemon(file: Path | str) -> list[str]:
    """The command that runs a configuration, with the router that was chosen. Raises SystemExit where it cannot be made."""
    command = ["-m", "router", "run", str(file)]
    if not is_chosen():
        return [sys.executable, *command]
    tree = compiled_tree()
    if tree is None:
        raise SystemExit("BENCH_ROUTER=compiled asks for what cannot be made here.")
    return ["env", f"PYTHONPATH={tree}", sys.executable, "-P", *command]


def _digest() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*(ROOT / "router").rglob("*.py"), ROOT / "pyproject.toml", ROOT / ".ci" / "compile_hook.py"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
