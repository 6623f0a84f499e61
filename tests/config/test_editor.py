"""What the schema for editors says and offers, piece by piece; tests/editors asks a real language server."""

import pytest

from router.config.editor.rendering import Rendering
from router.config.editor.snippets import labelled, singles, snippet
from router.config.editor.words import documented, first_sentence, flow, meanings


def test_a_description_tells_what_each_value_means() -> None:
    text = "When it is done. `disk`: it is on disk (fsync); `os`: it is written, and a crash may lose it. Always said."
    assert meanings(text, ["disk", "os"]) == ["it is on disk (fsync)", "it is written, and a crash may lose it"]
    assert meanings("Takes `disk` or `os`.", ["disk", "os"]) is None


def test_the_hover_text_has_defaults_and_examples() -> None:
    schema = {"title": "Map", "description": "Words.", "default": "5m", "examples": [{"a": [1]}, "text"]}
    assert documented(schema) == {
        "title": "Map",
        "description": "Words.",
        "default": "5m",
        "markdownDescription": "Words.\n\nDefault: `5m`\n\n```yaml\na:\n- 1\n```",
        "examples": ["text"],
    }


def test_a_default_in_words_stands_in_both_descriptions() -> None:
    said = documented({"description": "Words.", "x-default": "the only one"})
    assert said == {
        "description": "Words. Default: the only one.",
        "markdownDescription": "Words.\n\nDefault: the only one.",
    }


@pytest.mark.parametrize(("value", "text"), [("5m", "5m"), (True, "true"), ("true", "'true'"), ({"a": ["*"]}, "{a: ['*']}")])
def test_yaml_in_one_line(value: object, text: str) -> None:
    assert flow(value) == text


def test_the_first_sentence() -> None:
    assert first_sentence("One. Two.") == "One."
    assert first_sentence("Only one, e.g") == "Only one, e.g"


def test_a_snippet_stops_at_every_value_and_quotes_what_yaml_wants_quoted() -> None:
    body = snippet("a", {"name": {"$default": "${TOKEN}", "*": ["*", "7", 7]}})["body"]
    assert body == {"${1:name}": {"\\$default": "${2:\\${TOKEN\\}}", "'*'": ["${3:'*'}", "${4:7}", "${5:7}"]}}


def test_lists_of_examples_are_offered_item_by_item() -> None:
    assert singles([["a", "b"], "a", {"c": 1}]) == ["a", "b", {"c": 1}]


def test_examples_of_a_type_are_told_apart_by_their_first_difference() -> None:
    http, rest = {"type": "t", "api": "http"}, {"type": "t", "api": "rest"}
    assert list(labelled("t", [http])) == [("t", http)]
    assert list(labelled("t", [http, rest])) == [("t http", http), ("t rest", rest)]


def test_forms_are_told_apart_by_what_stands_there() -> None:
    rendered = Rendering({"$defs": {}}).of(
        {"title": "Hosts", "x-list": True, "type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}}
    )
    item = {"type": "string", "if": {"pattern": "\\$\\{"}, "errorMessage": "not a valid hosts"}
    form = {"pattern": "^[a-z]+$", "patternErrorMessage": "not a valid hosts"}
    assert rendered == {
        "title": "Hosts",
        "if": {"type": "array"},
        "then": {
            "type": "array",
            "items": {
                "type": "string",
                "errorMessage": "not a valid value",
                "if": {"pattern": "\\$\\{"},
                "else": {"pattern": "^[a-z]+$", "patternErrorMessage": "not a valid value"},
            },
        },
        "else": {**item, "else": form},
    }
