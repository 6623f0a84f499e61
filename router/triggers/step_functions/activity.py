"""One task of an activity: its input is the event, the function's result its output.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html and semantics/sync.md §11.1, §11.3.
"""

from router import jsontext
from router.batches import Batch, Completed, Rejected, Settlement
from router.model import BatchConversation, Invoke, Target
from router.outcome import Outcome, OutcomeKind
from router.triggers.step_functions.failures import TaskError, of_answer, of_outcome, task_error


def converse(batch: Batch, target: Target) -> BatchConversation:
    """The conversation about one task. The function may run as long as it can: the state's own timeout decides."""
    (task,) = batch.messages
    event = task.body.encode("utf-8", "surrogatepass")
    try:
        jsontext.check(event)
    except ValueError as error:
        told = task_error("Lambda.InvalidRequestContentException", f"The task's input is not JSON: {error}")
        return _rejected(task.handle, told, "bad_request")
    outcome: Outcome = yield Invoke(target, event)
    if outcome.kind is not OutcomeKind.OK:
        return _rejected(task.handle, of_outcome(outcome), str(outcome.kind))
    wrong = of_answer(outcome.payload)
    if wrong is not None:
        return _rejected(task.handle, wrong, "bad_response")
    return Settlement((Completed(task.handle, outcome.payload.decode()),))


def _rejected(token: str, told: TaskError, error: str) -> Settlement:
    return Settlement((Rejected(token, told.error, told.cause),), error, told.error)
