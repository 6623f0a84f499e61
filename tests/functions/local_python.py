"""Handlers for the tests of the local backend. Each is one way a function may behave; the tests name them."""

import collections
import decimal
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

Point = collections.namedtuple("Point", "x y")
STATE = {"calls": 0}


def echo(event, context):
    return event


def returns_python(event, context):
    """The value of an expression of the event's."""
    return eval(event["expression"], {"Decimal": decimal.Decimal, "Point": Point, "nan": float("nan")})


def returns_itself(event, context):
    value = []
    value.append(value)
    return value


def raises(event, context):
    raise ValueError(event.get("text", "boom"))


def raises_deeply(event, context):
    def inner():
        return {}["missing"]

    return inner()


def exits(event, context):
    if event.get("code") is None:
        return "alive"
    sys.exit(event["code"])


def kills_itself(event, context):
    if event.get("signal") is None:
        return "alive"
    os.kill(os.getpid(), event["signal"])
    return time.sleep(60)


def sleeps(event, context):
    time.sleep(event.get("seconds", 0))
    return os.getpid()


def waits_for_file(event, context):
    """Until the file is there; writes its own marker first."""
    if "started" in event:
        Path(event["started"]).write_text("started")
    while not Path(event["until"]).exists():
        time.sleep(0.005)
    return os.getpid()


def starts_child(event, context):
    """Leaves a child process behind, and then hangs or returns."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(event["file"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(event.get("seconds", 0))
    return child.pid


def pid(event, context):
    return os.getpid()


def works(event, context):
    """As it is told: `sleep` or `spin` seconds, or wait `until` a file is there; then it may `exit`."""
    time.sleep(event.get("sleep", 0))
    began = time.process_time()
    while time.process_time() - began < event.get("spin", 0):
        pass
    if "until" in event:
        waits_for_file(event, context)
    if event.get("exit"):
        os._exit(1)
    return os.getpid()


def counts(event, context):
    STATE["calls"] += 1
    return STATE["calls"]


def prints(event, context):
    """`bytes` of output as lines, without a line end, or binary; then the result."""
    size = event["bytes"]
    if event["kind"] == "lines":
        line = "x" * 99 + "\n"
        for _ in range(size // 100):
            sys.stdout.write(line)
    elif event["kind"] == "endless":
        sys.stdout.write("y" * size)
    else:
        sys.stdout.flush()
        os.write(1, bytes(range(256)) * (size // 256))
    print("last words")
    return "printed"


def logs(event, context):
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.info("plain %s", "text")
    try:
        raise KeyError("lost")
    except KeyError:
        logger.exception("caught")
    context.log("by context\n")
    print("printed ü", file=sys.stderr)


def describes_context(event, context):
    client = context.client_context
    return {
        "aws_request_id": context.aws_request_id,
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "log_group_name": context.log_group_name,
        "log_stream_length": len(context.log_stream_name),
        "tenant_id": context.tenant_id,
        "remaining": 0 < context.get_remaining_time_in_millis() <= 10_000,
        "client": client and {"custom": client.custom, "env": client.env, "app": client.client and client.client.app_title},
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
        "w3c": context.w3c(),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "repr": repr(context).replace(context.log_stream_name, "STREAM"),
    }


def environment(event, context):
    return dict(os.environ)


def import_path(event, context):
    return {"path": sys.path[:3], "cwd": str(Path.cwd()), "warnings": bool(warnings), "modules": sorted(sys.modules)}


def eats_memory(event, context):
    if not event.get("megabytes"):
        return "fed"
    held = [b"\x01" * (1024 * 1024) for _ in range(event["megabytes"])]
    time.sleep(60)
    return len(held)


def child_eats_memory(event, context):
    code = "import time; held = b'\\x01' * (200 * 1024 * 1024); time.sleep(60)"
    subprocess.run([sys.executable, "-c", code])


def returns_bytes(event, context):
    return b"x" * event["size"]


def returns_text(event, context):
    return "x" * event["size"]


def dies_after_answer(event, context):
    threading.Thread(target=_die_when, args=(event["file"],), daemon=True).start()
    return os.getpid()


def _die_when(path):
    while not Path(path).exists():
        time.sleep(0.001)
    os._exit(7)


not_callable = 3
