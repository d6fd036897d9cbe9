"""A technician with a ticket at the cable: he asks to come in, and of what is open says what stands in the acquirer's books."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from struct import pack
from typing import Any

from emulator.lines.cable import Cable
from emulator.shop import TERMINAL, Shop
from host_tools.yuanluctl import authority
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.service import COMMANDS, SECONDS, Pass, Session
from yuanlu.wire import service as wire

NUMBER = 7
EVIDENCE = b"CASE 7"
DECIDED = 0.5  # of what he finds open; the rest he looks at


def truth(shop: Shop, row: dict[str, Any] | None) -> set[bool]:
    """What can be said of a transaction: done, not done; nothing while a wallet is at it."""
    if row is None or row["number"] in [entry["number"] for entry in shop.acquirer.ledger.view()["accepted"]]:
        return set()
    return {shop.booked().get(row["number"], {"times": 0})["times"] > 0}


def visit(shop: Shop, draw: Random, until_answered: Callable[[], None]) -> None:
    """He plugs his laptop in, does what he came for unless nobody lets him in, and pulls his cable.

    until_answered: somebody goes on at the keypad until he has said yes or no.
    """
    line = shop.terminal.serial
    far, plugged = line.far, line.plugged
    session = Session(Cable(shop.world, line))
    try:
        hello, _ = session.hello()
        session.open(_ticket(shop, draw, hello), until_answered)
        _work(shop, draw, session)
        session.close()
    except Trouble:  # nobody agreed, or power went
        pass
    finally:
        line.connect(far)
        line.plugged = plugged


def _ticket(shop: Shop, draw: Random, hello: wire.Hello) -> Pass:
    """As service.issue makes it, of the walk's chance."""
    key = authority.service_key(shop.authority_key, TERMINAL)
    ticket = wire.issue(key, TERMINAL, NUMBER, wire.ALL, COMMANDS, SECONDS, hello.nonce, draw.randbytes(16))
    return Pass(ticket, wire.session_keys(key, wire.decode_ticket(ticket)))


def _work(shop: Shop, draw: Random, session: Session) -> None:
    for number, _, state, _ in session.status()["waiting"]:
        row = next((row for row in shop.terminal_ledger() if row["number"].endswith(f"-{number:08d}")), None)
        if row and draw.random() < DECIDED:
            booked = shop.booked().get(row["number"], {"amount": 0})["amount"]
            try:
                session.command(*_command(state, number, truth(shop, row), booked, draw))
            except Trouble:
                continue  # it has come to its end, or is on its way


def _command(state: str, number: int, said: set[bool], booked: int, draw: Random) -> tuple[int, bytes]:
    place = pack("<I", number)
    if state == "held" and draw.random() < DECIDED:
        return wire.RELEASE, EVIDENCE
    if state == "queued":
        return draw.choice((wire.SEND_NOW, wire.WITHDRAW)), place
    if not said:
        return wire.SEND_NOW, place
    if said == {True}:
        return wire.DONE, place + pack("<I", booked) + EVIDENCE
    return draw.choice((wire.NOT_DONE, wire.NOT_DONE, wire.AGAIN)), place + EVIDENCE
