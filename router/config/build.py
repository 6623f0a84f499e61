"""Complete settings that passed every rule, compiled into `router.settings.Config`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from router.arn import DEFAULT_ACCOUNT, DEFAULT_REGION, FunctionArn, parse_function_arn, partition_of
from router.config.addresses import parse_address
from router.config.destinations import Resolver, without_opaque_destinations
from router.config.monitoring import cloudwatch
from router.config.nodes import Opaque
from router.config.references import ARN_TIMEOUT, LOCAL_TIMEOUT, Functions
from router.deliveries import Durability
from router.model import Function, LocalFunction, Place, Scope, Target, Trigger, TriggerType
from router.patterns.filters import compile_filter
from router.settings import Address, Admin, Aws, Config, JournalSettings, Listener, Log, Tls


@dataclass(slots=True, frozen=True)
class Material:
    """What building needs beside the settings: variables from env files by function, and where each trigger stands."""

    settings: Mapping[str, Any]
    types: Mapping[str, TriggerType]
    env: Mapping[str, str]
    env_files: Mapping[str, Mapping[str, str]]
    place: Callable[[str], Place]
    files: tuple[str, ...]


def build_known(material: Material, undecided: list[str]) -> Config:
    """The compiled configuration as far as it is known: without triggers that only a variable's value could make.

    `undecided`: the names of those that are known to be; those that turn out to be are added.
    """
    known = without_opaque_destinations(material.settings)
    while True:
        triggers = {name: trigger for name, trigger in known["triggers"].items() if name not in undecided}
        try:
            return build(replace(material, settings={**known, "triggers": triggers}))
        except NotBuilt as error:
            undecided.append(error.trigger)


class NotBuilt(Exception):
    """A trigger could not be compiled. That is a slip in a rule, unless the value of a variable is missing."""

    def __init__(self, trigger: str) -> None:
        super().__init__(f"the trigger {trigger} cannot be compiled")
        self.trigger = trigger


def build(material: Material) -> Config:
    """The compiled configuration."""
    settings = material.settings
    aws = _aws(settings["aws"], material.env)
    functions = Functions(
        {
            name: _function(name, function, aws, material.env_files.get(name, {}))
            for name, function in settings["functions"].items()
        }
    )
    resolver = Resolver(aws.region, aws.account_id, functions.target)
    listeners = {name: _listener(name, listener) for name, listener in settings["listeners"].items()}
    triggers = tuple(
        _built(name, trigger, material, aws, functions, next(iter(listeners)))
        for name, trigger in settings["triggers"].items()
        if trigger["enabled"]
    )
    _set_policies(settings, functions, triggers, resolver)
    admin, server = settings["admin"], settings["server"]
    return Config(
        functions=functions.declared,
        triggers=triggers,
        listeners=listeners,
        aws=aws,
        admin=Admin(_address(admin["listen"]) if admin["listen"] is not None else None, admin["token"]),
        log=Log(**settings["log"]),
        journal=JournalSettings(**settings["journal"]),
        drain_timeout=server["drain_timeout"],
        workers=None if server["workers"] == "auto" else server["workers"],
        public_url=server.get("public_url"),
        prometheus=settings["monitoring"]["prometheus"],
        cloudwatch=cloudwatch(settings["monitoring"]["cloudwatch"], aws.region),
        labels=settings["labels"],
        files=material.files,
        raw=settings,
    )


def _aws(settings: Mapping[str, Any], env: Mapping[str, str]) -> Aws:
    region = settings["region"] or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    endpoints = {name: url for name, url in settings["endpoints"].items() if url is not None}
    return Aws(
        region=region,
        account_id=settings["account_id"] or DEFAULT_ACCOUNT,
        profile=settings["profile"],
        endpoint_url=settings["endpoint_url"],
        endpoints=endpoints,
        max_connections=settings["max_connections"],
        destination_event_source=settings["destination_event_source"],
    )


def _function(name: str, settings: Mapping[str, Any], aws: Aws, env_file: Mapping[str, str]) -> Function:
    declared = parse_function_arn(settings["arn"]) if settings["arn"] is not None else None
    arn = declared or FunctionArn(aws.region, aws.account_id, name, partition=partition_of(aws.region))
    timeout = settings["timeout"]
    if timeout is None:
        timeout = ARN_TIMEOUT if declared else LOCAL_TIMEOUT
    return Function(
        name=name,
        arn=arn.qualified(None),
        timeout=timeout,
        max_concurrency=settings["max_concurrency"],
        invoke_role_arn=settings["invoke_role_arn"],
        local=_local(settings["local"], env_file) if settings["local"] is not None else None,
        declared_arn=settings["arn"] is not None,
        qualifier=arn.qualifier,
    )


def _local(settings: Mapping[str, Any], env_file: Mapping[str, str]) -> LocalFunction:
    return LocalFunction(
        runtime=settings["runtime"],
        handler=settings["handler"],
        code=settings["code"],
        command=tuple(settings["command"] or ()),
        packages=tuple(settings["packages"]),
        memory=settings["memory"],
        environment={**env_file, **settings["environment"]},
        credentials=settings["credentials"],
        min_warm=settings["min_warm"],
        attach=settings["attach"],
        runtime_client=settings["runtime_client"],
        init_timeout=settings["init_timeout"],
    )


def _listener(name: str, settings: Mapping[str, Any]) -> Listener:
    tls = settings["tls"]
    return Listener(
        name=name,
        address=_address(settings["address"]),
        tls=Tls(**tls) if tls is not None else None,
        trusted_proxies=tuple(ip_network(text) for text in settings["trusted_proxies"] if not isinstance(text, Opaque)),
        max_body=settings["max_body"],
        error_headers=settings["error_headers"],
    )


def _address(text: str) -> Address:
    return Address("127.0.0.1", 0) if isinstance(text, Opaque) else parse_address(text)


def _set_policies(settings: Mapping[str, Any], functions: Functions, triggers: tuple[Trigger, ...], resolver: Resolver) -> None:
    """A trigger's own keys win over a function's, those over the shared ones. Destinations may name functions on their own."""
    shared = settings["defaults"].get("async")
    for name, function in list(functions.declared.items()):
        function.policy = resolver.policy(_async_block(settings, name), shared)
    for trigger in triggers:
        own = settings["triggers"][trigger.name].get("async")
        if own:
            trigger.policies = {
                name: resolver.policy(own, _async_block(settings, name), shared) for name in list(functions.declared)
            }


def _async_block(settings: Mapping[str, Any], function: str) -> Mapping[str, Any] | None:
    block: Mapping[str, Any] | None = settings["functions"].get(function, {}).get("async")
    return block


def _built(
    name: str, settings: Mapping[str, Any], material: Material, aws: Aws, functions: Functions, only_listener: str
) -> Trigger:
    try:
        return _trigger(name, settings, material, aws, functions, only_listener)
    except Exception as error:
        raise NotBuilt(name) from error


def _trigger(
    name: str, settings: Mapping[str, Any], material: Material, aws: Aws, functions: Functions, only_listener: str
) -> Trigger:
    kind = material.types[settings["type"]]
    targets: list[Target] = []

    def target(reference: Any) -> Target:
        found = functions.target(reference)
        targets.append(found)
        return found

    built = kind.build(settings, Scope(name, aws.account_id, aws.region, target, functions.declared))
    called = dict.fromkeys(found.function.name for found in targets)
    return Trigger(
        name=name,
        type=kind,
        invocation=frozenset(settings["invocation"]),
        listener=settings["listener"] or only_listener,
        claims=kind.claims(settings),
        built=built,
        labels=settings["labels"],
        place=material.place(name),
        durability=Durability(settings.get("durability") or Durability.DISK),
        accepts=kind.accepts(settings),
        wants=compile_filter(settings["filter"]) if settings.get("filter") is not None else None,
        functions=tuple(functions.declared if settings.get("functions") == "all" else called),
        targets=tuple(targets),
    )
