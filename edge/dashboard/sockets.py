"""A websocket that ends with the session that opened it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY_VIOLATION = 1008
"""The code with which a websocket is refused and ended (RFC 6455, 7.4.1)."""


async def while_it_lasts(app: ASGIApp, scope: Scope, receive: Receive, send: Send, session: Awaitable[None]) -> None:
    """Run `app` on a websocket; when `session` is over, the browser's end is closed and `app` hears of it."""
    over = asyncio.ensure_future(session)
    closed = False

    async def received() -> Message:
        coming = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not coming.done():
                coming.cancel()
        if not over.done():
            return coming.result()
        await sent({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "The session is over."})
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    async def sent(message: Message) -> None:
        nonlocal closed
        if not closed:
            closed = message["type"] == "websocket.close"
            await send(message)

    try:
        await app(scope, received, sent)
    finally:
        over.cancel()
