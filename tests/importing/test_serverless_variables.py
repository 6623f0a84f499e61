"""Variables of the Serverless Framework: what files decide is text, the rest is a variable of the configuration."""

from typing import Any

import pytest

from router.fakes import FakeFiles
from router.importing.importer import Imported, import_files
from router.importing.options import Options

SERVERLESS = """\
service: shop
provider: {name: aws, runtime: python3.12, stage: dev, region: eu-west-1}
params: {default: {domain: dev.example.com}, prod: {domain: example.com}}
stages: {default: {params: {size: small}}}
custom:
  table: orders-${self:provider.stage}
  list: [a, {b: c}]
  by: {dev: tiny, prod: huge}
  circle: ${self:custom.circle}
  file: ${file(./more.yml)}
functions:
  fn:
    handler: src/a.b
    environment: {VALUE: @}
"""
MORE = "name: from-file\ndeep:\n  table: ${self:custom.table}\n  other: ${file(./more.json):x}\n"
FILES = {"src/a.py": "", "more.yml": MORE, "more.json": '{"x": "from-json"}', "code.js": "module.exports = 1"}


def imported(expression: str, **options: Any) -> Imported:
    files = FakeFiles({**FILES, "serverless.yml": SERVERLESS.replace("@", expression)})
    chosen = Options(**{"account": "111122223333", **options})
    return import_files(["serverless.yml"], chosen, files, target="router.yaml")


def value(result: Imported) -> Any:
    return result.draft.settings["functions"]["fn"]["local"]["environment"]["VALUE"]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("plain", "plain"),
        ("${self:service}", "shop"),
        ("${self:custom.table}", "orders-dev"),
        ("a-${self:custom.table}-${sls:stage}", "a-orders-dev-dev"),
        ("${self:custom.list.0}", "a"),
        ("${self:custom.list.1.b}", "c"),
        ("${self:custom.by.${sls:stage}}", "tiny"),
        ("${self:custom.missing, 'none'}", "none"),
        ("${self:custom.missing, self:custom.table}", "orders-dev"),
        ("${self:custom.missing, ${self:custom.also}, 5}", "5"),
        ("${opt:stage, 'dev'}", "dev"),
        ('${opt:size, "big"}', "big"),
        ("${param:domain}", "dev.example.com"),
        ("${param:size}", "small"),
        ("${file(./more.yml):name}", "from-file"),
        ("${file(more.yml):deep.table}", "orders-dev"),
        ("${file(./more.yml):deep.other}", "from-json"),
        ("${self:custom.file.name}", "from-file"),
        ("${file(./nowhere.yml):name, 'default'}", "default"),
        ("${env:TOKEN}", "${TOKEN}"),
        ("${env:LEVEL, 'info'}", "${LEVEL:-info}"),
        ("${ssm:/shop/key}", "${SHOP_KEY}"),
        ("${ssm:/shop/key, 'default'}", "default"),
        ("${cf:other.Output}", "${OTHER_OUTPUT}"),
        ("${file(./code.js):key}", "${KEY}"),
        ("${self:custom.nowhere}", "${SELF_CUSTOM_NOWHERE}"),
        ("${self:custom.circle}", "${SELF_CUSTOM_CIRCLE}"),
        ("${aws:region}", "eu-west-1"),
        ("${aws:accountId}", "111122223333"),
        ("${strToBool(true)}", "true"),
        ("!Sub '${AWS::Region}-x'", "eu-west-1-x"),
        ("${", "$${"),
    ],
)
def test_variables(expression: str, text: str) -> None:
    quoted = expression if expression.startswith("!") else f"'{expression.replace(chr(39), chr(39) * 2)}'"
    assert value(imported(quoted)) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [("${sls:stage}", "prod"), ("${param:domain}", "example.com"), ("${self:custom.by.${opt:stage, 'dev'}}", "huge")],
)
def test_the_stage_of_the_caller(expression: str, text: str) -> None:
    assert value(imported(f'"{expression}"', stage="prod")) == text


def test_names_follow_service_and_stage() -> None:
    functions = imported("x", stage="prod").draft.settings["functions"]
    assert functions["fn"]["arn"] == "arn:aws:lambda:eu-west-1:111122223333:function:shop-prod-fn"


def test_parameters_of_the_caller_win() -> None:
    assert value(imported("'${param:domain}'", parameters={"domain": "mine.example.com"})) == "mine.example.com"


def test_a_file_that_cannot_be_read_is_told() -> None:
    files = FakeFiles({"serverless.yml": SERVERLESS.replace("@", "'${file(bad.yml):x}'"), "bad.yml": "a: b: c", "src/a.py": ""})
    notes = import_files(["serverless.yml"], Options(), files, target="router.yaml").notes
    assert (
        "bad.yml:1: not carried over: serverless.yml: a file that is named cannot be read: "
        "bad.yml:1:5: this is neither YAML nor JSON: mapping values are not allowed in this context"
    ) in map(str, notes)
