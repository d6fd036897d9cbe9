"""One exchange over the first road that opens."""

from parts import Clock, Road, loop
from raises import raises
from yuanlu.errors import NotSent, Silence
from yuanlu.link.acquirer import NetworkRoad
from yuanlu.link.channel import Channel

FRAME = b"\x00\x14" + bytes(20)


def taken(frame):
    """Reads every frame as an answer."""
    return bytes(frame)


async def exchanged(channel, read=taken, ms=1000):
    """Open and exchange once."""
    await channel.open()
    try:
        return await channel.exchange(b"request", read, ms)
    finally:
        channel.close()


async def test_the_second_road_is_used_only_when_the_first_does_not_open():
    """In order, and the route is remembered for the journal."""
    first, second = Road("why.network_down"), Road([FRAME])
    channel = Channel([first, second], Clock())
    assert await exchanged(channel) == FRAME
    assert (channel.route, first.sent, second.sent) == (2, [], [b"request"])
    first, second = Road([FRAME]), Road([FRAME])
    channel = Channel([first, second], Clock())
    assert await exchanged(channel) == FRAME
    assert (channel.route, second.connects) == (1, 0)


async def test_L2_after_the_first_byte_no_other_road_is_tried():
    """Whatever happens then is silence."""
    for bad in ([None], [b""], [b"\xff\xff"], [b"\x00\x13"]):
        first, second = Road(bad), Road([FRAME])
        with raises(Silence):
            await exchanged(Channel([first, second], Clock()))
        assert (len(first.sent), second.connects) == (1, 0)


async def test_no_road_at_all_is_not_sent():
    """With the reason of the first, the one a shop expects to work."""
    roads = [Road("why.network_down"), Road("why.no_bridge")]
    with raises(NotSent) as caught:
        await Channel(roads, Clock()).open()
    assert caught.value.reason == "why.network_down"
    with raises(NotSent):
        await Channel([], Clock()).open()


async def test_silence_says_what_happened():
    """Time ran out, the line closed, or what came is no frame."""
    for chunks, reason in (([None], "why.no_answer"), ([b""], "why.line_closed"), ([b"\xff\xff"], "why.garbage")):
        with raises(Silence) as caught:
            await exchanged(Channel([Road(chunks)], Clock()))
        assert caught.value.reason == reason


async def test_an_answer_arrives_in_pieces():
    """Byte by byte, in two, and with the beginning of something else behind it."""
    for at in range(1, len(FRAME)):
        assert await exchanged(Channel([Road([FRAME[:at], FRAME[at:] + b"\x00"])], Clock())) == FRAME
    assert await exchanged(Channel([Road([FRAME[at : at + 1] for at in range(len(FRAME))])], Clock())) == FRAME


async def test_a_frame_that_is_not_the_answer_is_passed_over():
    """The next one may be it."""
    other = b"\x00\x15" + bytes(21)
    channel = Channel([Road([other + other, FRAME])], Clock())
    seen = []

    def read(frame):
        seen.append(bytes(frame))
        return FRAME if len(frame) == len(FRAME) else None

    assert await exchanged(channel, read) == FRAME
    assert seen == [other, other, FRAME]


async def test_frames_that_are_not_ours_do_not_prolong_the_wait():
    """The time runs from the request."""
    channel = Channel([Road([FRAME, FRAME, None])], Clock())
    before, seen = loop.now, []
    with raises(Silence):
        await exchanged(channel, lambda frame: seen.append(bytes(frame)), 3000)
    assert loop.now - before == 3000 and seen == [FRAME, FRAME]


async def test_lengths_at_their_limits():
    """20 and 1024 bytes are frames; 19 and 1025 are garbage before anything else is taken."""
    for length in (20, 1024):
        frame = length.to_bytes(2, "big") + bytes(length)
        assert await exchanged(Channel([Road([frame])], Clock())) == frame
    for length in (0, 19, 1025, 65_535):
        with raises(Silence):
            await exchanged(Channel([Road([length.to_bytes(2, "big"), FRAME])], Clock()))


async def test_what_one_exchange_left_over_does_not_reach_the_next():
    """Half a frame of the first connection is forgotten with it."""
    road = Road([FRAME[:9], b""], [FRAME])
    channel = Channel([road], Clock())
    with raises(Silence):
        await exchanged(channel)
    assert await exchanged(channel) == FRAME
    assert road.open == 0


async def test_a_cable_that_is_out_is_not_sent_at_once():
    """The network is not even asked."""

    class Network:
        host = "acquirer.test"
        port = 8583
        up = False
        asked = []

        def is_up(self):
            return self.up

        async def connect(self, host, port, tls):
            self.asked.append((host, port))
            return "stream"

    network = Network()
    road = NetworkRoad(network, network)
    with raises(NotSent) as caught:
        await road.connect()
    assert caught.value.reason == "why.network_down" and network.asked == []
    network.up = True
    assert await road.connect() == "stream" and network.asked == [("acquirer.test", 8583)]
