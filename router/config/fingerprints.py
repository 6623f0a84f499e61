"""What makes a finding the same finding after an edit somewhere else: its code, file, path and words, not its line.

Tools that keep a list of known findings (code scanning, baselines) compare these.
"""

import hashlib
import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from router.config.problem import Problem, dotted

_NUMBER = re.compile(r"\d+")
_LENGTH = 32
"""Hexadecimal digits of SHA-256 that are kept."""


def fingerprinted(problems: Iterable[Problem]) -> list[Problem]:
    """The findings with their fingerprints. Equal ones are told apart by their order, so they come sorted by place."""
    seen: Counter[str] = Counter()
    result = []
    for problem in problems:
        text = _NUMBER.sub("#", problem.message)
        identity = json.dumps([problem.code, posixpath.normpath(problem.file), dotted(problem.path), text])
        seen[identity] += 1
        digest = hashlib.sha256(f"{identity}{seen[identity]}".encode()).hexdigest()
        result.append(replace(problem, fingerprint=digest[:_LENGTH]))
    return result
