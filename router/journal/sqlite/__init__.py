"""The journal on disk, in one SQLite database in a folder of its own: the embedded default.

One process owns the folder (a lock says so). One thread writes, in group commits; others read, on snapshots of their own.
"""
