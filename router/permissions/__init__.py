"""The least privilege that a configuration needs in AWS: which calls the daemon makes, of which resources, in whose name.

Every permission comes from a table beside the call that needs it (`ACTIONS` in the edges), every resource from the compiled
configuration: nothing here is a list of its own that could be forgotten.
"""
