"""What changes which event reaches whom, or how, and has no counterpart in a configuration: the reasons that are reported."""

from collections.abc import Mapping

UNKNOWN = "the importer does not know this property"

_PASSED_ON = "every request is passed on to its function as it is"
_THROTTLES = "front doors of the router have no throttles; `max_concurrency` of a function limits calls"
NOT_BUILT: Mapping[str, str] = {
    "ThrottlingBurstLimit": _THROTTLES,
    "ThrottlingRateLimit": _THROTTLES,
    "ThrottleSettings": _THROTTLES,
    "ValidateBody": _PASSED_ON,
    "ValidateParameters": _PASSED_ON,
    "RequestParameters": _PASSED_ON,
    "ResponseParameters": _PASSED_ON,
    "RequestTemplates": _PASSED_ON,
    "MutualTlsAuthentication": "write `tls: {client_ca: …}` to the listener",
    "GatewayResponses": "answers to failures are API Gateway's own",
    "FunctionAssociations": "CloudFront Functions are not built",
    "OriginGroups": "origin groups are not built: a behavior has one origin",
    "CustomErrorResponses": "custom error pages are not built",
    "DefaultRootObject": "let an origin_request function change `/`",
    "Restrictions": "write `auth: {source_ip: …}`; countries are not known here",
    "WebACLId": "firewalls stay in front of the router",
    "OriginRequestPolicyId": "what goes to the origin is what AllViewerExceptHostHeader forwards",
    "ResponseHeadersPolicyId": "let a viewer_response function add headers",
    "FieldLevelEncryptionId": "field-level encryption is not built",
    "MutualAuthentication": "write `tls: {client_ca: …}` to the listener",
    "KinesisParameters": "the router invokes functions alone",
    "EventBridgeConfiguration": "write a rule of EventBridge",
}
"""Properties that change what happens, and that the router has no counterpart for, by their name."""

NOT_BUILT_TYPES: Mapping[str, str] = {
    "AWS::ApiGateway::Authorizer": "authorizers are not built yet: everybody who reaches the listener may call",
    "AWS::ApiGatewayV2::Authorizer": "authorizers are not built yet: everybody who reaches the listener may call",
    "AWS::ApiGateway::UsagePlan": "API keys and usage plans are not built yet: callers need no key",
    "AWS::ApiGateway::ApiKey": "API keys and usage plans are not built yet: callers need no key",
    "AWS::ApiGateway::RequestValidator": _PASSED_ON,
    "AWS::ApiGateway::GatewayResponse": "answers to failures are API Gateway's own",
    "AWS::ApiGatewayV2::IntegrationResponse": "WebSocket APIs are not built",
    "AWS::ApiGatewayV2::RouteResponse": "WebSocket APIs are not built",
    "AWS::CloudFront::Function": "CloudFront Functions are not built",
    "AWS::CloudFront::OriginRequestPolicy": "what goes to the origin is what AllViewerExceptHostHeader forwards",
    "AWS::CloudFront::ResponseHeadersPolicy": "let a viewer_response function add headers",
    "AWS::CloudFormation::Stack": "a nested stack: import its template in the same call",
    "AWS::Serverless::Application": "a nested application: import its template in the same call",
    "AWS::Pipes::Pipe": "pipes are not built; one from a queue to a function is a trigger of the type `sqs`",
    "AWS::Events::ApiDestination": "the router invokes functions alone",
    "AWS::Events::Connection": "the router invokes functions alone",
    "AWS::Logs::SubscriptionFilter": "subscriptions of log groups stay with Lambda",
    "AWS::IoT::TopicRule": "the router has no front door for IoT rules",
    "AWS::AppSync::": "the router has no front door for AppSync",
    "AWS::Serverless::GraphQLApi": "the router has no front door for AppSync",
    "AWS::SES::ReceiptRule": "the router has no front door for received mail",
    "Custom::": "a custom resource does its work when the stack is deployed; if it makes events come, they are not known here",
    "AWS::CloudFormation::CustomResource": "a custom resource does its work when the stack is deployed",
}
"""Types that may invoke functions, or decide who does, by the beginning of their name."""


def unknown_property(name: str) -> str:
    """Why a property that nobody reads is not carried over."""
    return NOT_BUILT.get(name, UNKNOWN)


def unknown_type(kind: str) -> str:
    """Why a type that nobody reads is not carried over."""
    found = next((reason for start, reason in NOT_BUILT_TYPES.items() if kind.startswith(start)), None)
    return found or "the importer does not know this type of resource"
