"""What a reference to a resource is as text: ARNs, names and addresses by the rules of each type.

A name that the template does not write is made up by CloudFormation: a variable stands for it, unless the caller knows it.
Source: "Return values" of each type in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from router.importing.intrinsics import Scope
from router.importing.naming import variable_name
from router.importing.nodes import Node, Part, Reference, Symbol, Variable, parts_of, symbol


@dataclass(slots=True, frozen=True)
class Form:
    """How a type is named. `name`: the property that holds its name; `values`: texts with holes by attribute (empty: `Ref`)."""

    name: str
    values: Mapping[str, str]


_FUNCTION = Form("FunctionName", {"": "{name}", "Arn": "arn:{partition}:lambda:{region}:{account}:function:{name}"})
_ACTIVITY_ARN = "arn:{partition}:states:{region}:{account}:activity:{name}"
_TOPIC_ARN = "arn:{partition}:sns:{region}:{account}:{name}"
_MACHINE_ARN = "arn:{partition}:states:{region}:{account}:stateMachine:{name}"

FORMS: Mapping[str, Form] = {
    "AWS::Lambda::Function": _FUNCTION,
    "AWS::Serverless::Function": _FUNCTION,
    "AWS::SQS::Queue": Form(
        "QueueName",
        {
            "": "https://sqs.{region}.{suffix}/{account}/{name}",
            "QueueUrl": "https://sqs.{region}.{suffix}/{account}/{name}",
            "Arn": "arn:{partition}:sqs:{region}:{account}:{name}",
            "QueueName": "{name}",
        },
    ),
    "AWS::SNS::Topic": Form("TopicName", {"": _TOPIC_ARN, "TopicArn": _TOPIC_ARN, "TopicName": "{name}"}),
    "AWS::S3::Bucket": Form(
        "BucketName",
        {
            "": "{name}",
            "Arn": "arn:{partition}:s3:::{name}",
            "DomainName": "{name}.s3.{suffix}",
            "RegionalDomainName": "{name}.s3.{region}.{suffix}",
        },
    ),
    "AWS::Events::EventBus": Form(
        "Name", {"": "{name}", "Name": "{name}", "Arn": "arn:{partition}:events:{region}:{account}:event-bus/{name}"}
    ),
    "AWS::StepFunctions::Activity": Form("Name", {"": _ACTIVITY_ARN, "Arn": _ACTIVITY_ARN, "Name": "{name}"}),
    "AWS::StepFunctions::StateMachine": Form("StateMachineName", {"": _MACHINE_ARN, "Arn": _MACHINE_ARN, "Name": "{name}"}),
    "AWS::Serverless::StateMachine": Form("Name", {"": _MACHINE_ARN, "Arn": _MACHINE_ARN, "Name": "{name}"}),
    "AWS::DynamoDB::Table": Form(
        "TableName", {"": "{name}", "Arn": "arn:{partition}:dynamodb:{region}:{account}:table/{name}"}
    ),
    "AWS::Serverless::SimpleTable": Form("TableName", {"": "{name}"}),
    "AWS::SSM::Parameter": Form("Name", {"": "{name}"}),
    "AWS::Logs::LogGroup": Form("LogGroupName", {"": "{name}"}),
}
_PSEUDO = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId", "suffix": "AWS::URLSuffix"}
_HOLE = re.compile(r"\{([a-z]+)\}")


@dataclass(slots=True)
class Names:
    """The names of a template's resources. `properties`: their resolved properties by logical id; `kinds`: their types."""

    scope: Scope
    kinds: Mapping[str, str]
    properties: Mapping[str, Node] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)

    def physical(self, reference: Reference) -> tuple[Part, ...]:
        """Literal parts and variables."""
        kind = self.kinds.get(reference.logical, "")
        form = FORMS.get(kind)
        template = form.values.get(reference.attribute or "") if form is not None else None
        if form is None or template is None:
            return (self._other(reference, kind),)
        parts: list[Part] = []
        end = 0
        for match in _HOLE.finditer(template):
            parts += [template[end : match.start()], *self._filled(match[1], reference.logical, kind, form)]
            end = match.end()
        value = symbol([*parts, template[end:]])
        return value.parts if isinstance(value, Symbol) else (value,)

    def _filled(self, hole: str, logical: str, kind: str, form: Form) -> tuple[Part, ...]:
        if hole != "name":
            value = self.scope.pseudo(_PSEUDO[hole])
            return (value,) if value is not None else ()
        if logical in self.scope.given:
            return (self.scope.given[logical],)
        written = self._written(logical, form.name)
        meaning = f"the name of the {kind} `{logical}`, which CloudFormation makes up (or pass `--parameter {logical}=…`)"
        return written or (Variable(f"{variable_name(logical)}_NAME", meaning),)

    def _written(self, logical: str, name: str) -> tuple[Part, ...]:
        """The name in the template, where one is written that does not ask for itself."""
        node = self.properties.get(logical)
        value = node.value.get(name) if node is not None and isinstance(node.value, dict) else None
        parts = (parts_of(value) if value is not None else None) or ()
        if logical in self._busy:
            return ()
        self._busy.add(logical)
        try:
            return tuple(each for part in parts for each in (self.physical(part) if isinstance(part, Reference) else (part,)))
        finally:
            self._busy.discard(logical)

    def _other(self, reference: Reference, kind: str) -> Part:
        """Something that only exists once the stack does."""
        told = f"{reference.logical}.{reference.attribute}" if reference.attribute else reference.logical
        if told in self.scope.given:
            return self.scope.given[told]
        what = f"of the {kind}" if kind else "of a resource that the template lacks:"
        meaning = f"`{reference.attribute or 'Ref'}` {what} `{reference.logical}` (or pass `--parameter {told}=…`)"
        return Variable(variable_name(told), meaning)
