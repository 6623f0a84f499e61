"""The events of serverless.yml's functions: each is put under CloudFormation's keys and read by the service's own module.

Source: https://www.serverless.com/framework/docs/providers/aws/guide/events (one page for each event)
"""

import re
from collections.abc import Callable, Mapping

from router.importing.audit import audit
from router.importing.formats import serverless_apis
from router.importing.formats.serverless_event import Defaults, Event, refused
from router.importing.naming import kebab, variable_name
from router.importing.nodes import Node, made
from router.importing.plan import FunctionRecord, FunctionRef
from router.importing.services import alb, cloudfront, cognito, eventbridge, s3, schedules, sns, sqs, urls
from router.importing.stack import Stack
from router.importing.view import Owner, View


def read(stack: Stack, view: View, record: FunctionRecord, defaults: Defaults) -> None:
    """Everything that invokes one function."""
    url = view.get("url")
    if url is not None:
        _url(stack, url, record)
        url.node.taken = True
    listed = view.get("events")
    counted: dict[str, int] = {}
    for each in listed.each() if listed is not None else ():
        for kind, settings in each.items() if each.is_map else [(each.literal() or "?", each)]:
            number = counted[kind] = counted.get(kind, -1) + 1
            owner = Owner(f"event {kind}", f"{view.owner.label}, event {kind}", view.owner.notes, view.owner.physical)
            below = View(settings.node, owner)
            reader = _EVENTS.get(kind)
            if reader is None:
                below.refuse(f"the router has no front door for `{kind}` events")
                continue
            reader(Event(stack, below, record, defaults, number))
            audit(below)
            settings.node.taken = True


def _lone(view: View, key: str) -> View:
    """The same as a map with this key, where it is written as a text."""
    return view if view.is_map else View(made(view.place, {key: view.node}), view.owner, view.path)


def _url(stack: Stack, view: View, record: FunctionRecord) -> None:
    owner = Owner("event url", f"{view.owner.label}, url", view.owner.notes, view.owner.physical)
    entries: dict[str, Node] = {"AuthType": made(view.place, "NONE")}
    if view.is_map:
        settings = view.renamed({"cors": "Cors", "invokeMode": "InvokeMode", "authorizer": "AuthType"}).node.value
        assert isinstance(settings, dict)
        entries |= settings
        cors = entries.get("Cors")
        if cors is not None and isinstance(cors.value, dict):
            entries["Cors"] = View(cors, owner).renamed(serverless_apis.CORS).node
    elif view.literal() == "false":
        return
    below = View(Node(view.place, entries), owner)
    urls.url(stack, below, FunctionRef(record.key), f"{record.key}-url")
    audit(below)


# --- queues, topics, buckets, buses, clocks --------------------------------------------------------------------------


def _sqs(event: Event) -> None:
    names = {
        "arn": "EventSourceArn",
        "batchSize": "BatchSize",
        "maximumBatchingWindow": "MaximumBatchingWindowInSeconds",
        "enabled": "Enabled",
        "functionResponseType": "FunctionResponseTypes",
    }
    view = _lone(event.view, "arn").renamed(names)
    entries = view.node.value
    assert isinstance(entries, dict)
    if "filterPatterns" in entries:
        patterns = entries.pop("filterPatterns")
        patterns.taken = True
        items = [made(each.place, {"Pattern": each}) for each in patterns.value] if isinstance(patterns.value, list) else []
        entries["FilterCriteria"] = made(patterns.place, {"Filters": made(patterns.place, items)}, "filterPatterns")
    if "maximumConcurrency" in entries:
        most = entries.pop("maximumConcurrency")
        entries["ScalingConfig"] = made(most.place, {"MaximumConcurrency": most}, "maximumConcurrency")
    queue = sqs.queue_of(event.stack, view.get("EventSourceArn") or view)
    title = (queue or event.name).rpartition(":")[2]
    name = f"{event.record.key}-{title if '$' not in title else event.number + 1}"
    sqs.mapping(event.stack, view, event.function, name)


def _s3(event: Event) -> None:
    view = _lone(event.view, "bucket")
    for key in ("existing", "forceDeploy"):
        view.take(key)
    bucket = view.text("bucket")
    resource = event.stack.referred(view.get("bucket"), "AWS::S3::Bucket")
    if bucket is None:
        return
    named = event.defaults.provider.get("s3", bucket) if event.defaults.provider.has("s3") else None
    text = (named.text("name") if named is not None and named.is_map else None) or bucket
    rules: list[Node] = []
    listed = view.get("rules")
    for rule in listed.each() if listed is not None else ():
        rules += [made(rule.place, {"Name": made(rule.place, name), "Value": value.node}) for name, value in rule.items()]
    written = view.get("event")
    what = written.node if written is not None else made(view.place, "s3:ObjectCreated:*")
    entries = {"Events": made(view.place, [what])}
    if rules:
        entries["Filter"] = made(view.place, {"Key": made(view.place, {"FilterRules": made(view.place, rules)})})
    below = View(made(view.place, entries), view.owner)
    title = resource.title if resource is not None else kebab(text) if "$" in text else text
    s3.notification(event.stack, below, event.function, text, title, event.name)
    for key in ("event", "rules"):
        view.take(key)


def _sns(event: Event) -> None:
    view = event.view.renamed({"filterPolicy": "FilterPolicy", "filterPolicyScope": "FilterPolicyScope"})
    for key in ("displayName", "redrivePolicy"):
        if view.is_map:
            view.take(key)
    named = (view.get("arn") or view.get("topicName")) if view.is_map else view
    if named is None:
        view.refuse("neither `arn` nor `topicName` is written")
        return
    topic = event.stack.referred(named, "AWS::SNS::Topic")
    text = named.text() or ""
    if not text.startswith("arn:") and not text.startswith("${"):
        scope = event.stack.names.scope
        region, account = scope.pseudo("AWS::Region"), scope.pseudo("AWS::AccountId")
        text = view.written(tuple(part for part in ("arn:aws:sns:", region, ":", account, f":{text}") if part is not None))
    title = topic.title if topic is not None else sns.topic_name(text)
    if view.is_map:
        view.take("topicName")
        sns.subscription(event.stack, view, event.function, text, title, event.name)
    else:
        below = View(made(view.place, {}), view.owner)
        sns.subscription(event.stack, below, event.function, text, title, event.name)


_OF_A_RULE = {
    "eventBus": "EventBusName",
    "pattern": "EventPattern",
    "schedule": "ScheduleExpression",
    "input": "Input",
    "inputPath": "InputPath",
    "inputTransformer": "InputTransformer",
    "enabled": "Enabled",
    "state": "State",
    "name": "Name",
    "description": "Description",
    "retryPolicy": "RetryPolicy",
    "deadLetterQueueArn": "DeadLetterConfig",
}
_TRANSFORMER = {"inputPathsMap": "InputPathsMap", "inputTemplate": "InputTemplate"}


def _rule(event: Event) -> None:
    view = event.view
    if not view.is_map:
        view.refuse("a map with `pattern` or `schedule` is wanted here")
        return
    view = view.renamed(_OF_A_RULE)
    _rename_transformer(view)
    title = view.text("Name") or event.name
    eventbridge.rule(event.stack, view, [(view, event.function)], title if "$" not in title else event.name)


def _cloudwatch(event: Event) -> None:
    if not event.view.is_map:
        event.view.refuse("a map with `event` is wanted here")
        return
    view = event.view.renamed({**_OF_A_RULE, "event": "EventPattern"})
    _rename_transformer(view)
    eventbridge.rule(event.stack, view, [(view, event.function)], view.text("Name") or event.name)


def _rename_transformer(view: View) -> None:
    transformer = view.get("InputTransformer")
    if transformer is not None and transformer.is_map and isinstance(view.node.value, dict):
        view.node.value["InputTransformer"] = transformer.renamed(_TRANSFORMER).node


def _schedule(event: Event) -> None:
    view = _lone(event.view, "rate").renamed({**_OF_A_RULE, "timezone": "ScheduleExpressionTimezone"})
    _rename_transformer(view)
    rates = view.get("rate")
    method = view.literal("method")
    for number, rate in enumerate(rates.each() if rates is not None else ()):
        name = view.text("Name") or event.name
        title = name if number == 0 else f"{name}-{number + 1}"
        entries = view.node.value
        assert isinstance(entries, dict)
        one = View(Node(view.place, {**entries, "ScheduleExpression": rate.node}), view.owner)
        enabled = one.flag("Enabled") is not False
        if method == "scheduler":
            below = one.beside(State="ENABLED" if enabled else "DISABLED")
            schedules.of_scheduler(event.stack, below, below, event.function, title)
        else:
            schedules.of_rule(event.stack, one, one, event.function, title, enabled=enabled)


# --- pools, balancers, edges -----------------------------------------------------------------------------------------


def _pool(event: Event) -> None:
    view = event.view
    for key in ("existing", "forceDeploy", "kmsKeyId"):
        view.take(key)
    pool, name = view.text("pool"), view.literal("trigger")
    resource = event.stack.referred(view.get("pool"), "AWS::Cognito::UserPool")
    if pool is None or name not in cognito.OPERATIONS:
        view.refuse(f"a user pool of the router has no operation `{name}`")
        return
    ident = pool
    if not re.fullmatch(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}_[0-9A-Za-z]{1,40}|\$\{.*\}", pool):
        ident = event.stack.names.scope.given.get(pool) or _pool_variable(view, pool)
    version = view.literal("lambdaVersion") if name == "PreTokenGeneration" else None
    title = resource.title if resource is not None else kebab(pool)
    cognito.operation(event.stack, view.origin, event.function, ident, title, name, version)


def _pool_variable(view: View, pool: str) -> str:
    name = f"{variable_name(pool)}_ID"
    meaning = f"the id of the user pool `{pool}` (or pass `--parameter {pool}=…`)"
    view.owner.notes.variable(view.place, view.owner.label, "pool", name, meaning)
    return f"${{{name}}}"


def _alb(event: Event) -> None:
    view = event.view
    for key in ("targetGroupName", "listenerArn"):
        view.take(key)
    group = alb.Group(event.function, bool(view.flag("multiValueHeaders")))
    health = view.get("healthCheck")
    if health is not None:
        health.refuse("write `health_check:` to the trigger: each check is an invocation")
    refused(view, "authorizer", "actions that authenticate are not built: everybody who reaches the listener passes")
    alb.of_conditions(event.stack, view, view.get("conditions"), group, event.name, view.number("priority"))


def _edge(event: Event) -> None:
    view = event.view
    view.take("isDefaultOrigin")
    protocol = view.get("behavior", "ViewerProtocolPolicy")
    if protocol is not None and protocol.literal() != "allow-all":
        protocol.refuse(cloudfront.NO_REDIRECTS)
    stage = cloudfront.STAGES.get(view.literal("eventType") or "")
    origin = view.get("origin")
    if stage is None or origin is None:
        view.refuse("its stage or origin is not known")
        return
    cloudfront.add_stage(event.stack, view, event.function, stage, origin)


_EVENTS: Mapping[str, Callable[[Event], None]] = {
    "http": serverless_apis.http,
    "httpApi": serverless_apis.http_api,
    "sqs": _sqs,
    "s3": _s3,
    "sns": _sns,
    "eventBridge": _rule,
    "cloudwatchEvent": _cloudwatch,
    "schedule": _schedule,
    "cognitoUserPool": _pool,
    "alb": _alb,
    "cloudFront": _edge,
}
