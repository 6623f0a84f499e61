"""Cannot be loaded: a module of its own is missing."""

import module_that_is_not_there


def handler(event, context):
    return module_that_is_not_there
