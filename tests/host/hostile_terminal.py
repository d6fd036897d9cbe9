"""What answers on a line and is no terminal of ours: a stranger without a key, or one with the key that says what it likes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from struct import pack

from host_tools.yuanluctl import authority
from host_tools.yuanluctl.hdlc import Deframer, Frame, frame
from host_tools.yuanluctl.service import CHANNEL
from yuanlu.wire import service as wire

TERMINAL = "YL000001"
OK = b"\0"
Plan = Callable[[int, bytes], bytes | None]  # the plain answer to a command; None hangs up


class HostileTerminal:
    """On TCP, made from docs/service-protocol.md alone. secret: the authority's, b"" for a stranger; busy: as its HELLO says."""

    def __init__(self, plan: Plan, secret: bytes = b"", busy: int = 0) -> None:
        self.plan, self.busy = plan, busy
        self.key = authority.service_key(secret, TERMINAL) if secret else b""
        self.asked: list[int] = []  # commands
        self.nonce = b""  # of every HELLO; else another one for each call
        self.head = 77, b"tagtagta"  # of its journal
        self.rights: list[int] = []  # of each ticket that was shown
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"socket://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def close(self) -> None:
        """No more calls are taken."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client:
                    client.settimeout(30)
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        frames, nonce, keys = Deframer(), self.nonce or os.urandom(16), b""
        while data := client.recv(4096):
            for asked in frames.feed(data):
                kind, body = 0, b""
                if asked.kind == wire.ASK:
                    kind, told = wire.HELLO, (TERMINAL.encode(), 3, b"0.1.0", *self.head, nonce, self.busy)
                    body = pack("<B8sI16sI8s16sB", 1, *told)
                elif asked.kind == wire.TICKET:
                    ticket = asked.body[: wire.TICKET_SIZE]
                    self.rights.append(wire.decode_ticket(ticket).allowed)
                    if not self.key:
                        continue
                    keys = wire.session_keys(self.key, wire.decode_ticket(ticket))
                    kind, body = wire.OPENED, wire.proof(keys, b"T", ticket)
                elif asked.kind == wire.COMMAND and keys:
                    answer = self._answer(keys, asked)
                    if answer is None:
                        return
                    kind, body = wire.ANSWER, answer
                if kind:
                    client.sendall(frame(CHANNEL, kind, asked.session, asked.sequence, body))

    def _answer(self, keys: bytes, asked: Frame) -> bytes | None:
        sequence = int.from_bytes(asked.body[:4], "little")
        plain = wire.unseal(keys, b"L", sequence, asked.body)
        self.asked.append(plain[0])
        told = OK if plain[0] == wire.BYE else self.plan(plain[0], plain[1:])
        return None if told is None else wire.seal(keys, b"T", sequence, told)
