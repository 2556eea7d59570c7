"""A connection of a client: a request has to arrive whole within SLOWEST seconds, answers leave together.

uvicorn limits neither the time of headers nor that of a body. A look at every connection once a second costs a request
nothing, where a timer for each of them would cost as much as a small model.
"""

import asyncio
import time
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SLOWEST = 30.0
LATE = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n%b"
SENTENCE = b'{"error": "The request did not arrive within %d seconds."}'


class Together:
    """A transport that sends what was written to it when the loop has run what was ready.

    Head and body leave in one packet, and the answers of many connections one right after the other. A client that
    sleeps is woken up once for all of them, and each time that it is costs more than a small model.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._pieces: list[bytes] = []
        self.is_closing = transport.is_closing  # asked for each request, unlike what __getattr__ finds
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self.is_closing():
            self._transport.write(b"".join(pieces))


class Connection(HttpToolsProtocol):
    """Knows since which look at it a request has been arriving; a new connection counts as the beginning of one."""

    seen: Any = None  # the scope, of which each request has its own, at the last look

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Together(transport))  # type: ignore[arg-type]  # it has what a transport has
        self.since = time.monotonic()

    def on_response_complete(self) -> None:
        if len(self.tasks) == 1:  # nobody else is being answered, so that nothing could leave together with this
            self.transport.flush()  # type: ignore[attr-defined]
        super().on_response_complete()

    def end_if_late(self, now: float) -> None:
        """Answer 408 and close; the application learns that the client has gone."""
        if self.scope is not self.seen:
            self.seen, self.since = self.scope, now
        arrived = self.cycle is not None and self.cycle.scope is self.scope and not self.cycle.more_body
        if not arrived and now - self.since > SLOWEST and not self.transport.is_closing():
            self.transport.write(LATE % (SENTENCE % SLOWEST))
            self.transport.close()


class Server(uvicorn.Server):
    """uvicorn's, which looks at its connections once a second."""

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # it ticks ten times a second
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                connection.end_if_late(now)  # type: ignore[union-attr]
        return await super().on_tick(counter)
