"""The technician's way in: who asks, with which ticket, and whether somebody here agrees. docs/service-protocol.md.

A visiting module. What it holds is one Door: from the first question until the session's end, and ten minutes after a question
that no ticket followed.
"""

from yuanlu import VERSION
from yuanlu.compat import const, leave, visit
from yuanlu.errors import BadConfig, BadMessage, Refused, StoreFull
from yuanlu.refund import state as s
from yuanlu.wire import serial, service

SERVICE_KEY = const(14)  # a place of the vault: 32 bytes, shared with the authority

_OPEN_MS = const(600_000)  # for a ticket to come
_NONCE_MS = const(3_600_000)  # however often somebody asks
_CONSENT_MS = const(180_000)
_REST_MS = const(60_000)
_BAD_TICKETS = const(8)  # then it rests
# What may be done without a yes at the keypad: it changes nothing.
_UNASKED = service.DIAG
# What firmware may do that is not in force: it decides nothing about money.
_IDLE = service.DIAG | service.PULL | service.FIRMWARE
# Which visiting module carries a command out, by command >> 4; commands where none is named.
_MODULES = {
    4: "yuanlu.service.handover",
    5: "yuanlu.service.bundles",
    6: "yuanlu.service.keys",
    7: "yuanlu.service.firmware",
    8: "yuanlu.service.erasing",
}


class Door:
    """Given the Till. `ticket`: of the session, open once `consent` is True; None while nobody has come in."""

    def __init__(self, till):
        self.till = till
        self.clock = till.board.clock
        self._renew()
        self.number = 0  # of the session
        self.ticket = self.consent = self.keys = None
        self.sequence = self.bad = self.rests = 0
        self.brought = []  # pieces of a bundle; they stay when the session ends, for who lost his cable
        self.written = None  # where a file of firmware that is being brought goes on
        self.answered = b""  # the last answer: its command may come again, when the answer was lost on the line
        self.until = self.told = self.clock.deadline(_OPEN_MS)  # told: until then a ticket for the newest question may come

    def is_over(self):
        """Its time has run out."""
        return self._past(self.until) and self._past(self.told)

    def _past(self, time):
        return self.clock.diff_ms(time, self.clock.ticks_ms()) <= 0

    def _is_forgotten(self):
        """The question is too old for a ticket to answer it."""
        return self._past(self.told) or self._past(self.first)

    def serve(self, frame):
        """Put what answers this frame on the line."""
        told = self.take(frame)
        if told:
            self.till.board.serial.write(serial.frame(serial.SERVICE, told[0], frame.session, frame.sequence, told[1]))

    def asks(self):
        """Somebody at the keypad has to say yes or no."""
        return self.ticket is not None and self.consent is None and not self._past(self.until)

    def take(self, frame):
        """What answers this frame, as (kind, body), or None for nothing."""
        if frame.kind == service.ASK:
            return service.HELLO, self._hello()
        if frame.kind == service.TICKET:
            return self._admit(frame)
        if frame.kind != service.COMMAND:
            return None
        if self.consent is not True or self._past(self.until) or frame.session != self.number:
            return service.NO, bytes((service.NO_SESSION,))
        return self._command(frame.body)

    def _hello(self):
        journal = self.till.journal
        number, tag = journal.log.newest
        if self._is_forgotten():
            self._renew()
        self.told = self.clock.deadline(_OPEN_MS)
        if self._past(self.until):
            self.ticket = self.consent = None
        terminal = self.till.config.terminal
        return service.encode_hello(terminal, journal.counters.boot, VERSION, number, tag, self.nonce, self.ticket is not None)

    # ---- coming in

    def _admit(self, frame):
        if self.bad >= _BAD_TICKETS:
            if not self._past(self.rests):
                return service.NO, bytes((service.SHUT,))
            self.bad = 0
        try:
            body, shown = frame.body[: service.TICKET_SIZE], frame.body[service.TICKET_SIZE :]
            ticket = service.decode_ticket(body)
            if self.ticket is None or self.sequence or ticket.tag != self.ticket.tag:
                self._begin(ticket, self._check(ticket, body, shown))
            elif not service.equal(service.proof(self.keys, b"L", body), shown):
                raise BadMessage("service: not the ticket of this session")
        except BadMessage:
            self._count_bad()
            return service.NO, bytes((service.NO_TICKET,))
        except (Refused, StoreFull):
            return service.NO, bytes((service.NO_ROOM,))
        if self.consent is None:
            return service.WAIT, b""
        if not self.consent:
            return service.NO, bytes((service.NO_CONSENT,))
        return service.OPENED, service.proof(self.keys, b"T", body)

    def _check(self, ticket, body, shown):
        """The session's keys; BadMessage for a ticket that is not for this terminal, this question, or not the authority's."""
        key = self.till.board.vault.load(SERVICE_KEY)
        if not key or not service.is_issued(key, body) or ticket.nonce != self.nonce or self._is_forgotten():
            raise BadMessage("service: not a ticket for this question")
        if ticket.terminal != self.till.config.terminal.encode() or not ticket.allowed & service.ALL:
            raise BadMessage("service: not a ticket for this terminal")
        keys = service.session_keys(key, ticket)
        if not service.equal(service.proof(keys, b"L", body), shown):
            raise BadMessage("service: the ticket is somebody else's")
        return keys

    def _begin(self, ticket, keys):
        """A session that was open gives way: its technician has lost his cable, or his patience."""
        self.note(ticket, service.BYE, 0)
        self.ticket, self.keys, self.sequence, self.answered, self.bad = ticket, keys, 0, b"", 0
        self.number = int.from_bytes(self.nonce[:4], "big")
        self._renew()
        self.told = self.clock.ticks_ms()  # the new one was told to nobody yet
        self.consent = True if not ticket.allowed & ~_UNASKED else None
        self.until = self.clock.deadline(ticket.seconds * 1000 if self.consent else _CONSENT_MS)
        self.till.board.keypad.post("REFRESH" if self.consent else "SERVICE")

    def _renew(self):
        """For the next ticket; each serves one."""
        self.nonce, self.first = self.till.board.vault.random(16), self.clock.deadline(_NONCE_MS)

    def _count_bad(self):
        self.bad += 1
        self.rests = self.clock.deadline(_REST_MS)

    def agree(self, yes):
        """Somebody at the keypad has looked at the ticket."""
        self.consent = yes
        self.until = self.clock.deadline(self.ticket.seconds * 1000 if yes else _REST_MS)

    # ---- inside

    def _command(self, body):
        """The answer; None, and the end of the session, for what is not the next command or its repeat."""
        try:
            plain = service.unseal(self.keys, b"L", self.sequence + 1, body)
        except BadMessage:
            if self.answered and _is_repeat(self.keys, self.sequence, body):
                return service.ANSWER, self.answered
            self.end()
            return service.NO, bytes((service.NO_SESSION,))
        self.sequence += 1
        self.answered = service.seal(self.keys, b"T", self.sequence, self._do(plain))
        if plain[0] == service.BYE or self.sequence >= self.ticket.commands:
            self.end()
        return service.ANSWER, self.answered

    def _do(self, plain):
        needed = service.COMMANDS.get(plain[0])
        if needed is None:
            return bytes((service.MALFORMED,))
        if needed & ~self.ticket.allowed:
            return bytes((service.NOT_ALLOWED,))
        if self.till.board.standing and needed & ~_IDLE:
            return bytes((service.REFUSED,)) + b"refused.on_trial"
        module = _MODULES.get(plain[0] >> 4, "yuanlu.service.commands")
        try:
            return bytes((service.OK,)) + visit(module).do(self, plain[0], plain[1:])
        except BadMessage:
            return bytes((service.MALFORMED,))
        except Refused as error:
            return bytes((service.REFUSED,)) + " ".join([error.reason] + [str(each) for each in error.details]).encode()
        except BadConfig as error:
            return bytes((service.REFUSED,)) + b"refused.bundle " + str(error).encode()
        except StoreFull:
            return bytes((service.REFUSED,)) + b"refused.journal"
        finally:
            leave(module)

    def note(self, ticket, command, about):
        """Durable: who does what, before it is done. about: the transaction's number, or 0."""
        self.till.desk.refuse_while_busy()
        self.till.journal.append(s.TECHNICIAN, (0, 0, ticket.technician, ticket.allowed, command, about))

    def end(self):
        """Nothing more is taken in this session."""
        self.until = self.clock.ticks_ms()


def _is_repeat(keys, sequence, body):
    try:
        service.unseal(keys, b"L", sequence, body)
        return True
    except BadMessage:
        return False
