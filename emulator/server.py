"""Serves the page and the control API on the loopback. The world turns in a thread of its own; this side only asks it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from emulator.child import CannotStart
from emulator.control import BadCommand, Control
from emulator.shop import PASSPHRASE, ROOT, Shop

PAGE = Path(__file__).parent / "page"
HOST = "127.0.0.1"
PORT = 8642
_PUSH_SECONDS = 0.05
_FOREVER_MS = 2**40


class PortTaken(Exception):
    """Somebody else listens there."""


class Server:
    """One shop for any number of pages."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.control = Control(shop)
        self.pages: set[WebSocket] = set()
        self.dirty = False
        self.stopping = False
        shop.terminal.on_change = self._changed

    def _changed(self) -> None:
        self.dirty = True

    def application(self) -> Starlette:
        """The page at /, the control API at /control, the bytes of the terminal's journal chip at /chip.img, of its settings at
        /settings.img."""
        images = [Route("/chip.img", self._serve_chip), Route("/settings.img", self._serve_settings)]
        pages = Mount("/", StaticFiles(directory=PAGE, html=True))
        routes = [WebSocketRoute("/control", self._serve_page), *images, pages]
        # A name of somebody else's that resolves to this machine must not pass for ours.
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
        return Starlette(routes=routes, middleware=[hosts], lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        thread = threading.Thread(target=self._turn, name="world")
        thread.start()
        pushing = asyncio.create_task(self._push())
        yield
        pushing.cancel()
        self.stopping = True
        self.shop.world.call(lambda: None)
        await asyncio.to_thread(thread.join)

    def _turn(self) -> None:
        self.shop.world.run_until(lambda: self.stopping, _FOREVER_MS)
        self.shop.close()

    async def _serve_chip(self, _: Request) -> Response:
        """As a reader of chips would find it at this moment."""
        content = await self._ask(lambda: bytes(self.shop.terminal.flash.data))
        return Response(content, media_type="application/octet-stream")

    async def _serve_settings(self, _: Request) -> Response:
        """The same for the flash that the settings stand on."""
        content = await self._ask(lambda: bytes(self.shop.terminal.shelf.data))
        return Response(content, media_type="application/octet-stream")

    async def _ask(self, action: Callable[[], Any]) -> Any:
        """Have the world's thread do `action` and wait for what it returns or raises."""
        answer: Future[Any] = Future()

        def run() -> None:
            try:
                answer.set_result(action())
            except (BadCommand, CannotStart) as error:
                answer.set_exception(error)

        self.shop.world.call(run)
        return await asyncio.wrap_future(answer)

    async def _push(self) -> None:
        while True:
            await asyncio.sleep(_PUSH_SECONDS)
            if self.dirty and self.pages:
                self.dirty = False
                await self._send_state(list(self.pages))

    async def _send_state(self, pages: list[WebSocket]) -> None:
        state = json.dumps({"event": "state", "state": await self._ask(self.control.state)})
        for page in pages:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await page.send_text(state)

    async def _serve_page(self, page: WebSocket) -> None:
        # Another site's script must not reach into the shop of whoever has it open.
        origin = page.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != page.headers.get("host"):
            await page.close(4003)
            return
        await page.accept()
        self.pages.add(page)
        try:
            await self._send_state([page])
            while True:
                await page.send_text(json.dumps(await self._answer(await _received(page)), allow_nan=False))
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page is gone; a send into a closing connection is a RuntimeError
        finally:
            self.pages.discard(page)

    async def _answer(self, text: str | None) -> dict[str, Any]:
        if text is None:
            return _refusal("a text frame is expected, not a binary one")
        try:
            command = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            return _refusal("not JSON")
        if not isinstance(command, dict):
            return _refusal('an object is expected: {"id": 1, "do": "press", "key": "1"}')
        name = command.get("id")
        if isinstance(name, bool) or not isinstance(name, int | str | None):
            return _refusal("id is a text or a whole number")
        try:
            result = await self._ask(lambda: self.control.do(command))
        except (BadCommand, CannotStart) as error:
            return _refusal(str(error), name)
        return {"id": name, "ok": True, "result": result}


async def _received(page: WebSocket) -> str | None:
    """The text of the next frame, None for a binary one; WebSocketDisconnect."""
    message = await page.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    return message.get("text")


def _refusal(error: str, name: int | str | None = None) -> dict[str, Any]:
    return {"id": name, "ok": False, "error": error}


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def listen(port: int | None) -> socket.socket:
    """A socket on the loopback: the port asked for, or 8642 or the next one that is free."""
    for number in [port] if port is not None else [*range(PORT, PORT + 20), 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
            listener.listen()  # before the address is printed: who reads it may connect at once
        except OSError:
            listener.close()
            continue
        return listener
    raise PortTaken(f"port {port} is taken; choose another with --port, or leave it out")


def serve(shop: Shop, port: int | None) -> None:
    """Serve until Ctrl-C."""
    listener = listen(port)
    shop.terminal.power_on()
    print(f"yuanlu emulator: http://{HOST}:{listener.getsockname()[1]}/    (Ctrl-C ends it)", flush=True)
    target, key_file = shop.serve_line(ROOT / "build" / "serve")
    print(f"technician's line: yuanluctl status -t {target} --authority {key_file}    (passphrase: {PASSPHRASE})", flush=True)
    server = Server(shop)
    uvicorn.Server(uvicorn.Config(server.application(), log_level="warning", ws="websockets-sansio")).run([listener])
