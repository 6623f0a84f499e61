"""Red Hat's YAML language server, which is what VS Code, Neovim, Helix and others ask; from npm, once, into pytest's cache."""

import itertools
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from click.testing import CliRunner

from router.cli import main

YAML_LANGUAGE_SERVER = "yaml-language-server@1.25.0"
PATIENCE = 60


@dataclass(frozen=True)
class Place:
    """A cursor: line and column from 0, as the protocol counts."""

    line: int
    character: int


class LanguageServer:
    """One server process. `diagnostics`, `completions` and `hover` each open a document of their own."""

    def __init__(self, command: list[str], folder: Path, schema: Path) -> None:
        self._folder = folder
        self._first_line = f"# yaml-language-server: $schema={schema}\n"
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._numbers = itertools.count(1)
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._published: dict[str, queue.Queue[list[dict[str, Any]]]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._request("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": _CAPABILITIES})
        self._notify("initialized", {})
        self._notify("workspace/didChangeConfiguration", {"settings": _SETTINGS})

    def close(self) -> None:
        self._request("shutdown", None)
        self._notify("exit", None)
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._input.close()
        self._output.close()

    def diagnostics(self, text: str, name: str = "router.yaml") -> list[tuple[int, int, str]]:
        """What the editor underlines, by the line of the text (from 1) and the column (from 1): `(line, column, message)`."""
        uri = self._open(text, name)
        found = self._published[uri].get(timeout=PATIENCE)
        starts = [(said["range"]["start"], said["message"]) for said in found]
        return sorted((start["line"], start["character"] + 1, message) for start, message in starts)

    def completions(self, text: str, name: str = "router.yaml") -> list[dict[str, Any]]:
        """What is offered at the `|` in the text."""
        place, text = cursor(text)
        uri = self._open(text, name)
        found = self._request("textDocument/completion", {"textDocument": {"uri": uri}, "position": vars(place)})
        items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found
        return items

    def hover(self, text: str, name: str = "router.yaml") -> str:
        """The markdown that is shown at the `|` in the text; empty where there is nothing."""
        place, text = cursor(text)
        uri = self._open(text, name)
        found = self._request("textDocument/hover", {"textDocument": {"uri": uri}, "position": vars(place)})
        return str(found["contents"]["value"]) if found else ""

    def _open(self, text: str, name: str) -> str:
        uri = (self._folder / f"{next(self._numbers)}" / name).as_uri()
        self._published[uri] = queue.Queue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": self._first_line + text}
        self._notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def _request(self, method: str, params: Any) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = queue.Queue()
        self._send({"id": number, "method": method, "params": params})
        said = answer.get(timeout=PATIENCE)
        assert "error" not in said, said
        return said["result"]

    def _notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._input.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._input.flush()

    def _read(self) -> None:
        while (message := _message(self._output)) is not None:
            if "method" not in message:
                self._answers[message["id"]].put(message)
            elif message["method"] == "textDocument/publishDiagnostics":
                self._published[message["params"]["uri"]].put(message["params"]["diagnostics"])
            elif message["method"] == "workspace/configuration":
                asked = [item["section"] for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": [_SETTINGS.get(section) for section in asked]})
            elif "id" in message:
                self._send({"id": message["id"], "result": None})


def cursor(text: str) -> tuple[Place, str]:
    """The place of the only `|` below a first line, and the text without it."""
    before, mark, after = text.partition("|")
    assert (mark, after.count("|")) == ("|", 0), text
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n") - 1), before + after


def _message(stream: BinaryIO) -> dict[str, Any] | None:
    length = 0
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not length:
        return None
    message: dict[str, Any] = json.loads(stream.read(length))
    return message


_CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {},
    },
    "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": False}},
}
_SETTINGS = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": False, "url": ""},
        "yamlVersion": "1.2",
    },
    "http": {},
    "editor": {"detectIndentation": False, "tabSize": 2},
    "[yaml]": {},
    "files": {"associations": {}},
}
"""What an editor would send with the extension's defaults, without the schema store, which is on the internet."""


@pytest.fixture(scope="session")
def server_program(request: pytest.FixtureRequest) -> Path:
    """The server's script. Installed without scripts of its packages; later runs need no network."""
    assert request.config.cache is not None
    home = request.config.cache.mkdir(YAML_LANGUAGE_SERVER.replace("@", "-"))
    finished = home / "finished"
    if not finished.exists():
        npm = shutil.which("npm")
        assert npm is not None
        command = [npm, "install", "--prefix", str(home), "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*command, YAML_LANGUAGE_SERVER], check=True, capture_output=True, timeout=240)
        finished.touch()
    return home / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `lambda-router schema` prints."""
    file = tmp_path_factory.mktemp("schema") / "router.schema.json"
    result = CliRunner().invoke(main, ["schema"])
    json.loads(result.stdout)
    file.write_text(result.stdout, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def tests_server(server_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """The server, where every document is a *.test.yaml file."""
    folder = tmp_path_factory.mktemp("tests-editor")
    (folder / "schema.json").write_text(CliRunner().invoke(main, ["schema", "--type", "tests"]).stdout, encoding="utf-8")
    node = shutil.which("node")
    assert node is not None
    running = LanguageServer([node, str(server_program), "--stdio"], folder, folder / "schema.json")
    yield running
    running.close()


@pytest.fixture(scope="session")
def server(server_program: Path, schema: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """The server, where every document names the schema in its first line."""
    node = shutil.which("node")
    assert node is not None
    running = LanguageServer([node, str(server_program), "--stdio"], tmp_path_factory.mktemp("editor"), schema)
    yield running
    running.close()
