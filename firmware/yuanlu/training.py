"""The room in which a clerk can do no harm: a journal of its own in a region of its own, a vault without keys, and a teacher in
place of the forwarder. A visiting module: it is made when a person enters, and nothing of it is read again.

It cannot send, by construction. The vault holds no key for messages, so no message is made: an INTENT of this journal carries
_ANSWER_KEY zero bytes and nothing behind them. The real forwarder would find nothing to send in it (Unreadable). And there is no
channel here: the teacher writes down an answer, it asks for none.
"""

from binascii import crc32

from yuanlu.compat import Event, leave, visit
from yuanlu.crypto.seal import PLACES, Seal, provisioned
from yuanlu.desk import Desk
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft
from yuanlu.store import history
from yuanlu.store.journal import Journal

TERMINAL = "TRAINING"  # for field 41: no acquirer knows it
_ANSWER_KEY = 16
_SOLD = (100_00, 58_00, 58_00, 58_00, 36_60)  # the third is found by its trace alone
_PART = 20_00


class Vault:
    """In RAM, and for the seal of this journal alone: its key is no secret, and places of other keys are empty."""

    def __init__(self, vault):
        self.random, self.draw = vault.random, vault.draw
        self.places = {PLACES[0]: provisioned(bytes(32), bytes(16))}

    def load(self, place):
        return self.places.get(place, b"")

    def store(self, place, data):
        self.places[place] = bytes(data)


class Settings:
    """The terminal's own, but for what would need a key, a PIN or a line."""

    def __init__(self, config):
        self.config = config
        self.terminal, self.mac = TERMINAL, "dukpt"
        self.login = self.no_original = self.query = self.wallet_accepts = 0

    def __getattr__(self, name):
        return getattr(self.config, name)


class TrainingDesk(Desk):
    """The same counter with the same rules; what it records carries no message."""

    def _message(self, draft, number, identity, original):
        return bytes(_ANSWER_KEY)


class Answer:
    """What the teacher says in the acquirer's place."""

    def __init__(self, code, number, clock):
        self.code, self.amount = code, 0
        done = code == b"00"
        self.rrn = "{:012d}".format(number).encode() if done else b""
        self.approval = "{:06d}".format(number % 1_000_000).encode() if done else b""
        date, self.time, _ = clock.date()
        self.date = date % 10_000


class Teacher:
    """What the flows know of a forwarder; it approves whatever a person waits for."""

    def __init__(self, desk):
        self.desk, self.changed, self.asks = desk, Event(), 0

    def wake(self):
        """New work is answered when somebody waits for its outcome; until then it stands as never sent."""

    def send_now(self, transaction):
        """As above."""
        transaction.due = None

    async def outcome(self, transaction, ms):
        """It is answered at once."""
        if transaction.state == s.IS_QUEUED:
            self.answer(transaction)

    def answer(self, transaction, code=b"00", verdict=s.DONE):
        """SENDING and what came of it, as the forwarder writes them; not a byte has gone anywhere."""
        journal = self.desk.journal
        journal.make_room()
        head = (transaction.number, transaction.original, transaction.attempt)
        journal.append(s.SENDING, head + (transaction.sends + 1, 0, transaction.doubt))
        self.desk.note(transaction, verdict, Answer(code, transaction.number, self.desk.clock))


class Card:
    """The one that the tasks are about."""

    road, number, fingerprint, block = 0, b"6222020007", bytes(8), b""


class Room:
    """Given the Flash port of the training region, which is wiped, the Config, and the Vault and Clock ports."""

    def __init__(self, flash, config, vault, clock):
        for sector in range(flash.sectors):
            flash.erase(sector)
        self.config, self.vault = Settings(config), Vault(vault)
        self.journal = Journal(flash, crc32(TERMINAL.encode()), Seal(self.vault))
        self.journal.mount()
        self.desk = TrainingDesk(self.journal, self.config, self.vault, clock)
        self.teacher = Teacher(self.desk)
        self._prepare()

    def _prepare(self):
        """What the tasks are about: sales that are done, and three refunds of the first: unknown, never sent, answered 06."""
        self.sales = [self._open(Draft(KIND_SALE, amount, card=Card())) for amount in _SOLD]
        for sale in self.sales:
            self.teacher.answer(sale)
            self.desk.printed(sale)  # long ago: no slip of it is owed here
        unknown, waits, asked = [Draft(KIND_REFUND, amount, self.sales[0].number) for amount in (_PART, 30_00, 10_00)]
        self.unknown, self.asked, self.waits = self._open(unknown), self._open(asked), self._open(waits)
        self.teacher.answer(self.unknown, b"", s.PERSON)
        self.teacher.answer(self.asked, b"06", s.PERSON)

    def _open(self, draft):
        return self.desk.open(draft)

    # ---- the tasks

    def tasks(self):
        """(text to say, whether the training journal shows that it is done) of each."""
        last, part, traced = self.sales[4], self.sales[1], self.sales[2]
        return (
            (("task.last",), self._given(last) == last.amount),
            (("task.part", part.trace), self._given(part) == _PART),
            (("task.trace", traced.trace), self._given(traced) == traced.amount),
            (("task.unknown",), self._became(self.unknown, s.IS_RESOLVED_DONE)),
            (("task.withdraw",), self._became(self.waits, s.IS_WITHDRAWN)),
            (("task.code",), self._was_called()),
        )

    def mistakes(self):
        """Fen that were given back of sales that no task is about, or more than it asks for."""
        asked = {self.sales[4].number: self.sales[4].amount, self.sales[1].number: _PART, self.sales[2].number: 58_00}
        return sum([max(0, self._given(sale) - asked.get(sale.number, 0)) for sale in self.sales[1:]])

    def _given(self, sale):
        return history.given_back(self.journal.log, sale.number)

    def _became(self, transaction, state):
        found = self.journal.transaction(transaction.number)
        return found is not None and found.state == state

    def _was_called(self):
        progress = visit("yuanlu.store.progress")
        found = [note.kind for note in progress.notes(self.journal.log, self.asked)]
        leave("yuanlu.store.progress")
        return 2 in found  # a call
