"""SAM: globals, the events of functions, function URLs and APIs, as the same records that CloudFormation's own types become.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
"""

from collections.abc import Callable, Mapping

from router.importing.audit import audit
from router.importing.documents import Unreadable, read_document
from router.importing.naming import kebab
from router.importing.nodes import Node, made
from router.importing.notes import Notes
from router.importing.plan import FunctionRef
from router.importing.services import cognito, eventbridge, openapi, s3, schedules, sns, sqs, urls
from router.importing.services.apis import API_KEYS, UNAUTHORIZED, Api, Route, finish, milliseconds, route_key, streams
from router.importing.stack import Resource, Stack
from router.importing.view import Owner, View

_API_TYPES = {"AWS::Serverless::Api": "rest", "AWS::Serverless::HttpApi": "http"}
_IMPLICIT = {"rest": "ServerlessRestApi", "http": "ServerlessHttpApi"}
_SECTIONS = {
    "Function": "AWS::Serverless::Function",
    "Api": "AWS::Serverless::Api",
    "HttpApi": "AWS::Serverless::HttpApi",
    "SimpleTable": "AWS::Serverless::SimpleTable",
    "StateMachine": "AWS::Serverless::StateMachine",
    "LayerVersion": "AWS::Serverless::LayerVersion",
    "CapacityProvider": "AWS::Serverless::CapacityProvider",
}
_MAPPINGS = {
    "Kinesis": "Stream",
    "DynamoDB": "Stream",
    "MSK": "Stream",
    "MQ": "Broker",
    "SelfManagedKafka": "KafkaBootstrapServers",
    "DocumentDB": "Cluster",
}
"""Event sources that are mappings, too, but of no queue."""


# --- globals ---------------------------------------------------------------------------------------------------------


def with_globals(resources: Mapping[str, Node], sections: Node, notes: Notes) -> dict[str, Node]:
    """Resources with `Globals` below their own properties: maps merge, lists add up, scalars of their own win."""
    written = sections.value if isinstance(sections.value, dict) else {}
    for name, node in written.items():
        if name not in _SECTIONS:
            notes.unsupported(node.place, "Globals", name, "the importer does not know this section")
    shared = {kind: written[name] for name, kind in _SECTIONS.items() if name in written}
    merged: dict[str, Node] = {}
    for key, node in resources.items():
        entries = node.value if isinstance(node.value, dict) else {}
        kind = entries["Type"].text if "Type" in entries else ""
        if kind in shared:
            own = entries.get("Properties") or made(node.place, {})
            node = Node(node.place, {**entries, "Properties": _merged(shared[kind], own)}, name=node.name)
        merged[key] = node
    return merged


def _merged(base: Node, own: Node) -> Node:
    if isinstance(base.value, dict) and isinstance(own.value, dict):
        if _is_function(base) or _is_function(own):
            return own
        keys = {**base.value, **own.value}
        both = {
            key: _merged(base.value[key], own.value[key]) if key in base.value and key in own.value else node
            for key, node in keys.items()
        }
        return Node(own.place, both, name=own.name)
    if isinstance(base.value, list) and isinstance(own.value, list):
        return Node(own.place, [*base.value, *own.value], name=own.name)
    return own


def _is_function(node: Node) -> bool:
    return isinstance(node.value, dict) and any(key == "Ref" or key.startswith("Fn::") for key in node.value)


# --- events ----------------------------------------------------------------------------------------------------------


def events(stack: Stack, resource: Resource) -> None:
    """Everything that invokes one function: its events, and its URL."""
    view = resource.properties
    record = stack.index.records[resource.logical]
    alias = view.text("AutoPublishAlias")
    record.alias = alias
    function = FunctionRef(record.key, alias)
    url = view.get("FunctionUrlConfig")
    if url is not None:
        urls.url(stack, url, function, f"{resource.title}-url")
    written = view.get("Events")
    for name, event in written.items() if written is not None else ():
        kind = event.literal("Type") or "?"
        label = f"{view.owner.label}, event {name}"
        owner = Owner(f"event {kind}", label, view.owner.notes, view.owner.physical)
        properties = event.get("Properties")
        below = View(properties.node if properties is not None else made(event.place, {}), owner)
        below.node.place = event.place
        reader = _EVENTS.get(kind)
        if reader is None:
            below.refuse(f"the router has no front door for `{kind}` events")
        else:
            reader(stack, below, function, name)
        below.node.touched = True
        audit(below)
        if properties is not None:
            properties.node.taken = True


Reader = Callable[[Stack, View, FunctionRef, str], None]


def _queue(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    sqs.mapping(stack, view.renamed({"Queue": "EventSourceArn"}), function, f"{function.key}-{name}")


def _stream(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    view.refuse("the router reads queues of SQS; streams, Kafka and other sources stay with Lambda")


def _bucket(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    bucket = stack.referred(view.get("Bucket"), "AWS::S3::Bucket")
    text = view.text("Bucket")
    if text is not None:
        title = bucket.title if bucket is not None else kebab(text) if "$" in text else text
        s3.notification(stack, view, function, text, title, name)


def _topic(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    topic = stack.referred(view.get("Topic"), "AWS::SNS::Topic")
    arn = view.text("Topic")
    through = view.get("SqsSubscription")
    if through is not None and (through.is_map or through.flag()):
        _through_queue(stack, view, through, function, name)
    elif arn is not None:
        sns.subscription(stack, view, function, arn, topic.title if topic is not None else sns.topic_name(arn), name)


def _through_queue(stack: Stack, view: View, through: View, function: FunctionRef, name: str) -> None:
    """The function gets SQS's event; topic and filter policy belong to the queue's subscription, which stays in AWS."""
    for key in ("Topic", "Region", "FilterPolicyScope", "RedrivePolicy"):
        view.take(key)
    policy = view.get("FilterPolicy")
    if policy is not None:
        policy.node.taken = True
        policy.remark("it belongs to the queue's subscription, which stays in AWS")
    if not through.is_map:
        through.refuse("SAM makes up the queue between topic and function: write a trigger of the type `sqs` with its name")
        return
    through.take("QueueUrl")
    through.take("QueuePolicyLogicalId")
    sqs.mapping(stack, through.renamed({"QueueArn": "EventSourceArn"}), function, f"{function.key}-{name}")


def _rule(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    view.take("RuleName")
    target = view.get("Target")
    if target is not None:
        target.take("Id")
    eventbridge.rule(stack, view, [(view, function)], f"{function.key}-{name}")


def _scheduled(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    title = view.text("Name") or f"{function.key}-{name}"
    eventbridge.rule(stack, view, [(view, function)], title if "$" not in title else f"{function.key}-{name}")


def _schedule_v2(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    title = view.text("Name") or f"{function.key}-{name}"
    view.take("OmitName")
    schedules.of_scheduler(stack, view, view, function, title if "$" not in title else f"{function.key}-{name}")


def _pool(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
    pool = stack.referred(view.get("UserPool"), "AWS::Cognito::UserPool")
    text = view.text("UserPool")
    listed = view.get("Trigger")
    for each in listed.each() if listed is not None else ():
        operation = each.literal()
        if operation not in cognito.OPERATIONS:
            each.refuse(f"a user pool of the router has no operation `{operation}`")
        elif text is not None:
            cognito.operation(stack, view.origin, function, text, pool.title if pool else kebab(text), operation)


def _api(kind: str) -> Reader:
    def reader(stack: Stack, view: View, function: FunctionRef, name: str) -> None:
        """Kept until the APIs are read: what their routes need stands there."""
        api = _api_of(stack, view, kind)
        path, method = view.literal("Path"), view.literal("Method")
        key = "$default" if kind == "http" and path in (None, "$default") else route_key(method or "ANY", path or "/")
        payload = view.literal("PayloadFormatVersion") if kind == "http" else None
        protected = _is_protected(view.get("Auth"), api)
        streaming = kind == "rest" and streams(view)
        route = Route(function, view.origin, payload, milliseconds(view, "TimeoutInMillis"), protected, streams=streaming)
        api.add(key, route, view)

    return reader


def _is_protected(auth: View | None, api: Api) -> bool:
    if auth is None:
        return bool(api.settings.get("_protected"))
    name = auth.get("Authorizer")
    text = name.literal() if name is not None else None
    required = auth.get("ApiKeyRequired")
    if required is not None and required.flag():
        required.refuse(API_KEYS)
    auth.take("AuthorizationScopes")
    if name is not None and text != "NONE":
        name.refuse(UNAUTHORIZED)
    return bool(api.settings.get("_protected")) if name is None else text != "NONE"


_EVENTS: Mapping[str, Reader] = {
    "Api": _api("rest"),
    "HttpApi": _api("http"),
    "SQS": _queue,
    "S3": _bucket,
    "SNS": _topic,
    "EventBridgeRule": _rule,
    "CloudWatchEvent": _rule,
    "Schedule": _scheduled,
    "ScheduleV2": _schedule_v2,
    "Cognito": _pool,
    **dict.fromkeys(_MAPPINGS, _stream),
}


def machine_events(stack: Stack, resource: Resource) -> None:
    """What starts a state machine invokes no function by itself."""
    written = resource.properties.get("Events")
    if written is not None:
        written.refuse("it starts a state machine, which the router does not run: its functions are called by the Invoke API")


# --- APIs ------------------------------------------------------------------------------------------------------------


def _api_of(stack: Stack, view: View, kind: str) -> Api:
    """The API of an event; the implicit one where it names none."""
    resource = stack.referred(view.get("RestApiId") or view.get("ApiId"), *_API_TYPES)
    key = resource.logical if resource is not None else _IMPLICIT[kind]
    known = stack.apis.get(key)
    if known is not None:
        return known
    if resource is None:
        api = Api(kind, "Api" if kind == "rest" else "HttpApi", view.origin, stage="Prod" if kind == "rest" else "$default")
    else:
        api = _declared(stack, resource, kind)
    stack.apis[key] = api
    return api


def apis(stack: Stack) -> None:
    """Every API, also those whose routes stand in a definition alone."""
    for resource in stack.of(*_API_TYPES):
        if resource.logical not in stack.apis:
            stack.apis[resource.logical] = _declared(stack, resource, _API_TYPES[resource.kind])
    for api in stack.apis.values():
        api.settings.pop("_protected", None)
        finish(stack.plan, api)


def _declared(stack: Stack, resource: Resource, kind: str) -> Api:
    view = resource.properties
    api = Api(kind, resource.title, view.origin, stage=view.text("StageName") or ("$default" if kind == "http" else None))
    variables = view.get("StageVariables") or view.get("Variables")
    for key, each in variables.items() if variables is not None else ():
        text = each.text()
        if text is not None:
            api.stage_variables[key] = text
    types = [text.replace("~1", "/") for text in view.texts("BinaryMediaTypes")]
    if types:
        api.settings["binary_media_types"] = types
    _cors(view, api)
    _auth(view.get("Auth"), api)
    domain = view.get("Domain")
    host = domain.text("DomainName") if domain is not None else None
    if domain is not None and host is not None:
        paths = domain.texts("BasePath") or [""]
        api.sites = [(host, f"/{path.strip('/')}") for path in paths]
    _definition(stack, view, api)
    return api


def _cors(view: View, api: Api) -> None:
    if api.kind == "http":
        cors = urls.cors_of(view.get("CorsConfiguration"))
        if cors:
            api.settings["cors"] = cors
        return
    rest = view.get("Cors")
    if rest is not None:
        rest.refuse("a REST API has no cross-origin rules here: add OPTIONS routes and let functions answer")


def _auth(view: View | None, api: Api) -> None:
    if view is None:
        return
    if view.has("DefaultAuthorizer"):
        api.settings["_protected"] = True
    required = view.get("ApiKeyRequired")
    if required is not None:
        required.refuse(API_KEYS)
    usage = view.get("UsagePlan")
    if usage is not None:
        usage.refuse(API_KEYS)
    policy = view.get("ResourcePolicy")
    if policy is not None:
        policy.refuse("resource policies are not built: everybody who reaches the listener may call")
    for key in ("Authorizers", "DefaultAuthorizer", "EnableIamAuthorizer"):
        each = view.get(key)
        if each is not None:
            each.refuse(UNAUTHORIZED)
    for key in ("AddDefaultAuthorizerToCorsPreflight", "AddApiKeyRequiredToCorsPreflight", "InvokeRole"):
        view.take(key)


def _definition(stack: Stack, view: View, api: Api) -> None:
    body = view.get("DefinitionBody")
    if body is not None:
        openapi.read(stack, api, body)
    where = view.get("DefinitionUri")
    if where is None:
        return
    path = None if where.is_map else where.text()
    if path is None or path.startswith("s3://"):
        where.refuse("the definition lies in a bucket")
        return
    try:
        document = read_document(stack.files.read(stack.path(path)), stack.path(path), stack.plan.notes)
    except (OSError, Unreadable) as error:
        where.refuse(f"the definition cannot be read: {error}")
        return
    resolved = stack.names.scope.resolve(document)
    owner = Owner("definition", f"the definition of {view.owner.label}", view.owner.notes, view.owner.physical)
    if resolved is not None and isinstance(resolved.value, dict):
        below = View(resolved, owner)
        openapi.read(stack, api, below)
        audit(below)
