"""Compiles the hot path with mypyc into the wheel: asked for with LAMBDA_ROUTER_COMPILE=1, and never into the source tree.

Without it, and for editable installs, the wheel is the plain Python that the modules are. Which modules: pyproject.toml.
Needs a C compiler and Python's headers.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "LAMBDA_ROUTER_COMPILE"
GROUP = "lambda_router"
"""Names the one shared library behind the modules: `lambda_router__mypyc`."""


class CompileHook(BuildHookInterface):
    """hatchling's door to the compiler."""

    def dependencies(self) -> list[str]:
        """The compiler, and what its type checker has to see of the packages that the modules import."""
        return [*self.config["compiler"], *self.metadata.core.dependencies] if wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled modules beside their sources, which tracebacks go on to show."""
        if version == "editable" or not wanted():
            return
        work = tempfile.TemporaryDirectory(prefix="lambda-router-compile-")
        self._work = work  # lives until the wheel is written
        root = Path(self.root)
        for built in compile_modules(root, self.config["modules"], Path(work.name)):
            build_data["force_include"][str(built)] = built.relative_to(Path(work.name) / "lib").as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Nothing of the work is left."""
        if hasattr(self, "_work"):
            self._work.cleanup()


def wanted() -> bool:
    """Whether the environment asks for it."""
    return os.environ.get(VARIABLE) == "1"


def compile_modules(root: Path, modules: list[str], work: Path) -> list[Path]:
    """The shared libraries of `modules`, dotted names, below `work/lib`. Raises SystemExit where the compiler refuses."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    paths = [str(_source(root, module).relative_to(root)) for module in modules]
    before = Path.cwd()
    os.chdir(root)
    try:
        flags = ["--config-file", "pyproject.toml", "--cache-dir", str(work / "cache"), "--no-warn-unused-ignores"]
        extensions = mypycify([*flags, *paths], opt_level="3", target_dir=str(work / "c"), group_name=GROUP)
        command = Distribution({"name": GROUP, "ext_modules": extensions}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(work / "lib"), str(work / "tmp")
        command.parallel = os.cpu_count()
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
    return sorted(path for path in (work / "lib").rglob("*") if path.suffix in (".so", ".pyd"))


def _source(root: Path, module: str) -> Path:
    base = root.joinpath(*module.split("."))
    return base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"


if __name__ == "__main__":
    import shutil
    import tomllib

    target = Path(sys.argv[1])
    """A copy of the tree: the libraries are put beside its sources."""
    wheel = tomllib.loads((target / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    with tempfile.TemporaryDirectory(prefix="lambda-router-compile-") as folder:
        for library in compile_modules(target, wheel["hooks"]["custom"]["modules"], Path(folder)):
            shutil.copy2(library, target / library.relative_to(Path(folder) / "lib"))
