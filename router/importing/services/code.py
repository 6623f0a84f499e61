"""Functions: what runs, where, and how it is invoked asynchronously, as all formats say it.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html,
…/aws-resource-lambda-eventinvokeconfig.html and
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

import posixpath
import re

from router.config.destinations import parse_destination
from router.importing.functions import version_of
from router.importing.naming import variable_name
from router.importing.options import Deployed
from router.importing.plan import FunctionRecord, FunctionRef, Settings
from router.importing.secrets import looks_secret
from router.importing.stack import Resource, Stack
from router.importing.view import View

_RUNTIMES = re.compile(r"python3\.[0-9]{1,2}|nodejs[0-9]{2}\.x")
_FOLDER_KINDS = ("AWS::Serverless::LayerVersion",)
_DESTINATIONS = {"OnSuccess": "on_success", "OnFailure": "on_failure"}
_SHORT = {"AWS::SQS::Queue": "sqs", "AWS::SNS::Topic": "sns", "AWS::Events::EventBus": "events", "AWS::S3::Bucket": "s3"}


def declare(stack: Stack, resource: Resource, key: str | None = None) -> FunctionRecord:
    """The record of one function."""
    view = resource.properties
    record = stack.plan.function(key or resource.title, view.origin)
    stack.index.records[resource.logical] = record
    record.name = _literal_name(view)
    record.timeout = view.seconds("Timeout")
    if record.timeout is None and view.owner.kind.startswith("AWS::"):
        record.timeout = "3s"  # CloudFormation's default; an ARN without a timeout would mean 15 minutes here
    record.max_concurrency = view.number("ReservedConcurrentExecutions")
    wanted = stack.plan.options.functions
    if wanted is Deployed.ARN:
        _unwanted(view)
    else:
        record.local = _local(stack, resource)
    if record.local is None or wanted is not Deployed.LOCAL:
        record.arn = view.text("FunctionArn") or stack.named(view, resource.logical, "Arn")
    record.http_payload = view.literal("httpApi", "payload") if view.has("httpApi") else None
    return record


def asynchronous(stack: Stack, resource: Resource) -> None:
    """What the function's own properties say of asynchronous invocation; after all functions, because they may name one."""
    view, record = resource.properties, stack.index.records.get(resource.logical)
    if record is None:
        return
    dead_letter = view.get("DeadLetterConfig") or view.get("DeadLetterQueue")
    if dead_letter is not None:
        dead_letter.take("Type")
        _set_destination(stack, record, "dead_letter", dead_letter.get("TargetArn"))
    own = view.get("EventInvokeConfig")
    if own is not None:
        invoke_config(stack, record, own)


def _literal_name(view: View) -> str | None:
    node = view.get("FunctionName")
    return node.text() if node is not None else None


# --- asynchronous invocation -----------------------------------------------------------------------------------------


def invoke_config(stack: Stack, record: FunctionRecord, view: View) -> None:
    """Lambda's settings for asynchronous invocation, of a resource or of SAM's property."""
    if record.asynchronous.keys() - {"dead_letter"}:
        view.refuse(f"`{record.key}` has its asynchronous settings from elsewhere already; here a function has one set")
        return
    record.async_origin = view.origin
    retries = view.number("MaximumRetryAttempts")
    if retries is not None:
        record.asynchronous["max_retries"] = retries
    age = view.seconds("MaximumEventAgeInSeconds")
    if age is not None:
        record.asynchronous["max_event_age"] = age
    config = view.get("DestinationConfig")
    for key, name in _DESTINATIONS.items():
        destination = config.get(key) if config is not None else None
        if destination is None:
            continue
        kind = destination.literal("Type")
        target = destination.get("Destination")
        if target is not None:
            _set_destination(stack, record, name, target)
        elif kind is not None:
            destination.refuse(f"SAM makes up the {kind} queue or topic; write its name under `{name}:`")


def _set_destination(stack: Stack, record: FunctionRecord, name: str, view: View | None) -> None:
    text = destination_of(stack, view) if view is not None else None
    if text is not None and view is not None:
        record.asynchronous[name] = text
        record.async_origin = record.async_origin or view.origin


def destination_of(stack: Stack, view: View) -> str | None:
    """A destination as the configuration names it: short where it is the template's own."""
    parts = view.parts()
    if parts is None:
        return None
    function = stack.index.in_parts(parts)
    if function is not None:
        return f"function:{function}"
    resource = stack.referred(view, *_SHORT)
    text = view.text() or ""
    named = stack.index.key_of(text)
    if named is not None:
        return f"function:{named}"
    if resource is not None and "${AWS_" in text:
        text = f"{_SHORT[resource.kind]}:{re.split('[:/]', text)[-1]}"
    if "${" not in text:
        try:
            parse_destination(text)
        except ValueError as error:
            view.refuse(f"it cannot be a destination: {error}")
            return None
    return text


# --- local functions -------------------------------------------------------------------------------------------------


OF_THE_CODE = (
    *("Handler", "Runtime", "MemorySize", "Environment", "Layers", "Code", "CodeUri", "InlineCode", "ImageUri", "ImageConfig"),
)
"""Properties that only matter where the function runs on this machine."""


def _unwanted(view: View) -> None:
    """What only matters where the function runs here."""
    for key in OF_THE_CODE:
        view.take(key)


def _local(stack: Stack, resource: Resource) -> Settings | None:
    """How the function runs on this machine; None, with a note, where that is not known."""
    view = resource.properties
    runtime_view = view.get("Runtime")
    runtime = runtime_view.literal() if runtime_view is not None else None
    handler = view.text("Handler")
    code = _code(stack, resource)
    if runtime is not None and runtime.startswith("provided"):
        runtime, handler = "provided", None
    elif runtime_view is not None and runtime is not None and not _RUNTIMES.fullmatch(runtime):
        runtime_view.refuse(f"functions of `{runtime}` cannot run on this machine; it is called in AWS")
        runtime = None
    if code is None or runtime is None or not _starts(stack, resource, runtime, handler, code):
        _unwanted(view)
        return None
    memory = view.number("MemorySize")
    settings: Settings = {
        "runtime": runtime,
        "handler": handler,
        "code": code,
        "packages": _packages(stack, view.get("Layers")) or None,
        "memory": f"{memory}MiB" if memory is not None else None,
        "environment": _environment(stack, view.get("Environment", "Variables"), variable_name(resource.title)) or None,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _starts(stack: Stack, resource: Resource, runtime: str, handler: str | None, code: str) -> bool:
    """Whether the file that has to be started is in the code folder."""
    if runtime == "provided":
        wanted = ["bootstrap"]
    elif handler is None or "${" in handler:
        return True
    else:
        module = handler.rpartition(".")[0]
        endings = (".js", ".mjs", ".cjs") if runtime.startswith("nodejs") else (".py", "/__init__.py")
        base = module if runtime.startswith("nodejs") else module.replace(".", "/")
        wanted = [f"{base}{ending}" for ending in endings]
    if any(stack.files.kind(posixpath.join(code, name)) == "file" for name in wanted):
        return True
    view = resource.properties.get("Handler") or resource.properties
    view.refuse(
        f"`{wanted[0]}` is not in the code folder `{code}`: build the project first, or give the function a `local:` block"
    )
    return False


def _code(stack: Stack, resource: Resource) -> str | None:
    """The folder of the code; None, with a note, where there is none on this machine."""
    view = resource.properties
    asset = resource.metadata.text("aws:asset:path") if resource.metadata is not None else None
    if asset is not None:
        view.take("Code")
        return _folder(stack, view, asset)
    for key in ("CodeUri", "Code"):
        code = view.get(key)
        if code is None:
            continue
        if not code.is_map:
            text = code.text()
            return _folder(stack, code, text) if text is not None else None
        if code.has("ZipFile"):
            code.refuse("the code stands in the template: save it in a file, and write `local:` for it")
        else:
            code.refuse("the code lies in a bucket or a registry: give the function a `local:` block to run it here")
        return None
    inline = view.get("InlineCode")
    if inline is not None:
        inline.refuse("the code stands in the template: save it in a file, and write `local:` for it")
    for key in ("ImageUri", "ImageConfig"):
        image = view.get(key)
        if image is not None:
            image.refuse("functions in container images cannot run on this machine; they are called in AWS")
    return None


def _folder(stack: Stack, view: View, text: str) -> str | None:
    path = stack.path(text)
    if stack.files.kind(path) == "folder":
        return path
    if text.startswith(("s3://", "https://")):
        view.refuse("the code lies in a bucket: give the function a `local:` block to run it here")
    elif stack.files.kind(path) == "file":
        view.refuse(f"`{text}` is a file: unpack it into a folder, and name that under `local:`")
    else:
        view.refuse(f"the code folder `{text}` is not there: build the project, or give the function a `local:` block")
    return None


def _packages(stack: Stack, layers: View | None) -> list[str]:
    """Folders of the template's own layers; others stay in AWS."""
    folders: list[str] = []
    for layer in layers.each() if layers is not None else ():
        resource = stack.referred(layer, *_FOLDER_KINDS)
        content = resource.properties.text("ContentUri") if resource is not None else None
        if content is not None and stack.files.kind(stack.path(content)) == "folder":
            folders.append(stack.path(content))
        else:
            layer.refuse("the layer's content is not on this machine: name its folder under `local.packages` to run it here")
    return folders


def _environment(stack: Stack, view: View | None, prefix: str) -> Settings:
    """Variables; a literal that looks like a secret is not copied."""
    found: Settings = {}
    for name, value in view.items() if view is not None else ():
        text = value.text()
        if text is None:
            continue
        if "${" not in text and (stack.is_live or looks_secret(name, text)):
            variable = variable_name(f"{prefix}_{name}")
            why = "comes from a deployed function" if stack.is_live else "looks like a secret"
            meaning = f"the value of `{name}`, which {why} and is not copied"
            value.owner.notes.variable(value.place, value.owner.label, value.keys, variable, meaning)
            text = f"${{{variable}}}"
        found[name] = text
    return found


# --- aliases and versions --------------------------------------------------------------------------------------------


def alias(stack: Stack, resource: Resource) -> None:
    """`AWS::Lambda::Alias`: its name is a qualifier."""
    view = resource.properties
    function = stack.index.of(view.get("FunctionName"))
    name = view.text("Name")
    view.take("FunctionVersion")
    if function is not None and name is not None:
        stack.index.aliases[resource.logical] = FunctionRef(function.key, name)


def version(stack: Stack, resource: Resource) -> None:
    """`AWS::Lambda::Version`: a number that the deployment gives."""
    function = stack.index.of(resource.properties.get("FunctionName"))
    if function is not None:
        given = stack.names.scope.given.get(resource.logical)
        stack.index.aliases[resource.logical] = FunctionRef(function.key, given or version_of(function.key))
