"""One sale or refund, as the fold over its records has it."""

from yuanlu.compat import const
from yuanlu.refund import state as s

KIND_SALE = const(1)
KIND_REFUND = const(2)
KIND_VOID = const(3)
KIND_NAMES = ("", "sale", "refund", "void")

# How the money of the sale came; it goes back the same way. In a record these are the high four bits of the kind.
ROAD_CARD = const(0)
ROAD_WALLET = const(1)
ROAD_OFFLINE = const(2)  # a card, without the acquirer: it was uploaded later
ROAD_NO_SALE = const(3)  # of a refund without an original: the card that was read
ROAD_CASH = const(4)  # of a refund from the till: it is recorded, and nothing is sent

# In a record's quality: it stands there by a person's word, `rrn` and `approval` are the evidence. Of a HANDOVER: it is an alarm.
RESOLVED = const(0x80)
IS_PART = const(0x80)  # in the reason of a refund: its rest was put off to another day (store/rests.py)
EVIDENCE = const(18)  # bytes of it
BROUGHT = const(0x40)  # in a record's quality: another terminal's, in whose batch it was (docs/handover.md)
BY_CODE = const(255)  # an approver: the authority, by a code over the telephone
TECHNICIAN = const(254)  # who decided over the service line: the TECHNICIAN record just before says which one


# The records of these types that a newer one makes superfluous.
_ALL = (s.INTENT, s.HANDOVER, s.ATTEMPT, s.SENDING, s.RESULT, s.DECISION, s.SEAL)
_ASIDE = (s.APPROVAL, s.NOTE)  # say something about a transaction, and change nothing of it
_WHOLE = (s.INTENT, s.HANDOVER, s.SALE, s.REFUND, s.ALARM)  # say all there is to say of a transaction
_OUTDATES = {
    s.ATTEMPT: (s.ATTEMPT, s.SENDING, s.RESULT, s.DECISION, s.SEAL),
    s.SEAL: (s.SEAL,),
    s.SENDING: (s.SENDING, s.RESULT, s.DECISION),
    s.PRINTED: (s.PRINTED,),
    s.DECISION: (s.SENDING, s.RESULT, s.DECISION),
    s.SALE: _ALL + (s.ALARM,),
    s.REFUND: _ALL + (s.ALARM,),
    s.ALARM: _ALL + (s.SALE, s.REFUND, s.ALARM),
}


class Draft:
    """What a clerk wants, before any rule has looked at it. Amounts in fen."""

    def __init__(self, kind, amount, original=0, reason=0, operator=0, card=None, road=ROAD_CARD, approver=0, approval=None):
        self.kind = kind
        self.road = road  # of a sale, ROAD_NO_SALE or ROAD_CASH; any other refund or void takes its sale's
        self.approver = approver  # operator id of another person who approved it; BY_CODE for the authority; 0 for nobody
        self.approval = approval  # (how, digest, code, ms tick until which it stands), as an APPROVAL record has it
        self.amount = amount
        self.original = original
        self.reason = reason
        self.operator = operator
        self.card = card


class Transaction:
    """`number` is its INTENT's record number, `original` the number of the sale it belongs to (its own where there is none).

    `attempt` counts from 1; `sends` counts SENDING records of the attempt; `doubt` is true once a send of it ended without a
    conclusive answer; `stale` when the attempt was refused unseen, or given up by a person, and another one is needed; `alarm`
    when money moved otherwise than was believed; `rests_on` are the places of the records that fold to this again: (number,
    address, bytes on flash, type), in order of number. `brought` when another terminal handed it over, and `origin` what that one
    called it: (terminal, install epoch, number); None for our own.
    `asked` (times that a wallet has answered a query), `failures` (tries that were of no help, in a row), `due` (ms ticks) and
    `why` (word id of the last hindrance) are the forwarder's notes and live in RAM alone.
    """

    def __init__(self, number, original):
        self.number = number
        self.original = original
        self.last = 0
        self.kind = self.road = 0
        self.amount = self.booked = 0  # booked: fen that an ALARM tells of
        self.batch = self.trace = 0
        self.date = self.time = 0
        self.reason = self.operator = self.approver = self.quality = 0
        self.card = self.fingerprint = b""
        self.state = s.IS_NEW
        self.attempt = 1
        self.sends = 0
        self.doubt = self.stale = self.alarm = self.brought = False
        self.origin = None
        self.code = self.rrn = self.approval = b""
        self.printed = s.IS_NEW
        self.copies = 0
        self.rests_on = []
        self.asked = self.failures = 0
        self.due = None
        self.why = None

    @property
    def tries(self):
        """Sends of this attempt, and the attempts before it: what the budget counts."""
        return self.sends + self.attempt - 1

    @property
    def never_sent(self):
        """Not a byte of it has left: it can be taken back."""
        return self.state == s.IS_QUEUED and not self.stale and self.attempt == 1

    @property
    def anew(self):
        """A person may have another attempt made of it. Not where money moved; nor of a sale that another terminal made without
        a line: the message would name this one's."""
        named = not (self.brought and self.road == ROAD_OFFLINE)
        return self.kind == KIND_REFUND and named and not self.alarm and s.may_be_tried_anew(self.state)

    @property
    def called(self):
        """What `refund_number` makes its one name for life of."""
        return self.origin or self.number

    def apply(self, record):
        """Fold one record in. A record seen before changes nothing, nor does what is left of a settled transaction whose
        beginning has gone from the ring."""
        kind = record.type
        if kind in _ASIDE or record.number <= self.last or (self.state == s.IS_NEW and kind not in _WHOLE):
            return
        body = record.body()
        self.state = self.after(record)
        self.last = record.number
        self._rest_on(record)
        if kind in _WHOLE:
            self._describe(body)
        if kind in (s.SALE, s.REFUND):
            self.code, self.rrn, self.approval = b"00", body.rrn, body.approval
        elif kind == s.ATTEMPT:
            self._begin_attempt(body)
        elif kind == s.SENDING:
            # Counted by the record, not by records: older ones are not kept.
            self.attempt, self.sends = body.attempt, body.send
            self.code = self.rrn = self.approval = b""
            self.doubt = self.doubt or bool(body.doubt)
        elif kind == s.PRINTED:
            self.printed, self.copies = body.state, body.copy
        elif kind == s.RESULT:
            self._end_send(body)
        elif kind == s.DECISION:
            # What was refused may be answered by the same refusal for ever, where a repeat is known.
            self.stale = body.decision == s.ANOTHER or (body.decision == s.RELEASE and self.kind == KIND_REFUND)
            self.code = b""
        elif kind == s.HANDOVER:
            self.origin, self.doubt = (str(body.other, "ascii"), body.install, body.told), bool(body.batch)
            self.why = "why.brought" if body.batch else None
            self.alarm = bool(body.quality & RESOLVED)
        elif kind == s.ALARM:
            self.alarm, self.booked = True, body.booked
            self.code, self.rrn, self.approval = b"00", body.rrn, body.approval

    def after(self, record):
        """The state that it will have; StoreDamaged when no arrow of the fold allows that record."""
        return s.next_state(self.state, record.type, _verdict(record.type, record.body()))

    def _end_send(self, body):
        self.doubt = self.doubt or body.verdict in (s.SILENT, s.ASK, s.PERSON, s.ACCEPTED)
        self.stale = body.verdict == s.RENEW
        self.code, self.rrn, self.approval = body.code, body.rrn, body.approval

    def _rest_on(self, record):
        """Keep its place, and forget those of the records that it outdates. Of the RESULTs of one send the newest two stay:
        what may follow depends on the one before, which may have brought the doubt."""
        kind = record.type
        outdated = _OUTDATES.get(kind, ())
        if kind == s.RESULT:
            results = [place[0] for place in self.rests_on if place[3] == s.RESULT]
            self.rests_on = [place for place in self.rests_on if place[0] not in results[:-1]]
        self.rests_on = [place for place in self.rests_on if place[3] not in outdated]
        self.rests_on.append((record.number, record.address, record.size, kind))

    def message_place(self, kinds=(s.INTENT, s.ATTEMPT)):
        """(number, address) of the record that carries the attempt's bytes, or of the newest of other kinds; zeros for none."""
        found = (0, 0)
        for number, address, _, kind in self.rests_on:
            if kind in kinds:
                found = (number, address)
        return found

    def _begin_attempt(self, body):
        self.attempt = body.attempt
        self.batch, self.trace = body.batch, body.trace
        self.sends = 0
        self.stale = False
        self.code = self.rrn = self.approval = b""
        # Whether the sale or void that is being reversed was booked stays in doubt until the reversal is answered.
        self.doubt = body.kind == s.REVERSAL

    def _describe(self, body):
        self.kind, self.road = body.kind & 15, body.kind >> 4
        self.amount = body.amount
        self.batch, self.trace = body.batch, body.trace
        self.date, self.time = body.date, body.time
        self.card, self.fingerprint = body.card, body.fingerprint
        self.reason, self.operator, self.approver = body.reason, body.operator, body.approver
        self.quality = body.quality & ~(RESOLVED | BROUGHT)
        self.brought = bool(body.quality & BROUGHT)


def _verdict(record_type, body):
    """What the fold wants to know of a record besides its type."""
    if record_type == s.RESULT:
        return body.verdict
    if record_type == s.ATTEMPT:
        return body.kind
    if record_type == s.DECISION:
        return body.decision
    if record_type == s.HANDOVER:
        return body.batch  # of the attempt that may have been sent
    return body.quality & RESOLVED if record_type in (s.SALE, s.REFUND) else 0


def attempt_told(record, known):
    """The attempt whose trace and batch are known after that record; 0: not known. The INTENT of what was open for long stays as
    a copy when the ATTEMPT after it has left, and what follows would fold to the trace of the first attempt."""
    if record.type == s.ATTEMPT:
        return record.body().attempt
    if record.type in (s.SENDING, s.RESULT):
        attempt = record.body().attempt
        return attempt if attempt in (1, known) else 0
    # complete in itself, or of what was never sent
    return known or 1 if record.type in (s.SALE, s.REFUND, s.ALARM, s.WITHDRAWN) else known


def moved(places, number, address):
    """Places (see `rests_on`) after the record with that number was copied there. None: it can no longer be read, and is left
    out: at its address something else will stand one day."""
    kept = [place for place in places if place[0] != number or address is not None]
    return [(number, address) + place[2:] if place[0] == number else place for place in kept]


def refund_number(config, number):
    """The one number a refund (or sale) keeps for life: terminal, install epoch, record number. number: of the record, or the
    `origin` of what was brought here."""
    parts = number if isinstance(number, tuple) else (config.terminal, config.epoch, number)
    return "{}-{:04X}-{:08d}".format(*parts)


def numbered(transactions, number):
    """The one with that number, or None."""
    found = [transaction for transaction in transactions if transaction.number == number]
    return found[0] if found else None
