"""Functions that no trigger invokes: others call them by the Invoke API, so that the router serves it for them."""

from router.importing.plan import Plan


def serve(plan: Plan) -> None:
    """One trigger for all that is left over: SDKs, state machines and schedulers of others reach them there."""
    left = [record for record in plan.functions.values() if record.key not in plan.used]
    if not left:
        return
    settings = {"invocation": ["sync", "async"], "functions": [record.key for record in left]}
    trigger = plan.trigger("lambda_api", (), "invoke", left[0].origin, settings)
    trigger.comments.append("what nothing here invokes: SDKs, the AWS CLI and state machines call it by the Invoke API")
    plan.used.update(record.key for record in left)
