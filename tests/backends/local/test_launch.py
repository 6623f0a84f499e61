"""Which interpreter, which runtime client, which search paths; and clear words where something is missing."""

import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from router.backends.local.launch import CLIENTS, plan
from router.errors import BackendError

VERSION = "{}.{}".format(*sys.version_info[:2])


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("runtime_client", "client", "start_of_argv"),
    [
        ("auto", "awslambdaric", ("-m", "awslambdaric")),
        ("awslambdaric", "awslambdaric", ("-m", "awslambdaric")),
        ("builtin", "builtin", (str(CLIENTS / "python_client.py"),)),
    ],
)
async def test_python_takes_the_routers_interpreter(make, runtime_client, client, start_of_argv):
    launch = await plan(make(runtime_client=runtime_client))
    assert (launch.client, launch.argv) == (client, (sys.executable, *start_of_argv, "local_python.echo"))


async def test_a_version_is_looked_for_on_the_path_past_shims_that_lead_nowhere(make, tmp_path, monkeypatch):
    executable(tmp_path / "shims" / "python9.9", "#!/bin/sh\necho 'python9.9: not installed' >&2\nexit 127\n")
    fake = f'#!/bin/sh\nexec {sys.executable} -c \'import json; print(json.dumps(["/opt/python9.9", "9.9", False]))\'\n'
    executable(tmp_path / "real" / "python9.9", fake)
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{tmp_path}/real")
    launch = await plan(make(runtime="python9.9"))
    assert (launch.client, launch.argv[0], launch.execution_environment) == (
        "builtin",
        "/opt/python9.9",
        "AWS_Lambda_python9.9",
    )


async def test_the_routers_own_version_needs_no_path(make, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await plan(make(runtime=f"python{VERSION}"))).argv[0] == sys.executable


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A virtual environment without awslambdaric."""
    folder = tmp_path_factory.mktemp("packages") / ".venv"
    venv.create(folder, symlinks=True)
    return folder


async def test_a_virtual_environment_brings_its_interpreter(start, environment):
    module = environment / "lib" / f"python{VERSION}" / "site-packages" / "greeting.py"
    module.write_text("def handler(event, context): return __file__\n")
    shop = await start(handler="greeting.handler", packages=(str(environment),))
    assert shop.status.client == "builtin"
    assert json.loads((await shop.call()).payload) == str(module)


async def test_awslambdaric_is_demanded_where_it_is_not(make, environment):
    message = (
        f"function shop: {environment}/bin/python cannot import awslambdaric; install it there or use `runtime_client: auto`"
    )
    with pytest.raises(BackendError, match=re.escape(message)):
        await plan(make(packages=(str(environment),), runtime_client="awslambdaric"))


async def test_layers_and_plain_folders_are_searched(start, make, tmp_path):
    for folder, name in (
        ("layer/python", "one"),
        (f"layer/python/lib/python{VERSION}/site-packages", "two"),
        ("plain", "three"),
    ):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / f"{name}.py").write_text(f"value = '{name}'\n")
    (tmp_path / "layer" / "bin").mkdir()
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(
        "import one, two, three\ndef handler(event, context): return [one.value, two.value, three.value]\n"
    )
    fields = {"handler": "app.handler", "code": str(code), "packages": (str(tmp_path / "layer"), str(tmp_path / "plain"))}
    shop = await start(**fields)
    assert json.loads((await shop.call()).payload) == ["one", "two", "three"]
    assert str(tmp_path / "layer" / "bin") in (await plan(make(**fields))).path


async def test_awslambdaric_in_a_layer_is_found(make, environment, tmp_path):
    package = tmp_path / "python" / "awslambdaric"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "bootstrap.py").write_text("")
    (package / "lambda_runtime_client.py").write_text("runtime_client = object()\n")
    assert (await plan(make(packages=(str(environment), str(tmp_path))))).client == "awslambdaric"


async def test_a_command_runs_in_the_code_folder(start, tmp_path):
    script = f"""#!{sys.executable}
import os, urllib.request
api = "http://%s/2018-06-01/runtime/invocation/" % os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    with urllib.request.urlopen(api + "next") as answer:
        path = api + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
        body = "%s %s %s" % (os.getcwd(), os.environ["_HANDLER"], "AWS_EXECUTION_ENV" in os.environ)
    urllib.request.urlopen(urllib.request.Request(path, body.encode(), method="POST")).close()
"""
    executable(tmp_path / "bootstrap", script)
    for fields in ({"command": ("./bootstrap",), "runtime": None}, {"runtime": "provided.al2023"}):
        shop = await start(code=str(tmp_path), handler="app.main", **fields)
        answers = [(await shop.call()).payload.decode() for _ in range(3)]
        assert (answers, shop.status.client) == ([f"{tmp_path} app.main False"] * 3, "command")
        assert shop.status.cold_starts == 1


async def test_an_exec_wrapper_gets_the_command(start, tmp_path):
    wrapper = executable(tmp_path / "wrapper", '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n')
    shop = await start(handler="local_python.environment", environment={"AWS_LAMBDA_EXEC_WRAPPER": str(wrapper)})
    assert json.loads((await shop.call()).payload)["WRAPPED"] == "yes"


def interpreters() -> list[str]:
    """Other Python versions on this machine that really run."""
    found = []
    for minor in range(8, 16):
        name = shutil.which(f"python3.{minor}")
        if name and subprocess.run([name, "-c", ""], capture_output=True, check=False).returncode == 0:
            found.append(f"python3.{minor}")
    return found


@pytest.mark.parametrize("runtime", interpreters())
async def test_our_client_runs_on_every_python(start, runtime):
    shop = await start(runtime=runtime, runtime_client="builtin", handler="local_python.returns_python")
    assert json.loads((await shop.call(b'{"expression": "[None, Decimal(\'1.5\'), Point(1, 2)]"}')).payload) == [
        None,
        1.5,
        {"x": 1, "y": 2},
    ]
    failed = json.loads((await shop.call(b'{"expression": "1 / 0"}')).payload)
    assert (failed["errorType"], len(failed["stackTrace"])) == ("ZeroDivisionError", 2)


PROBLEMS = {
    "no such folder": ({"code": "/nowhere/at/all"}, "the code folder /nowhere/at/all does not exist or is not a folder"),
    "no such packages": (
        {"packages": ("/nowhere/at/all",)},
        "the packages folder /nowhere/at/all does not exist or is not a folder",
    ),
    "no such runtime": (
        {"runtime": "cobol"},
        "no runtime is called 'cobol'; write python, python3.12, nodejs, nodejs22.x, or use `command`",
    ),
    "no handler": (
        {"handler": None},
        "`handler` is missing: say which function of the code answers, such as app.handler",
    ),
    "no interpreter": (
        {"runtime": "python9.7"},
        f"Python 9.7 was not found on this machine ({sys.executable} is version {VERSION}); "
        "install it, or choose another `runtime`",
    ),
    "no Node.js": (
        {"runtime": "nodejs97.x"},
        "Node.js 97 was not found on this machine; install it, or choose another `runtime`",
    ),
    "wrong client": (
        {"runtime": "nodejs", "runtime_client": "awslambdaric"},
        "`runtime_client: awslambdaric` is for Python; for Node.js name AWS's client under `command`",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
async def test_what_is_missing_is_said_with_the_functions_name(make, case, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    fields, message = PROBLEMS[case]
    with pytest.raises(BackendError) as caught:
        await plan(make(**fields))
    assert str(caught.value) == f"function shop: {message}"
