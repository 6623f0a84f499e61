"""The explicit table of trigger types. A new type is one module beside this file and one line here."""

from router.model import TriggerType
from router.triggers import (
    alb,
    api_gateway,
    cognito,
    eventbridge,
    function_url,
    lambda_api,
    lambda_edge,
    s3,
    schedule,
    sns,
    sqs,
    step_functions,
)

TYPES: dict[str, TriggerType] = {
    alb.TYPE.name: alb.TYPE,
    api_gateway.TYPE.name: api_gateway.TYPE,
    cognito.TYPE.name: cognito.TYPE,
    eventbridge.TYPE.name: eventbridge.TYPE,
    function_url.TYPE.name: function_url.TYPE,
    lambda_api.TYPE.name: lambda_api.TYPE,
    lambda_edge.TYPE.name: lambda_edge.TYPE,
    s3.TYPE.name: s3.TYPE,
    schedule.TYPE.name: schedule.TYPE,
    sns.TYPE.name: sns.TYPE,
    sqs.TYPE.name: sqs.TYPE,
    step_functions.TYPE.name: step_functions.TYPE,
}
