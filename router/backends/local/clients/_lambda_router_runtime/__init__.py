"""Parts of the Python runtime client. The name is odd on purpose: it lives beside the function's own modules."""
