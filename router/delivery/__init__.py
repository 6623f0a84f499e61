"""Asynchronous delivery: accepted events are claimed from the journal, invoked, settled. Source: semantics/async.md §A."""
