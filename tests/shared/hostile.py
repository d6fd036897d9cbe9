"""Hostile bytes for what the terminal takes in, and what must come of them: the named error or a value, never anything else.

Each target draws its bytes from messages of every kind, mutated, and holds what is accepted to its own reading of docs/wire.md:
it is within the limits of its fields and is encoded again to the same bytes. Runs on both runtimes; one seed gives one attack.
"""

from parts import APPROVED, Card, Clock, Random, Road, answer_to, keys_at, settings
from yuanlu.crypto import Dukpt
from yuanlu.crypto.cmac import cmac
from yuanlu.errors import BadMessage, Silence
from yuanlu.link.channel import Channel
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_OFFLINE, ROAD_WALLET, Draft
from yuanlu.wire import iso8583, messages, serial

TARGETS = ("codec", "answer", "serial", "channel")
BODY = 13  # length 2, TPDU 5, header 6
SHORTEST, LONGEST = 20, 1024
SERIAL_SHORTEST, SERIAL_LONGEST = 9, 1100
FLAG, ESCAPE = 0x7E, 0x7D
KEYS = keys_at(0x10203)
SEALING = Dukpt(None)
CODE = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# docs/wire.md: field: (digits, text or bytes; length; may it be shorter).
LIMITS = {
    3: ("n", 6, False), 4: ("n", 12, False), 11: ("n", 6, False), 12: ("n", 6, False), 13: ("n", 4, False),
    22: ("n", 3, False), 25: ("n", 2, False), 37: ("a", 12, False), 38: ("a", 6, False), 39: ("a", 2, False),
    41: ("a", 8, False), 42: ("a", 15, False), 48: ("n", 322, True), 49: ("a", 3, False), 57: ("b", 255, True),
    60: ("n", 17, True), 61: ("n", 29, True), 62: ("b", 48, True), 63: ("a", 163, True), 64: ("b", 8, False),
}  # fmt: skip


class Original:
    """A transaction as far as messages name one."""

    kind, road, number, batch, trace, date, amount = KIND_SALE, 0, 7, 1, 7, 20261122, 1234
    called, rrn, approval = number, APPROVED.rrn, APPROVED.approval


class Void(Original):
    """One that a reversal undoes."""

    kind = KIND_VOID


class Wallets(Original):
    """One that a wallet is asked about."""

    kind, road = KIND_REFUND, ROAD_WALLET


class Offline(Original):
    """A sale that was uploaded later."""

    road = ROAD_OFFLINE


def requests():
    """A frame of every kind that the firmware makes."""
    config, head, identity = settings(), (8, bytes(8)), (1, 12)
    made = [messages.request(config, Draft(KIND_SALE, 1234, card=Card()), 9, identity, head, None, KEYS)]
    for kind in (KIND_VOID, KIND_REFUND):
        made.append(messages.request(config, Draft(kind, 1234, original=7), 9, identity, head, Original, KEYS))
    made.append(messages.request(config, Draft(KIND_SALE, 1234, card=Card(), road=ROAD_WALLET), 9, identity, head, None, KEYS))
    made.append(messages.request(config, Draft(KIND_REFUND, 1234, original=7), 9, identity, head, Offline, KEYS))
    made += [messages.reversal(config, one, b"98", head, KEYS) for one in (Original, Void)]
    made += [messages.query(config, one, head, bytes(8), KEYS) for one in (Original, Wallets)]
    for name, digits in (
        ("settlement", messages.totals((1234, 1), (500, 1))),
        ("upload", messages.details([(7, KIND_SALE, 0, 7, 1234), (9, KIND_REFUND, 0, 12, 500)])),
        ("end, agreed", "0000"),
        ("end, uploaded", "0002"),
    ):
        made.append(messages.closing(config, name, identity, head, digits, KEYS))
    return made + [messages.sign_on(config, 1, 34), messages.echo(config, 1, 34)]


def is_plain(request):
    """A sign-on or an echo, which has no MAC."""
    return request[BODY] == 8


def is_closing(request):
    """A settlement or a batch upload."""
    return request[BODY] in (3, 5)


def read_answer(frame, request):
    """What the terminal reads out of the answer to a request of that kind."""
    if is_plain(request):
        return messages.read_plain_answer(frame, request)
    return (messages.read_closing if is_closing(request) else messages.read_answer)(frame, request, KEYS.answer, SEALING)


def mutated(random, data):
    """Bytes with one to eight things done to them."""
    changed = bytearray(data)
    for _ in range(random.pick((0, 1, 1, 1, 2, 8))):
        at, deed = random.below(len(changed) or 1), random.below(9)
        if deed < 3 and changed:
            changed[at] = random.pick((0, 0x30, 0x99, 0xFF, FLAG, ESCAPE, random.below(256), changed[at] ^ 1 << random.below(8)))
        elif deed == 3:
            changed = changed[:at] + changed[at + random.pick((1, 2, 20)) :]
        elif deed == 4:
            changed = changed[:at] + noise(random, random.pick((1, 2, 20))) + changed[at:]
        elif deed == 5:
            changed = changed[:at]
        elif deed == 6:
            changed = changed + noise(random, 1 + random.below(random.pick((4, 40, 1100))))
        elif deed == 7:  # what may be a length becomes another one, and what it counted goes
            changed = changed[:at] + bytes((0, random.pick((0, 0, 1, 0x10, 0x99)))) + changed[at + 2 + random.below(9) :]
        elif len(changed) > 40:  # two places change places
            other = random.below(len(changed) - 8)
            at = at if at < len(changed) - 8 else 0
            changed[at : at + 4], changed[other : other + 4] = changed[other : other + 4], changed[at : at + 4]
    return bytes(changed)


def noise(random, count):
    """So many bytes."""
    return bytes([random.below(256) for _ in range(count)])


def framed(content):
    """Content behind the length that it has, as far as 2 bytes can say it."""
    return (len(content) & 0xFFFF).to_bytes(2, "big") + content


def check_message(body):
    """What the codec accepts: every field within its limits, and the same bytes again."""
    message_type, fields = iso8583.decode(body)
    for number in sorted(fields):
        form, length, shorter = LIMITS[number]
        value = fields[number]
        assert 1 <= len(value) <= length if shorter else len(value) == length, ("length", number, value)
        if form == "n":
            assert all("0" <= digit <= "9" for digit in value), ("digits", number, value)
        elif form == "a":
            assert all(32 <= byte <= 126 for byte in value), ("text", number, value)
    rows = [(number, fields[number]) for number in sorted(fields)]
    assert iso8583.encode(message_type, rows) == body, "another message comes out"
    return fields


class Attack:
    """One seed's attack. `tried`: frames so far; `inputs`: of one or more frames each; `accepted`: those of which something was
    believed; `given`: the newest, for a report; `other`: a second Deframer to compare with, or None."""

    def __init__(self, seed, other=None):
        self.random = Random(seed)
        self.requests = requests()
        self.answers = []
        for request in self.requests:
            for code in (b"00", b"05"):
                self.answers.append((request, answer_to(request, code, KEYS.answer)))
                asked = iso8583.decode(request[BODY:])[1]
                if 48 in asked:
                    self.answers.append((request, answer_to(request, code, KEYS.answer, f48=asked[48])))
        self.other = other
        self.tried = self.inputs = self.accepted = 0
        self.given = b""

    async def run(self, target, count):
        """So many frames or a few more; AssertionError that names the input when something comes of it that must not."""
        end = self.tried + count
        while self.tried < end:
            self.inputs += 1
            try:
                accepted = getattr(self, target)()
                if hasattr(accepted, "send"):  # a coroutine
                    accepted = await accepted
            except Exception as error:
                raise AssertionError("{}: {!r} of {}".format(target, error, bytes(self.given).hex())) from None
            self.accepted += accepted

    def codec(self):
        """Messages without TPDU and header."""
        self.tried += 1
        request, answer = self.random.pick(self.answers)
        self.given = body = mutated(self.random, self.random.pick((request, answer))[BODY:])
        try:
            check_message(body)
        except BadMessage:
            return 0
        return 1

    def _frame(self, request, answer):
        """A mutated answer: half have the length that fits, and half of these the MAC that fits."""
        self.tried += 1
        draw = self.random.below(4)
        if draw < 2:
            changed = mutated(self.random, answer)
            return changed if draw else answer[:2] + mutated(self.random, answer[2:])
        content = mutated(self.random, answer[2:])
        if draw == 3 and len(content) > 40:
            content = content[:-8] + cmac(KEYS.answer, request[-8:] + content[BODY - 2 : -8])[:8]
        return framed(content)

    def answer(self):
        """Whole frames for one request."""
        request, answer = self.random.pick(self.answers)
        self.given = frame = self._frame(request, answer)
        return 0 if self._read(frame, request) is None else 1

    def _read(self, frame, request):
        """What the terminal reads out of a frame; None when it passes it over. What it believes is checked."""
        plain, closing = is_plain(request), is_closing(request)
        try:
            found = read_answer(frame, request)
        except BadMessage:
            return None
        frame = bytes(frame)
        assert SHORTEST <= len(frame) - 2 <= LONGEST and framed(frame[2:]) == frame, "length"
        fields = check_message(frame[BODY:])
        assert found[0] == fields[39] and all(byte in CODE for byte in fields[39]), ("code", found)
        if not plain:
            assert closing or found[1] == int(fields[4]), "amount"
            assert frame[-8:] == cmac(KEYS.answer, request[-8:] + frame[BODY:-8])[:8], "MAC"
        return found

    def pieces(self, stream):
        """The stream as a line may bring it: whole, by single bytes, or cut anywhere."""
        draw = self.random.below(4)
        if draw == 0:
            return [stream]
        if draw == 1 and len(stream) < 200:
            return [stream[at : at + 1] for at in range(len(stream))]
        found = []
        while stream:
            count = 1 + self.random.below(len(stream) if draw == 2 else 64)
            found.append(stream[:count])
            stream = stream[count:]
        return found

    def serial(self):
        """One to four frames of the serial line, half of them mutated under a right FCS, half on the line itself."""
        stream, must = b"\x7e", []
        for _ in range(1 + self.random.below(4)):
            self.tried += 1
            body = self.random.pick((b"", b"no connection", self.random.pick(self.answers)[1]))
            line = bytes(serial.frame(1, 1 + self.random.below(7), self.random.below(1 << 24), self.random.below(256), body))
            if self.random.below(2):
                plain = mutated(self.random, unescaped(line[1:-1])[:-2])
                plain += (serial.fcs16(plain) ^ 0xFFFF).to_bytes(2, "little")
                if SERIAL_SHORTEST <= len(plain) <= SERIAL_LONGEST:
                    must.append(escaped(plain))
                line = b"\x7e" + escaped(plain) + b"\x7e"
            else:
                line = b"\x7e" + mutated(self.random, line[1:]) + b"\x7e"
            stream += line
        self.given = stream
        return self._deframed(stream, must)

    def _deframed(self, stream, must):
        deframer, frames = serial.Deframer(), []
        for piece in self.pieces(stream):
            frames += deframer.feed(piece)
        assert len(deframer.buffer) <= SERIAL_LONGEST, "the buffer has grown"
        assert frames == serial.Deframer().feed(stream), "pieces make a difference"
        made = [bytes(serial.frame(*frame))[1:-1] for frame in frames]
        sent = iter([escaped(unescaped(part)) for part in stream.split(b"\x7e") if part and not open_ended(part)])
        for line in made:
            assert comes_up(sent, line), "another frame comes out"
        at = iter(made)
        for line in must:
            assert comes_up(at, line), "a whole frame is lost"
        if self.other is not None:
            assert [tuple(frame) for frame in frames] == [tuple(frame) for frame in self.other().feed(stream)], (
                "the other end differs"
            )
        return 1 if frames else 0

    async def channel(self):
        """One to three frames over a connection, in pieces."""
        request, answer = self.random.pick(self.answers)
        self.given = stream = b"".join([self._frame(request, answer) for _ in range(1 + self.random.below(3))])
        channel = Channel([Road(self.pieces(stream) + [self.random.pick((b"", None))])], Clock())
        offered = []

        def read(frame):
            offered.append(bytes(frame))
            return self._read(frame, request)

        found = None
        await channel.open()
        try:
            found = await channel.exchange(request, read, 1000)
        except Silence as silence:
            assert silence.reason in ("why.no_answer", "why.line_closed", "why.garbage"), silence.reason
        finally:
            channel.close()
        assert offered == frames_of(stream)[: len(offered)], "no frame of the stream"
        assert found is not None or len(offered) == len(frames_of(stream)), "a frame is lost"
        return 0 if found is None else 1


def comes_up(parts, wanted):
    """It is one of the parts that are still to come; what stands before it is passed over."""
    return any(part == wanted for part in parts)


def frames_of(stream):
    """The frames at the beginning of a stream, up to the first length that is none."""
    found = []
    while len(stream) >= 2:
        length = stream[0] << 8 | stream[1]
        if not SHORTEST <= length <= LONGEST or len(stream) < 2 + length:
            break
        found.append(stream[: 2 + length])
        stream = stream[2 + length :]
    return found


def escaped(plain):
    """The bytes between the flags, RFC 1662."""
    return plain.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")


def unescaped(line):
    """The byte after 7D is XOR 20, whatever it is."""
    parts = line.split(b"\x7d")
    out, at = parts[0], 1
    while at < len(parts):
        if parts[at]:
            out += bytes((parts[at][0] ^ 0x20,)) + parts[at][1:]
            at += 1
        elif at + 1 < len(parts):  # 7D 7D
            out += b"\x5d" + parts[at + 1]
            at += 2
        else:
            break
    return out


def open_ended(line):
    """An escape that nothing follows: RFC 1662 has it abort the frame."""
    count = len(line) - len(line.rstrip(b"\x7d"))
    return count % 2 == 1
