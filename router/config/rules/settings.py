"""Rules for settings of no section in particular: secrets, and defaults that nothing takes up."""

from router.config.nodes import ScalarNode
from router.config.rules.context import Context


def literal_secrets(context: Context) -> None:
    """A secret comes from a variable or a file; one of a sandbox may stand in the file, so that this is a warning."""
    for path in context.secrets:
        node = context.node(path)
        if isinstance(node, ScalarNode) and not node.substituted:
            name = next(part for part in reversed(path) if isinstance(part, str))
            message = f"`{name}` is a secret, and stands in the file as it is"
            help_text = f"write `{name}: ${{NAME}}` or `{name}: ${{file:/run/secrets/name}}`"
            context.reporter.report(path, "literal-secret", message, help=help_text, severity="warning")


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
