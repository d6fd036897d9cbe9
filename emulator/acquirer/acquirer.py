"""An acquirer to test terminals against: it books, answers, and misbehaves as told. Deterministic for a seed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from . import moods
from .codes import APPROVED, UNDECIDED, Refused
from .events import EventLog
from .forms import MONEY, Form, find
from .ledger import Entry, Ledger, StatementLine
from .message import (
    ASKS,
    BODY_START,
    MAC_BYTES,
    TAG_JOURNAL_HEAD,
    WITHOUT_MAC,
    Attempt,
    BadMessage,
    Message,
    asking,
    check_request,
    decode,
    encode,
    private_data,
    swap_tpdu,
)
from .moods import Reply
from .repeats import Repeats
from .reversals import Reversals
from .serials import Serials
from .services import Services
from .sessions import Sessions
from .settlement import ERROR, Settlements, flagged
from .terminals import Terminals, check_batch_number
from .transactions import LAST_TRACE, Transactions
from .wallets import Wallets

ECHOED = (3, 4, 11, 25, 41, 42, 49, 60)
SETTLEMENT = "0500"
REMARKS = {"late": ", late", "twice": ", twice", "bad-mac": ", with a wrong MAC"}


class Answer(NamedTuple):
    """An answer's frame, for the log why it is what it is, and whether its amount has it lost."""

    frame: bytes
    note: str
    is_lost: bool = False


class Acquirer:
    """`kind` says what a repeat gets, see repeats.py. Every method may be called from any thread.

    `query`: it has a query for refunds; `delay_ms` holds back every answer, `late_ms` those of the mood `late` on top of that.
    `wallets` has the settings of wallets. `clock`: with it no look at the ledger misses what a wallet has done by then;
    without it, wallets move on with each message and settle_wallets().
    """

    def __init__(
        self,
        kind: str,
        *,
        base_key: bytes,
        reader_key: bytes,
        terminals: Collection[tuple[str, str]],
        seed: int = 1,
        query: bool = False,
        clock: Callable[[], datetime] | None = None,
        session: tuple[str, bytes] | None = None,
    ) -> None:
        """Keys of 16 bytes, of which the base key is the one that every terminal's initial key is derived from; `terminals` are
        pairs of merchant (15) and terminal (8). `session`: MAC algorithm and master key, for session keys. ValueError for
        anything else."""
        if {len(base_key), len(reader_key)} != {16}:
            raise ValueError("a key has 16 bytes")
        self.kind = kind
        self.asks = 0
        self.delay_ms = 0
        self.late_ms = 20_000
        self.mood_count: int | None = None
        self._mood = "normal"
        self._clock = clock
        self._ledger = ledger = Ledger()
        self._lock = ledger.lock
        self._keys = Sessions(*session, seed) if session else Serials(base_key, ledger)
        self._terminals = Terminals(terminals)
        self._heads: dict[str, bytes] = {}
        self._repeats = Repeats(kind, ledger, self._terminals)
        self._transactions = Transactions(ledger, self._terminals, reader_key, seed)
        self.wallets = Wallets(ledger)
        self._settlements = Settlements(ledger, self._terminals, self.wallets)
        self._reversals = Reversals(ledger, self.wallets)
        self._services = Services(self._terminals, self._reversals, self._settlements, query)
        if isinstance(self._keys, Sessions):
            self._services.hand_out = self._keys.hand_out
        self._line = moods.Line(seed)
        self._events = EventLog(reader_key)

    @property
    def ledger(self) -> Ledger:
        """The books as they are now."""
        if self._clock:
            self.settle_wallets(self._clock())
        return self._ledger

    @property
    def query(self) -> bool:
        """It can be asked what became of a refund."""
        return self._services.query

    def allow_without_original(self, allowed: bool) -> None:
        """Book refunds that name no sale, as at first, or answer them 58."""
        with self._lock:
            self._transactions.without_original = allowed

    def settle_wallets(self, now: datetime) -> None:
        """Book what wallets have done by the acquirer's time `now`."""
        with self._lock:
            self.wallets.settle(now)

    @property
    def mood(self) -> str:
        """One of MOODS, see moods.py."""
        return self._mood

    @mood.setter
    def mood(self, mood: str) -> None:
        moods.check_mood(mood)
        self._mood = mood

    def set_mood(self, mood: str, count: int | None = None) -> None:
        """Change the mood for the next `count` requests, or until changed (None); ValueError for an unknown mood or no count.

        A sign-on and an echo are met in the mood of the moment and not counted.
        """
        if count is not None and count < 1:
            raise ValueError("a mood lasts for at least one request")
        with self._lock:
            self.mood, self.mood_count = mood, count

    def take_on(self, merchant: str, terminal: str) -> None:
        """Put a terminal under contract; ValueError for sizes other than 15 and 8 characters."""
        with self._lock:
            self._terminals.take_on(merchant, terminal)

    def give_key(self, terminal: str, key_id: bytes, initial_key: bytes) -> None:
        """Know the initial key that a terminal gets in a key block, beside those it had. ValueError for an unknown terminal, keys
        of another kind, wrong sizes, and an id that has another key."""
        if not isinstance(self._keys, Serials):
            raise ValueError("terminals have session keys here")
        with self._lock:
            self._keys.give((self._terminals.merchant_of(terminal), terminal), key_id, initial_key)

    def open_batch(self, terminal: str) -> int:
        """Number of the batch that is open for a terminal, 1 at first; ValueError when the terminal is unknown."""
        with self._lock:
            return self._terminals.open_batch(terminal)

    def set_batch(self, terminal: str, batch: int) -> None:
        """Close the open batch of a terminal and open another one, 1 to 999999; ValueError for anything else."""
        with self._lock:
            self._terminals.set_batch(terminal, batch)
            self._settlements.forget(terminal)

    def ask_terminal(self, asks: int) -> None:
        """Have the next answer carry this host request nibble, 1 to 6, once; 0 takes it back. ValueError for any other."""
        if not 0 <= asks < len(ASKS):
            raise ValueError(f"{asks} is no host request of 0 to {len(ASKS) - 1}")
        with self._lock:
            self.asks = asks

    def upload_offline_sale(self, terminal: str, batch: int, trace: int, amount: int, when: datetime) -> Entry:
        """Book a sale of so many fen that was made without the acquirer and uploaded later; ValueError if it cannot be."""
        check_batch_number(batch)
        if not 1 <= trace <= LAST_TRACE:
            raise ValueError(f"trace {trace} is not 1 to {LAST_TRACE}")
        with self._lock:
            attempt = Attempt(self._terminals.merchant_of(terminal), terminal, f"{batch:06d}", f"{trace:06d}")
            return self._ledger.book(self._transactions.offline_sale(attempt, amount, when))

    def statement(self, terminal: str) -> list[StatementLine]:
        """What a person reads in the books about a terminal: all that is booked and stands; ValueError when it is unknown."""
        with self._lock:
            self._terminals.merchant_of(terminal)
            return self.ledger.statement(terminal)

    def answer(self, frame: bytes, now: datetime) -> list[Reply] | None:
        """What one whole frame gets at the acquirer's time `now`; None is silence. BadMessage when no answer can be addressed."""
        with self._lock:
            self.wallets.settle(now)
            message = self._read(frame, now)
            mood = self._take_mood(message)
            self._events.message("in", message, frame, now, note="not heard" if mood == "silent" else "")
            if mood == "silent":
                return None
            return self._deliver(self._ask_with(self._answer_to(message, mood, now)), mood, now) or None

    def note_bad_frame(self, frame: bytes, why: BadMessage, now: datetime) -> None:
        """Put bytes that never became a frame into the log."""
        with self._lock:
            self._events.bad_frame(frame, why, now)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The last 200 messages as plain dicts, oldest first, cards masked."""
        with self._lock:
            return self._events.view()

    def view(self) -> dict[str, Any]:
        """Everything that a page shows, for JSON."""
        with self._lock:
            return {
                "kind": self.kind,
                "query": self.query,
                "batches": self._terminals.view(),
                "mood": self.mood,
                "mood_count": self.mood_count,
                "asks": self.asks,
                "balance": self.wallets.balance,
                "ledger": self.ledger.view(),
                "events": self.events,
            }

    def _read(self, frame: bytes, now: datetime) -> Message:
        try:
            message = decode(frame)
            check_request(message)
            if message.mac:
                self._keys.check_key(message)
        except BadMessage as error:
            self._events.bad_frame(frame, error, now)
            raise
        return message

    def _take_mood(self, message: Message) -> str:
        mood = self._mood
        if self.mood_count is not None and message.type not in WITHOUT_MAC:
            self.mood_count -= 1
            if self.mood_count < 1:
                self._mood, self.mood_count = "normal", None
        return mood

    def _ask_with(self, answer: Answer) -> Answer:
        asks, self.asks = self.asks, 0
        if not asks:
            return answer
        return Answer(asking(answer.frame, asks), f"{answer.note}, asks for {ASKS[asks]}", answer.is_lost)

    def _deliver(self, answer: Answer, mood: str, now: datetime) -> list[Reply]:
        replies = [] if answer.is_lost else self._line.deliver(mood, answer.frame, self.delay_ms, self.late_ms)
        meant = decode(answer.frame)
        if not replies:
            self._events.message("lost", meant, answer.frame, now, note=answer.note)
        for reply in replies:
            if mood == "garbage":
                self._events.garbage(reply.frame, meant, now, note=answer.note)
            else:
                sent = meant if reply.frame == answer.frame else decode(reply.frame)
                self._events.message("out", sent, reply.frame, now, note=answer.note + REMARKS.get(mood, ""))
        return replies

    def _answer_to(self, message: Message, mood: str, now: datetime) -> Answer:
        try:
            form = self._admit(message, now)
            if form.name not in MONEY:
                extra, note = self._services.serve(form, message, mood, now)
                return Answer(self._build_answer(message, now, APPROVED, extra), note)
            self._reversals.check(message.attempt)
            if not self._repeats.has(message.attempt):
                self._terminals.check_batch(message)
            known = self._repeats.recall(message, now)
            if known is None:
                self._settlements.check(message.attempt)
        except Refused as refusal:
            # Not stored: nothing was decided about this attempt, the same bytes may fare better later.
            return Answer(self._build_answer(message, now, refusal.code), str(refusal))
        if known is not None:
            sealed = known[:-MAC_BYTES] + self._keys.answer_mac(message, known[BODY_START:-MAC_BYTES])
            return Answer(sealed, "replay of the stored answer")
        return self._decide(form, message, mood, now)

    def _admit(self, message: Message, now: datetime) -> Form:
        if message.mac:
            self._keys.check(message, now)
        form = find(message)
        self._terminals.check(message)
        if message.mac:
            self._keys.check_owner(message, now)
            self._note_head(message)
        return form

    def _note_head(self, message: Message) -> None:
        with suppress(BadMessage):  # what is wrong with field 57 is told where it is judged
            head = private_data(message).get(TAG_JOURNAL_HEAD, b"")
            if len(head) == 12:
                self._heads[message.fields[41]] = head

    def anchor(self, terminal: str) -> str | None:
        """Number and tag of the journal record that stood last before this terminal's newest message, as NUMBER:TAG."""
        with self._lock:
            head = self._heads.get(terminal)
            return f"{int.from_bytes(head[:4], 'big')}:{head[4:].hex()}" if head else None

    def _decide(self, form: Form, message: Message, mood: str, now: datetime) -> Answer:
        amount = int(message.fields[4])
        try:
            code, entry, note = self._book(form, message, mood, now)
        except Refused as refusal:
            answer = Answer(self._build_answer(message, now, refusal.code), str(refusal))
            if refusal.code not in UNDECIDED:
                self._repeats.store(message, answer.frame)
            return answer
        booked = {4: f"{entry.amount:012d}", 37: entry.rrn, 38: entry.approval}
        frame = self._build_answer(message, now, code, booked if code == APPROVED else {})
        self._repeats.store(message, frame)
        return Answer(frame, note, moods.swallows(mood, amount))

    def _book(self, form: Form, message: Message, mood: str, now: datetime) -> tuple[str, Entry, str]:
        """What is answered to a sale, void or refund, the entry, and for the log what became of it; Refused when nothing did."""
        amount = int(message.fields[4])
        if form.name == "refund" and self._transactions.is_of_wallet(message):
            code = moods.accept(mood, amount)
            known = self.wallets.recall(message, now)
            if known:
                return code, known, "accepted before"
            entry = self._transactions.entry(form.name, message, now)
            self.wallets.accept(entry, now)
            return code, entry, "accepted"
        moods.refuse(mood, amount)
        entry = self._transactions.entry(form.name, message, now)
        if mood == "less" and form.name == "refund" and amount > 1:
            entry = replace(entry, amount=amount - 1, asked=amount)
        self._ledger.book(entry)
        return APPROVED, entry, "booked" if entry.booking == 1 else "booked again"

    def _build_answer(self, message: Message, now: datetime, code: str, extra: dict[int, str] | None = None) -> bytes:
        """A request without a MAC, a sign-on or an echo, gets an answer without one."""
        fields = {field: message.fields[field] for field in ECHOED if field in message.fields}
        if message.type == SETTLEMENT and 48 in message.fields:
            fields[48] = flagged(message.fields[48], ERROR)
        fields |= {12: f"{now:%H%M%S}", 13: f"{now:%m%d}", 39: code} | (extra or {})
        return encode(
            swap_tpdu(message.tpdu),
            message.answer_type,
            fields,
            (lambda signed: self._keys.answer_mac(message, signed)) if message.mac else None,
        )
