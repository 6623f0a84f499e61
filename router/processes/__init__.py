"""Several processes as one daemon: doors that serve the listeners, one engine that owns what there can be only one of.

The supervisor forks them from a process that has loaded the configuration and does nothing else, so that all of them, and those
that take a crashed one's place, run the same generation. Doors hand accepted events to the engine over a Unix socket, and have
it run local functions and count `max_concurrency`; everything else they do by themselves. See design.md §6.
"""
