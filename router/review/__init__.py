"""What people read of a configuration who do not run it: its effective settings, its graph, its differences from another one.

Everything here is text made of values; nothing reads a file or asks a clock.
"""
