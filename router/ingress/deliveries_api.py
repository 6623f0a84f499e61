"""Deliveries on the admin listener: a small JSON API that `lambda-router deliveries` speaks.

    GET  /deliveries?state=dead&trigger=…&limit=100&after=ID[&payload=true]  {"deliveries": [...]}, empty behind the last one
    GET  /deliveries/count?state=dead&trigger=…                              {"count": 3}
    GET  /journal/check                                                      {"findings": [...]}
    POST /deliveries/redrive, /deliveries/purge   {"ids": [...]}             {"redriven": 3}, {"purged": 3}

Changes want `Content-Type: application/json`: a web page that an operator visits cannot send that to another origin unasked.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from router import jsontext
from router.deliveries import Selection
from router.policies import delivery_documents as documents
from router.ports import Clock, JournalAdmin

MOST_BODY = 256 * 1024
_PAGING = ("limit", "after", "payload")


class _BadRequest(Exception):
    """The operator's request is not understood; the message says why."""


class DeliveriesApi:
    """Answers requests below `/deliveries`, and `/journal/check`; who may ask is decided before."""

    def __init__(self, journal: JournalAdmin, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._reads: Mapping[str, Callable[[web.BaseRequest], Awaitable[Any]]] = {
            "/deliveries": self._select,
            "/deliveries/count": self._count,
            "/journal/check": self._check,
        }
        self._changes: Mapping[str, Callable[[Sequence[str]], Awaitable[Any]]] = {
            "/deliveries/redrive": self._redrive,
            "/deliveries/purge": self._purge,
        }

    def serves(self, path: str) -> bool:
        """Whether this is one of its pages."""
        return path in self._reads or path in self._changes

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """The answer; 400 with the reason where the request is not understood."""
        change = self._changes.get(request.path)
        allowed = "GET" if change is None else "POST"
        if request.method != allowed:
            return web.Response(status=405, headers={"Allow": allowed})
        try:
            if change is None:
                return _json(200, await self._reads[request.path](request))
            return _json(200, await change(await _ids(request)))
        except _BadRequest as error:
            return _json(400, {"message": f"The request is not understood: {error}."})

    async def _select(self, request: web.BaseRequest) -> dict[str, object]:
        selection, paging = _asked(request)
        payloads = paging.get("payload") == "true"
        found = await self._journal.select(selection, _limit(paging.get("limit")), paging.get("after"))
        ids = frozenset(delivery.id for delivery in found)
        dead = await self._journal.select(Selection(dead=True, ids=ids), len(ids), None) if ids else []
        return {"deliveries": documents.page(found, {delivery.id for delivery in dead}, payloads=payloads)}

    async def _count(self, request: web.BaseRequest) -> dict[str, object]:
        return {"count": await self._journal.count(_asked(request)[0])}

    async def _check(self, request: web.BaseRequest) -> dict[str, object]:
        return {"findings": [asdict(finding) for finding in await self._journal.check()]}

    async def _redrive(self, ids: Sequence[str]) -> dict[str, object]:
        return {"redriven": await self._journal.redrive(ids, self._clock.now())}

    async def _purge(self, ids: Sequence[str]) -> dict[str, object]:
        return {"purged": await self._journal.purge(ids)}


def _asked(request: web.BaseRequest) -> tuple[Selection, dict[str, str]]:
    pairs = [*request.query.items()]
    try:
        selection = documents.selection([(name, value) for name, value in pairs if name not in _PAGING])
    except ValueError as error:
        raise _BadRequest(str(error)) from None
    return selection, {name: value for name, value in pairs if name in _PAGING}


def _limit(text: str | None) -> int:
    if text is None:
        return documents.PAGE
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= documents.PAGE):
        raise _BadRequest(f"limit is a number from 1 to {documents.PAGE}")
    return int(text)


async def _ids(request: web.BaseRequest) -> list[str]:
    if request.content_type != "application/json":
        raise _BadRequest("the Content-Type is application/json")
    body = await request.content.read(MOST_BODY + 1)
    while len(body) <= MOST_BODY and (more := await request.content.read(MOST_BODY + 1 - len(body))):
        body += more
    try:
        ids = jsontext.loads(body)["ids"] if len(body) <= MOST_BODY else None
    except (ValueError, KeyError, TypeError):
        ids = None
    if not isinstance(ids, list) or len(ids) > documents.MOST_IDS or not all(isinstance(id, str) for id in ids):
        raise _BadRequest(f'the body is {{"ids": […]}} with at most {documents.MOST_IDS} ids')
    return ids


def _json(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=jsontext.dumps(value) + b"\n", headers={"Content-Type": "application/json"})
