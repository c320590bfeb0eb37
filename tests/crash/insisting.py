"""Callers that journal before they send: the same bytes again and again, until there is an answer that ends it."""

import asyncio
from collections.abc import Callable

import httpx

_PAUSE_SECONDS = 0.05
_TRIES_MAX = 2_400
_FINAL = frozenset(range(200, 500)) - {202, 408, 429}
_NOT_FINAL = frozenset({"ANOTHER_COMMAND_CAME_FIRST"})
"""Reasons of a status that mostly ends it, but say to come again."""


async def insist(
    client: httpx.AsyncClient, path: str, *, token: str, body: bytes, on_again: Callable[[str | None], None]
) -> httpx.Response:
    """Send the same bytes until there is an answer that ends it; fails when none comes for long.

    `on_again` hears why the bytes are sent again: what the server said, or None where it said nothing.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for _ in range(_TRIES_MAX):
        try:
            answer = await client.post(path, content=body, headers=headers)
            reason = answer.json().get("reason", "") if answer.status_code >= 300 else ""
            if answer.status_code in _FINAL and reason not in _NOT_FINAL:
                return answer
            on_again(reason)
        except httpx.TransportError:
            on_again(None)
        await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError(f"{path} was never answered: {body[:80]!r}")
