"""The road over the serial line against a far end that does what it is told. docs/wire.md section 3."""

from parts import Clock, Vault, loop, running
from raises import raises
from yuanlu.compat import Event
from yuanlu.errors import NotSent, Silence
from yuanlu.link.serial_line import SerialLine
from yuanlu.wire import serial

REQUEST, ANSWER = b"\x00\x14" + bytes(20), b"\x00\x14" + bytes(range(20))


class FarEnd:
    """The Serial port of the terminal, with a bridge behind it that answers by its rules.

    rules: kind of frame -> function(frame) -> frames that come back, each (kind, session, sequence, body).
    """

    def __init__(self, **rules):
        self.rules = rules
        self.heard = []
        self.arrived = []
        self.filled = Event()
        self.deframer = serial.Deframer()

    def write(self, data):
        for frame in self.deframer.feed(data):
            self.heard.append(frame)
            for answer in self.rules.get(NAMES[frame.kind], lambda frame: ())(frame):
                self.say(*answer)

    def say(self, kind, session, sequence=0, body=b"", channel=serial.ACQUIRER):
        self.arrive(serial.frame(channel, kind, session, sequence, body))

    def arrive(self, data):
        self.arrived.append(bytes(data))
        self.filled.set()

    async def read(self):
        while not self.arrived:
            self.filled.clear()
            await self.filled.wait()
        return self.arrived.pop(0)

    def count(self, kind):
        return len([1 for frame in self.heard if frame.kind == kind])


NAMES = {2: "open", 5: "data", 6: "ack", 7: "closed"}


def opened(frame):
    """The acquirer is connected."""
    return [(serial.OPENED, frame.session)]


def failed(frame):
    """The acquirer is not reached."""
    return [(serial.FAILED, frame.session, 0, b"connection refused")]


def acked(frame):
    """Arrived whole."""
    return [(serial.ACK, frame.session, frame.sequence)]


def answered(frame):
    """Arrived whole, and here is the answer."""
    return [(serial.ACK, frame.session, frame.sequence), (serial.DATA, frame.session, 0, ANSWER)]


def closed(frame):
    """That session is gone."""
    return [(serial.CLOSED, frame.session)]


def a_line(**rules):
    """A SerialLine and its far end."""
    far = FarEnd(**rules)
    return SerialLine(far, Clock(), Vault()), far


async def not_sent(line):
    """The reason why no session could be opened, and how long that took."""
    before = loop.now
    with raises(NotSent) as caught:
        await line.connect()
    return caught.value.reason, loop.now - before


async def silence(stream):
    """The reason why it is not known whether the request arrived."""
    with raises(Silence) as caught:
        await stream.write(REQUEST)
    return caught.value.reason


async def test_an_exchange():
    """OPEN, DATA, the answer acknowledged, CLOSED; the session is random and never 0."""
    line, far = a_line(open=opened, data=answered)
    with running(line.run):
        stream = await line.connect()
        await stream.write(REQUEST)
        assert await stream.read(1000) == ANSWER
        stream.close()
        assert [frame.kind for frame in far.heard] == [serial.OPEN, serial.DATA, serial.ACK, serial.CLOSED]
        assert len([1 for frame in far.heard if frame.session == far.heard[0].session != 0]) == 4
        assert far.heard[1].body == REQUEST and line.session == 0
        stream = await line.connect()
        assert far.heard[-1].session != far.heard[0].session


async def test_L2_nobody_answers_is_not_sent():
    """Three OPEN and no DATA: another road may be tried."""
    line, far = a_line()
    with running(line.run):
        assert await not_sent(line) == ("why.no_bridge", 1500)
    assert (far.count(serial.OPEN), far.count(serial.DATA)) == (3, 0)


async def test_L2_a_bridge_that_cannot_connect_is_not_sent():
    """It says so, and the terminal believes it at once."""
    line, far = a_line(open=failed)
    with running(line.run):
        assert await not_sent(line) == ("why.bridge_no_acquirer", 0)
    assert far.count(serial.DATA) == 0


async def test_a_bridge_that_is_still_connecting_is_waited_for():
    """It shows itself; its own connect may take five seconds."""
    line, far = a_line()
    with running(line.run):
        far.say(serial.HERE, 0)
        await line.clock.sleep_ms(1)
        reason, took = await not_sent(line)
        assert reason == "why.no_bridge" and 5000 < took <= 8000
        far.rules["open"] = lambda frame: opened(frame) if far.count(serial.OPEN) > 20 else ()
        far.say(serial.HERE, 0)
        assert await line.connect() is not None


async def test_L6_data_without_an_ack_is_silence():
    """Sent once and five times again, each the same, and then nothing is known."""
    line, far = a_line(open=opened)
    with running(line.run):
        stream = await line.connect()
        before = loop.now
        assert await silence(stream) == "why.no_answer"
        assert loop.now - before == 3000
    assert [frame[1:] for frame in far.heard if frame.kind == serial.DATA] == [far.heard[1][1:]] * 6


async def test_a_lost_ack_costs_a_repeat_on_the_line_only():
    """The same sequence again, which the bridge does not pass on twice."""
    line, far = a_line(open=opened)
    far.rules["data"] = lambda frame: acked(frame) if far.count(serial.DATA) == 3 else ()
    with running(line.run):
        stream = await line.connect()
        await stream.write(REQUEST)
    sequences = [frame.sequence for frame in far.heard if frame.kind == serial.DATA]
    assert sequences == [0, 0, 0]


async def test_L6_a_session_that_is_gone_is_silence():
    """CLOSED instead of an ACK, and CLOSED while the answer is awaited."""
    line, far = a_line(open=opened, data=closed)
    with running(line.run):
        stream = await line.connect()
        assert await silence(stream) == "why.line_closed"
        stream.close()
        assert far.count(serial.CLOSED) == 0, "who closed first needs no CLOSED back"
        far.rules["data"] = lambda frame: acked(frame) + closed(frame)
        stream = await line.connect()
        await stream.write(REQUEST)
        assert await stream.read(1000) == b""


async def test_a_duplicate_from_the_far_end_is_delivered_once():
    """Acknowledged each time, since the first ACK may have been lost."""
    line, far = a_line(open=opened, data=lambda frame: answered(frame) + [(serial.DATA, frame.session, 0, ANSWER)])
    with running(line.run):
        stream = await line.connect()
        await stream.write(REQUEST)
        assert await stream.read(1000) == ANSWER
        assert await stream.read(1000) is None
        assert far.count(serial.ACK) == 2
        far.say(serial.DATA, line.session, 1, b"more")
        assert await stream.read(1000) == b"more"


async def test_frames_of_another_session_are_not_ours():
    """A late answer to an earlier session reaches nobody; nor does one that names no session."""
    line, far = a_line(open=opened, data=acked)
    with running(line.run):
        first = await line.connect()
        old = line.session
        first.close()
        far.say(serial.DATA, old, 0, b"late")
        far.say(serial.DATA, 0, 0, b"nobody's")
        await line.clock.sleep_ms(1)
        stream = await line.connect()
        far.say(serial.DATA, old, 0, b"late")
        far.say(serial.CLOSED, old)
        far.say(serial.DATA, 0, 0, b"nobody's")
        await stream.write(REQUEST)
        assert await stream.read(1000) is None
    assert far.count(serial.ACK) == 0


async def test_what_is_not_for_the_acquirer_channel_is_left_alone():
    """The technician's frames on the same line."""
    line, far = a_line(open=opened, data=acked)
    with running(line.run):
        stream = await line.connect()
        far.say(serial.DATA, line.session, 0, b"service", serial.SERVICE)
        assert await stream.read(1000) is None


async def test_noise_on_the_line_harms_nothing():
    """Between and around good frames."""
    line, far = a_line(open=opened, data=answered)
    with running(line.run):
        far.arrive(b"\x7e\x01\x02garbage\x7d\x7e\xff")
        stream = await line.connect()
        far.arrive(b"noise")
        far.arrive(b"\x7e")
        await stream.write(REQUEST)
        assert await stream.read(1000) == ANSWER


async def test_reading_waits_no_longer_than_asked():
    """None when time ran out, to the millisecond."""
    line, _ = a_line(open=opened, data=acked)
    with running(line.run):
        stream = await line.connect()
        await stream.write(REQUEST)
        before = loop.now
        assert await stream.read(777) is None and loop.now - before == 777


async def test_a_bridge_that_appears_is_told():
    """Once, when it shows itself after none was there for seven seconds."""
    line, far = a_line()
    with running(line.run):
        for silent_ms, told in ((1, True), (2000, False), (6900, False), (7100, True)):
            line.appeared.clear()
            await line.clock.sleep_ms(silent_ms)
            far.say(serial.HERE, 0)
            await line.clock.sleep_ms(1)
            assert line.appeared.is_set() == told, silent_ms


async def test_the_sequence_goes_around():
    """256 messages in one session, both ways."""
    line, far = a_line(open=opened)
    far.rules["data"] = lambda frame: acked(frame) + [(serial.DATA, frame.session, frame.sequence, bytes((frame.sequence,)))]
    with running(line.run):
        stream = await line.connect()
        for number in range(258):
            await stream.write(REQUEST)
            assert await stream.read(1000) == bytes((number & 0xFF,)), number
            far.heard.clear()
