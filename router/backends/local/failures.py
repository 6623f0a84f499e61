"""The error objects that Lambda itself makes when a function does not answer. Source: semantics/sync.md §1.3, §1.4.

Each is a pair of error type and message; `payload` renders it as the caller gets it. Signal and exit texts are those of Go's
`os.ProcessState`, because the real service passes them through.
"""

import signal
from dataclasses import dataclass

from router.jsontext import dumps

MAX_REQUEST = 6_291_456
MAX_RESPONSE = 6_291_556

REQUEST_TOO_LARGE = f"Request must be smaller than {MAX_REQUEST} bytes for the InvokeFunction operation"

_SIGNAL_TEXTS: dict[int, str] = {
    signal.SIGHUP: "hangup",
    signal.SIGINT: "interrupt",
    signal.SIGQUIT: "quit",
    signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock",
    signal.SIGTERM: "terminated",
    signal.SIGUSR1: "user defined signal 1",
    signal.SIGUSR2: "user defined signal 2",
}


@dataclass(slots=True, frozen=True)
class Failure:
    """Why an invocation has no answer from its function.

    `reason` stands behind `RequestId: <id> Error: `. `body` is set where the runtime client reported the error itself
    (`/init/error`): it goes to the caller unchanged. `status` is what the REPORT line says.
    """

    error_type: str
    reason: str = ""
    body: bytes | None = None
    status: str = "error"

    def payload(self, request_id: str) -> bytes:
        """The error object as JSON."""
        if self.body is not None:
            return self.body
        return dumps({"errorType": self.error_type, "errorMessage": f"RequestId: {request_id} Error: {self.reason}"})


RESPONSE_TOO_LARGE = Failure(
    "Function.ResponseSizeTooLarge",
    body=dumps(
        {
            "errorMessage": f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).",
            "errorType": "Function.ResponseSizeTooLarge",
        }
    ),
)
OUT_OF_MEMORY = Failure("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
TRUNCATED = Failure("Runtime.TruncatedResponse", "Response stream closed unexpectedly")
RESTARTED = Failure("Runtime.ExitError", "Runtime exited without providing a reason")


def timed_out(seconds: float) -> Failure:
    """The function ran into its own timeout."""
    return Failure("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds", status="timeout")


def exited(returncode: int) -> Failure:
    """The runtime process ended; `returncode` is negative for a signal, as in `subprocess`."""
    if returncode == 0:
        return Failure("Runtime.ExitError", "Runtime exited without providing a reason")
    return Failure("Runtime.ExitError", f"Runtime exited with error: {_exit_text(returncode)}")


def not_started(command: str, error: OSError) -> Failure:
    """The executable could not be started at all."""
    return Failure("Runtime.InvalidEntrypoint", f"fork/exec {command}: {(error.strerror or str(error)).lower()}")


def not_begun(error: Exception) -> Failure:
    """Something that nobody thought of kept the process from starting; the router's log has it whole."""
    return Failure("Runtime.InvalidEntrypoint", f"the process could not be started: {type(error).__name__}")


def _exit_text(returncode: int) -> str:
    if returncode > 0:
        return f"exit status {returncode}"
    number = -returncode
    return f"signal: {_SIGNAL_TEXTS.get(number, f'signal {number}')}"
