"""Who may work here: at most eight operators and supervisors, in the vault. A visiting module.

The table, little-endian: u16 iterations of PBKDF2 (0: not measured yet), then ten rows
    u8 id | u8 role | u8 person | u8 initial | u8 tries | u8 grace | u16 uses | u32 date | u32 until | u32 boot
    salt 16 | verifier 16 | 4 former 8
id 0: a free row; role 0: of one who was removed, since limits are a person's, and date then of that day. person: one human being,
whatever ids he has. initial: 1 while the PIN is not of his own choosing. tries: wrong
ones in a row. uses, date: logins since the PIN was chosen, and when that was; grace: logins since its term was over. until: ms
ticks of the life `boot` up to which a locked row waits; a later life waits the whole time again. former: the first 8 bytes of the
verifiers before this one, newest first. Two rows more, in which only tries, until and boot count: for ids that nobody has, so
that they lock like the others, and for codes by telephone.

verifier = HMAC(K_pin, PBKDF2(PIN, salt, iterations))[:16]: without the vault's K_pin nothing can be guessed from a copy of the
table. A PIN has few digits: whoever reads the vault itself will find it. The try is counted before it is checked, so that a power
cut can only cost a try.
"""

from struct import pack, unpack

from yuanlu.compat import const, leave, visit
from yuanlu.crypto.cmac import equal
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import Refused
from yuanlu.refund.rules import days
from yuanlu.refund.transaction import TECHNICIAN

PLACES = (10, 11)  # of the vault
PIN_KEY = const(12)
AUTHORITY_KEY = const(13)  # 32 bytes, of this terminal, for codes by telephone

OPERATOR = const(1)
SUPERVISOR = const(2)
WRONG = const(1)  # outcomes of a PIN_TRY
LOCKED = const(2)

MOST = const(8)
_ROW = "<BBBBBBHIII16s16s32s"
_SIZE = const(84)
_LENGTH = const(842)
_FORMER = const(8)
_NOBODY = const(8)  # the row of unknown ids
_TELEPHONE = const(9)
TRIES = const(5)
_LOCKED_MS = const(1_800_000)
FEWEST = const(1000)  # iterations
_MOST_ITERATIONS = const(10_000)
_TARGET_MS = const(500)
_SAMPLE = const(200)
_GRACE = const(3)  # logins after the term of a PIN


class Row:
    """One operator."""

    def __init__(self, data):
        row = unpack(_ROW, data)
        self.id, self.role, self.person, self.initial, self.tries = row[:5]
        self.grace, self.uses, self.date, self.until, self.boot = row[5:10]
        self.salt, self.verifier, self.former = row[10:]

    def packed(self):
        head = (self.id, self.role, self.person, self.initial, self.tries)
        head += (self.grace, self.uses, self.date, self.until, self.boot)
        return pack(_ROW, *(head + (self.salt, self.verifier, self.former)))


class Operators:
    """Given the Vault port, the Clock port and the number of this life; told(what, row) is called before a row is changed by a
    person. Refused when the vault holds no table."""

    def __init__(self, vault, clock, boot, told=lambda what, row: None):
        self.vault, self.clock, self.boot, self.told = vault, clock, boot, told
        self.kept = TwoPlaces(vault, PLACES, _LENGTH)
        if self.kept.state is None or not vault.load(PIN_KEY):
            raise Refused("refused.no_operators")
        state = bytes(self.kept.state)
        self.iterations = int.from_bytes(state[:2], "little")
        self.rows = [Row(state[at : at + _SIZE]) for at in range(2, _LENGTH, _SIZE)]

    def _store(self):
        self.kept.store(pack("<H", self.iterations) + b"".join([row.packed() for row in self.rows]))

    def all(self):
        """The rows in use, by id."""
        return sorted([row for row in self.rows[:MOST] if row.role], key=lambda row: row.id)

    def find(self, number):
        """The row of that id that is in use, or None."""
        row = self.known(number)
        return row if row and row.role else None

    def known(self, number):
        """The row of that id, in use or removed, or None."""
        found = [row for row in self.rows[:MOST] if row.id == number and number]
        return found[0] if found else None

    def is_locked(self, row):
        """It waits: for its time, or for a supervisor."""
        if row.tries < TRIES:
            return False
        now = self.clock.ticks_ms()
        return (self.clock.diff_ms(row.until, now) if row.boot == self.boot else _LOCKED_MS - now) > 0

    def check(self, number, pin):
        """(the row, 0) when that is the PIN of that id, else (None, WRONG or LOCKED): the same for an id that nobody has, in
        the same time. Each try is durable before it is checked."""
        row = self.find(number) or self.rows[_NOBODY]
        return self._try(row, lambda: equal(self._verifier(pin, row.salt), row.verifier) and row.id == number)

    def check_code(self, said, code):
        """The same, for the code that the authority says on the telephone. It has eight digits, as `said` has."""
        return self._try(self.rows[_TELEPHONE], lambda: equal(code.encode(), said.encode()))[1]

    def _try(self, row, is_right):
        locked = self.is_locked(row)
        if not locked:
            row.tries = min(255, row.tries + 1)
            row.until, row.boot = self.clock.deadline(_LOCKED_MS) & 0xFFFFFFFF, self.boot
        self._store()
        right = is_right()
        if locked:
            return None, LOCKED
        if not right:
            return None, LOCKED if row.tries >= TRIES else WRONG
        row.tries = 0
        row.uses = min(65535, row.uses + 1)
        self._store()
        return row, 0

    def logins_left(self, row, config):
        """How many more logins before he has to choose another PIN: 0 when it was given to him, or its term is long over; None
        while it is not."""
        if row.initial:
            return 0
        today, _, trusted = self.clock.date()
        age = days(today) - days(row.date) if trusted and row.date else 0
        return max(0, _GRACE - row.grace) if age > config.pin_days or row.uses >= config.pin_uses else None

    def log_in_once_more(self, row):
        """Durable: he keeps a PIN whose term is over."""
        row.grace += 1
        self._store()

    def add(self, number, role, person, pin, initial=1):
        """A new row, in place of one of that id that was removed, else of a free one, else of who was removed first. Refused when
        the id is taken or none is free."""
        free = sorted([row for row in self.rows[:MOST] if not row.role], key=lambda row: (row.id not in (0, number), row.date))
        free = [row for row in free if row.id == number] or free
        if self.find(number) or not 0 < number < TECHNICIAN:
            raise Refused("refused.id_taken")
        if not free:
            raise Refused("refused.operators_full", MOST)
        fault = pin_fault(pin, role, number)
        if fault:
            raise Refused(fault)
        row = self.rows[self.rows.index(free[0])] = Row(bytes(_SIZE))
        row.id, row.role, row.person, row.salt = number, role, person, bytes(self.vault.random(16))
        self.set_pin(row, pin, initial)

    def remove(self, row):
        """Durable: nobody logs in by that id any more. Refused for the last supervisor who chose his PIN himself."""
        others = [other for other in self.all() if other.role == SUPERVISOR and not other.initial and other is not row]
        if row.role == SUPERVISOR and not others:
            raise Refused("refused.last_supervisor")
        self.told("removed", row)
        past = self.rows[self.rows.index(row)] = Row(bytes(_SIZE))
        past.id, past.person, past.date = row.id, row.person, self.clock.date()[0]
        self._store()

    def set_pin(self, row, pin, initial=0):
        """Durable: another PIN, and unlocked. Refused when a rule says no to it. The salt stays, so that former PINs are known
        again."""
        fault = pin_fault(pin, row.role, row.id)
        if fault:
            raise Refused(fault)
        if not self.iterations:
            self.iterations = calibrated(self.clock)
        verifier, before = self._verifier(pin, row.salt), row.verifier[:_FORMER] + row.former
        if verifier[:_FORMER] in [before[at : at + _FORMER] for at in range(0, len(before), _FORMER)]:
            raise Refused("refused.pin_same")
        self.told(("first PIN" if any(row.verifier) else "added") if initial else "PIN", row)
        row.verifier, row.former = verifier, before[: len(row.former)]
        row.initial, row.tries, row.grace, row.uses, row.date = initial, 0, 0, 0, self.clock.date()[0]
        self._store()

    def unlock(self, row):
        """Durable: his tries are forgotten."""
        self.told("unlocked", row)
        row.tries = 0
        self._store()

    def _verifier(self, pin, salt):
        key = visit("yuanlu.crypto.pbkdf2").pbkdf2_sha256(pin.encode(), salt, self.iterations or FEWEST)
        leave("yuanlu.crypto.pbkdf2")
        return hmac_sha256(self.vault.load(PIN_KEY), key)[:16]


def calibrated(clock):
    """Iterations that take about half a second here, within what is allowed."""
    began = clock.ticks_ms()
    visit("yuanlu.crypto.pbkdf2").pbkdf2_sha256(b"0", b"0", _SAMPLE)
    spent = clock.diff_ms(clock.ticks_ms(), began)
    leave("yuanlu.crypto.pbkdf2")
    return max(FEWEST, min(_MOST_ITERATIONS, _SAMPLE * _TARGET_MS // max(1, spent))) if spent else FEWEST


def pin_length(role):
    """Digits of a PIN."""
    return 8 if role == SUPERVISOR else 6


def pin_fault(pin, role, number):
    """The word id of what is wrong with it, or None: too short or long, one part over and over, a run, the id."""
    if len(pin) != pin_length(role):
        return "refused.pin_length"
    steps = [(ord(pin[at + 1]) - ord(pin[at])) % 10 for at in range(len(pin) - 1)]
    if steps in ([1] * len(steps), [9] * len(steps)):
        return "refused.pin_easy"
    if any(pin == pin[:part] * (len(pin) // part) for part in (1, 2, 3, 4)) or int(pin) == number:
        return "refused.pin_easy"
    return None


def code_of(key, terminal, shown, amount, word):
    """Eight digits that the authority says on the telephone. shown: the eight digits on the screen; amount: fen; word: what is
    agreed to, as the screen says it."""
    mac = hmac_sha256(key, "yuanlu approve {} {} {} {}".format(terminal, shown, amount, word).encode())
    return digits(mac)


def digits(data):
    """Eight decimal digits of the first four bytes."""
    return "{:08d}".format(int.from_bytes(data[:4], "big") % 100_000_000)
