"""Starter projects: small, complete, and right as they come out.

The files lie in `files/`, with `.template` behind their names so that nothing takes them for the program's own; `@NAME@` is
filled in.
"""
