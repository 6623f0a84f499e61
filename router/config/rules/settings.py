"""Rules for settings of no section in particular: defaults that nothing takes up."""

from router.config.rules.context import Context


def unused_defaults(context: Context) -> None:
    """Defaults for a type that no trigger has do nothing."""
    types = {trigger["type"] for trigger in context.triggers.values()}
    if context.is_broken("triggers"):
        return
    for name in context.settings.get("defaults") or {}:
        if name not in types and name != "async":
            message = f"no trigger has the type `{name}`, so that these defaults have no effect"
            path = ("defaults", name)
            context.reporter.report(path, "unused-defaults", message, help="remove them", on="key", severity="warning")
