"""The real Mermaid and the real Graphviz (compiled to WebAssembly) read what is printed, whatever labels hold.

Both come from npm, once, into pytest's cache.
"""

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.review.graph import Edge, Graph, Kind, Node
from router.review.graph_text import to_dot, to_mermaid

pytestmark = pytest.mark.slow

PACKAGES = ("mermaid@11.17.2", "jsdom@26.1.0", "@hpcc-js/wasm-graphviz@1.29.2")
PROGRAM = """
import { createInterface } from "node:readline";
import { JSDOM } from "jsdom";
import { Graphviz } from "@hpcc-js/wasm-graphviz";
const dom = new JSDOM("<body></body>");
globalThis.window = dom.window; globalThis.document = dom.window.document;
const { default: mermaid } = await import("mermaid");
const graphviz = await Graphviz.load();
async function labels(text) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const { nodes, edges } = db.getData();
  return { nodes: nodes.map(each => each.label), edges: edges.map(each => [each.start, each.end, each.label ?? ""]) };
}
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let said;
  try {
    said = asked.dot !== undefined ? JSON.parse(graphviz.layout(asked.dot, "json0", "dot")) : await labels(asked.mermaid);
  } catch (error) { said = { error: String(error.message ?? error) }; }
  console.log(JSON.stringify(said));
}
"""


class Readers:
    """A Node process that reads one text for each line that it is sent."""

    def __init__(self, home: Path) -> None:
        node = shutil.which("node")
        assert node is not None
        (home / "read.mjs").write_text(PROGRAM, encoding="utf-8")
        self._process = subprocess.Popen(
            [node, "read.mjs"], cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def read(self, **asked: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="session")
def readers(request: pytest.FixtureRequest) -> Any:
    assert request.config.cache is not None
    home = request.config.cache.mkdir("graph-readers")
    finished = home / "-".join(package.rpartition("@")[2] for package in PACKAGES)
    if not finished.exists():
        npm = shutil.which("npm")
        assert npm is not None
        command = [npm, "install", "--prefix", str(home), "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*command, *PACKAGES], check=True, capture_output=True, timeout=240)
        finished.touch()
    running = Readers(home)
    yield running
    running.close()


LABELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ['"', "#quot;", "<b>x</b>", "`x`", "a\\nb", "%%{init: {}}%%", "end", "&amp;", "a|b", '${X:-"y"}', "];x-->y", "\n", "graph"]
)


def graph(labels: list[str]) -> Graph:
    kinds = [*Kind]
    nodes = [Node(f"{kinds[at % 5]}{at}", kinds[at % 5], (label, label[::-1])) for at, label in enumerate(labels)]
    edges = [Edge(one.id, other.id, one.lines[0], later=one.kind is Kind.ROUTE) for one, other in pairwise(nodes)]
    return Graph(nodes, edges)


patient = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


@patient
@given(st.lists(LABELS, min_size=2, max_size=6))
def test_graphviz_reads_every_label(readers: Readers, labels: list[str]) -> None:
    drawn = graph(labels)
    read = readers.read(dot=to_dot(drawn))
    escaped = [each["label"] for each in read["objects"]]
    assert [text.replace("\\\\", "\0").split("\\n") for text in escaped] == [
        [printable(line).replace("\\", "\0") for line in node.lines] for node in drawn.nodes
    ]
    assert len(read["edges"]) == len(drawn.edges)


@patient
@given(st.lists(LABELS, min_size=2, max_size=6))
def test_mermaid_reads_every_label(readers: Readers, labels: list[str]) -> None:
    drawn = graph(labels)
    read = readers.read(mermaid=to_mermaid(drawn))
    assert "error" not in read, read
    assert [(start, end) for start, end, _ in read["edges"]] == [(edge.source, edge.target) for edge in drawn.edges]
    assert [decoded(label).strip() for label in read["nodes"]] == [
        "<br>".join(map(printable, node.lines)).strip() for node in drawn.nodes
    ]


def decoded(label: str) -> str:
    """Mermaid keeps `#35;` in a form of its own until it draws."""
    return re.sub("\ufb02°°([0-9]+)¶ß", lambda match: chr(int(match[1])), label)
