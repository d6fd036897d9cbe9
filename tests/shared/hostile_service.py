"""Hostile frames at the technician's door: a quarter of them under a right MAC. What may come of them: an answer of the protocol
or nothing; no transaction changes that the ticket does not allow to change. Runs on both runtimes; one seed gives one attack."""

from hostile import mutated, noise
from parts import NorFlash, Random, Terminal
from yuanlu.boards.lines_emulator import Inbox
from yuanlu.refund import state as s
from yuanlu.service.door import SERVICE_KEY, Door
from yuanlu.wire import serial, service

KEY = bytes(range(32))
LARGEST_BODY = serial.LARGEST - 9
KINDS = (service.HELLO, service.OPENED, service.WAIT, service.ANSWER, service.NO)
READS = service.DIAG | service.PULL


class _Network:
    def is_up(self):
        return True


class _Keypad:
    def post(self, key):
        pass


class _Board:
    def __init__(self, terminal, flash):
        self.clock, self.vault, self.flash = terminal.clock, terminal.vault, flash
        self.network, self.keypad, self.serial = _Network(), _Keypad(), Inbox()
        self.logged, self.name, self.standing = ["ready"], "emulator", ""

    def shelf(self):
        return NorFlash(2)

    def firmware(self):
        return NorFlash(8)

    def restart(self):
        raise AssertionError("nobody asked for that")


class _Grid:
    drawn = [("menu", True), None]


class _Dialogs:
    grid = _Grid


class Till(Terminal):
    """A terminal with a refund that was never sent, and one that nobody knows about."""

    def __init__(self):
        flash = NorFlash()
        super().__init__(flash)
        self.vault.store(SERVICE_KEY, KEY)
        self.board, self.dialogs = _Board(self, flash), _Dialogs
        sale = self.sell()
        self.refund(sale, 100)
        self.settle(self.refund(self.sell(), 100), s.SILENT)


def standing(till):
    """What must not change: the unsettled transactions, and the amounts of the settled ones."""
    return [(t.number, t.state, t.amount, t.trace) for t in till.journal.live]


class Attack:
    """One seed's. `tried`: frames so far; `answered`: those that were, `carried_out`: commands; `given`: the newest."""

    def __init__(self, seed, allowed=READS):
        self.random, self.allowed = Random(seed), allowed
        self.till = Till()
        self.before = standing(self.till)
        self.door, self.keys, self.ticket, self.session = None, None, b"", 0
        self.tried = self.answered = self.carried_out = 0
        self.given = b""

    def run(self, count):
        """So many frames; AssertionError that names the frame when something comes of it that must not."""
        for _ in range(count):
            self.tried += 1
            kind, session, body = self._frame()
            self.given = bytes((kind,)) + body
            try:
                if self.door is None or self.door.is_over():
                    self.door = Door(self.till)
                self._judge(kind, self.door.take(serial.Frame(serial.SERVICE, kind, session, 0, body)))
            except Exception as error:
                raise AssertionError("door: {!r} of {}".format(error, self.given.hex())) from None

    def _judge(self, kind, told):
        if told is not None:
            self.answered += 1
            assert told[0] in KINDS and len(told[1]) <= LARGEST_BODY, ("answer", told)
            if told[0] == service.OPENED:
                self.keys, self.session = self.keys_offered, self.door.number
            assert told[0] != service.ANSWER or not self.forged, "a forged command was answered"
            self.carried_out += told[0] == service.ANSWER
        if self.allowed == READS:
            assert standing(self.till) == self.before, "a transaction changed"

    def _frame(self):
        draw, self.forged = self.random.below(8), True
        if draw == 0:
            return service.ASK, 0, b""
        if draw == 1 or self.keys is None:
            return self._ticket()
        if draw < 5 and not self.door.is_over():
            plain = bytes((self.random.pick(tuple(service.COMMANDS) + (7, 255)),)) + self._given()
            if plain[0] == service.BYE and self.random.below(8):
                plain = b"\x01" + plain
            sealed = service.seal(self.keys, b"L", self.door.sequence + self.random.pick((1, 1, 1, 0)), plain)
            body = sealed if self.random.below(4) else mutated(self.random, sealed)
            self.forged = body != sealed
            return service.COMMAND, self.session, body
        session = self.random.pick((self.session, 0, self.random.below(1 << 24)))
        return self.random.below(12), session, noise(self.random, self.random.below(120))

    def _given(self):
        """What a command may take, or anything."""
        number = self.random.pick(self.before)[0].to_bytes(4, "little")
        return self.random.pick(
            (number, number + b"line 1", number + bytes(4) + b"line 1", noise(self.random, self.random.below(30)))
        )

    def _ticket(self):
        if self.door and self.door.asks():
            self.door.agree(True)
            return service.TICKET, self.session, self.ticket
        nonce = self.door.nonce if self.door else bytes(16)
        ticket = service.issue(KEY, "YL000001", 7, self.allowed, 50, 900, nonce, noise(self.random, 16))
        self.keys_offered = service.session_keys(KEY, service.decode_ticket(ticket))
        body = ticket + service.proof(self.keys_offered, b"L", ticket)
        if self.random.below(3) == 0:
            body = mutated(self.random, body)
        self.ticket = body
        return service.TICKET, 0, body
