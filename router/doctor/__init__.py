"""The online tier of checks: what a file cannot say of itself. Nothing is executed and nothing is changed.

A check looks at one thing and says what it found; all run side by side, each within a bounded time.
"""
