"""Sessions of aiohttp that pass a request on as it is: once, with the headers that it has, and its answer's bytes untouched."""

import aiohttp

_AUTOMATIC = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add."""


def plain_session(connector: aiohttp.TCPConnector, max_line: int) -> aiohttp.ClientSession:
    """`max_line`: bytes that the status line or a header of an answer may have."""
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_AUTOMATIC,
        max_line_size=max_line,
        max_field_size=max_line,
    )
    # aiohttp repeats PUT, DELETE and others where a kept connection breaks; it has no public switch for that.
    session._retry_connection = False
    return session
