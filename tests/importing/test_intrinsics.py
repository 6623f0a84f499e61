"""Intrinsic functions: what a template decides is text, the rest is a variable that is told."""

import json
from typing import Any

import pytest

from router.fakes import FakeFiles
from router.importing.importer import Imported, import_files
from router.importing.options import Options

TEMPLATE = """\
Parameters:
  Env: {Type: String, Default: prod}
  Names: {Type: CommaDelimitedList, Default: "mail, invoices"}
  Open: {Type: String}
  Secret: {Type: String, NoEcho: true, Default: shown-nowhere}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path}
Mappings: {Sizes: {prod: {Name: big}}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  Never: !And [!Condition IsProd, !Condition IsDev]
  Ever: !Or [!Condition Never, !Condition IsProd]
  Unknown: !Equals [!Ref Open, x]
  Circle: !Not [!Condition Circle]
Resources:
  Named: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${Env}-named"}}
  Nameless: {Type: AWS::SQS::Queue}
  Fn:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: fn, Environment: {Variables: {VALUE: @}}, Handler: a.b, Runtime: python3.12, CodeUri: src}
"""
WHERE = {"src/a.py": "", "t.yaml": ""}


def imported(expression: str, **options: Any) -> Imported:
    files = FakeFiles({**WHERE, "t.yaml": TEMPLATE.replace("@", expression)})
    chosen = Options(**{"account": "111122223333", "region": "eu-west-1", **options})
    return import_files(["t.yaml"], chosen, files, target="router.yaml")


def value(result: Imported) -> Any:
    return result.draft.settings["functions"]["Fn"]["local"].get("environment", {}).get("VALUE")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("plain", "plain"),
        ("5", "5"),
        ("true", "true"),
        ("'${NOT_OURS}'", "$${NOT_OURS}"),
        ("!Ref Env", "prod"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ('!Sub "${Env}-${!Env}-${AWS::AccountId}"', "prod-$${Env}-111122223333"),
        ('!Sub ["${A}/${Env}", {A: !Select [1, !Ref Names]}]', "invoices/prod"),
        ("!Join [-, [a, !Ref Env, b]]", "a-prod-b"),
        ("!Join [',', !Ref Names]", "mail,invoices"),
        ("!Select ['0', !Split ['.', a.b.c]]", "a"),
        ("!Select [5, !Split [':', !GetAtt Named.Arn]]", "${SELECT}"),
        ("!FindInMap [Sizes, !Ref Env, Name]", "big"),
        ("!FindInMap [Sizes, dev, Name, {DefaultValue: small}]", "small"),
        ("!If [IsProd, yes-it-is, no]", "yes-it-is"),
        ("!If [IsDev, x, !If [Ever, y, z]]", "y"),
        ("!If [Never, x, !Ref AWS::NoValue]", None),
        ("!If [Unknown, x, y]", "x"),
        ("!If [Circle, x, y]", "x"),
        ("!If [Missing, x, y]", "x"),
        ("!GetAtt Named.Arn", "arn:aws:sqs:eu-west-1:111122223333:prod-named"),
        ("!GetAtt Named.QueueName", "prod-named"),
        ("!Ref Named", "https://sqs.eu-west-1.amazonaws.com/111122223333/prod-named"),
        ("!GetAtt Nameless.QueueName", "${NAMELESS_NAME}"),
        ("!Ref Open", "${OPEN}"),
        ("!Ref Secret", "${SECRET}"),
        ("!Ref Stored", "${STORED}"),
        ("!Ref Nowhere", "${NOWHERE}"),
        ("!ImportValue shared-vpc", "${SHARED_VPC}"),
        ("!Base64 x", "${BASE64}"),
        ("'{{resolve:ssm:/db/host}}'", "${DB_HOST}"),
        ("'a {{resolve:secretsmanager:key:SecretString:x}}'", "a ${KEY}"),
        ("!ToJsonString {a: [1, !Ref Env]}", '{"a":[1,"prod"]}'),
        ("!Length [a, b]", "2"),
    ],
)
def test_functions(expression: str, text: str | None) -> None:
    assert value(imported(expression)) == text


@pytest.mark.parametrize(
    ("expression", "note"),
    [
        ("!Ref Open", "`OPEN` is the value of the parameter `Open`, which has no default (or pass `--parameter Open=…`)"),
        ("!Ref Secret", "`SECRET` is the value of the parameter `Secret`, which is `NoEcho`"),
        ("!ImportValue shared-vpc", "`SHARED_VPC` is the export `shared-vpc` of another stack"),
        (
            "!GetAtt Fn.SnapStart",
            "`FN_SNAP_START` is `SnapStart` of the AWS::Lambda::Function `Fn` (or pass `--parameter Fn.SnapStart=…`)",
        ),
        (
            "!GetAtt Nameless.QueueName",
            "`NAMELESS_NAME` is the name of the AWS::SQS::Queue `Nameless`, which CloudFormation makes up "
            "(or pass `--parameter Nameless=…`)",
        ),
    ],
)
def test_what_is_not_known_is_told(expression: str, note: str) -> None:
    notes = [str(each) for each in imported(expression).notes]
    assert f"t.yaml:20: to be set: AWS::Lambda::Function Fn Environment.Variables.VALUE: {note}" in notes


@pytest.mark.parametrize(
    ("expression", "given", "text"),
    [
        ("!Ref Open", {"Open": "yes"}, "yes"),
        ("!Ref Env", {"Env": "dev"}, "dev"),
        ("!If [IsProd, a, b]", {"Env": "dev"}, "b"),
        ("!If [Unknown, a, b]", {"Open": "y"}, "b"),
        ("!ImportValue shared-vpc", {"shared-vpc": "vpc-1"}, "vpc-1"),
        ("!GetAtt Nameless.QueueName", {"Nameless": "real"}, "real"),
        ("!Ref AWS::StackName", {"AWS::StackName": "shop"}, "shop"),
        ("!Ref Secret", {"Secret": "shown-nowhere"}, "${SECRET}"),
    ],
)
def test_what_the_caller_says(expression: str, given: dict[str, str], text: str) -> None:
    assert value(imported(expression, parameters=given)) == text


def test_without_account_and_region_they_are_variables() -> None:
    result = imported("x", account=None, region=None)
    assert result.draft.settings["functions"]["Fn"]["arn"] == "arn:aws:lambda:${AWS_REGION}:${AWS_ACCOUNT_ID}:function:fn"


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_partitions(region: str, partition: str) -> None:
    assert imported("x", region=region).draft.settings["functions"]["Fn"]["arn"].startswith(f"arn:{partition}:lambda:{region}:")


def test_a_secret_is_never_shown() -> None:
    result = imported("!Ref Secret", parameters={"Secret": "shown-nowhere"})
    assert "shown-nowhere" not in result.text() + json.dumps([str(note) for note in result.notes])
