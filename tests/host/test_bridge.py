"""The rules of the serial bridge (docs/wire.md, section 3) on virtual time. test_hdlc.py has the program on a real line."""

import random

import pytest

from host_tools.yuanluctl.bridge import Action, Bridge, CloseUpstream, Connect, SendUpstream, WriteSerial
from host_tools.yuanluctl.hdlc import Deframer, Frame, frame

HERE, OPEN, OPENED, FAILED, DATA, ACK, CLOSED = range(1, 8)
S, OTHER = 0x5EC0FFEE, 0x00C0FFEE


def whole(text: str, length: int = 20) -> bytes:
    return length.to_bytes(2, "big") + text.encode().ljust(length, b".")


REQUEST, ANSWER = whole("request"), whole("answer")


class Bench:
    """A Bridge between a terminal and an acquirer that the test plays; remembers all that came out."""

    def __init__(self) -> None:
        self.now = 1000
        self.bridge = Bridge(self.now)
        self.heard: list[tuple[int, Frame]] = []  # by the terminal, with the time
        self.sent: list[bytes] = []  # to the acquirer
        self.ends: list[Action] = []  # Connect and CloseUpstream
        self.wait(0)

    def do(self, actions: list[Action]) -> list[Frame]:
        said = [message for action in actions if isinstance(action, WriteSerial) for message in Deframer().feed(action.data)]
        self.heard += [(self.now, message) for message in said]
        self.sent += [action.data for action in actions if isinstance(action, SendUpstream)]
        self.ends += [action for action in actions if isinstance(action, Connect | CloseUpstream)]
        return said

    def terminal(self, kind: int, session: int = S, sequence: int = 0, body: bytes = b"") -> list[Frame]:
        return self.do(self.bridge.serial_received(self.now, frame(1, kind, session, sequence, body)))

    def acquirer(self, data: bytes, connection: int = 1) -> list[Frame]:
        return self.do(self.bridge.upstream_received(self.now, connection, data))

    def wait(self, milliseconds: int) -> list[Frame]:
        end, said = self.now + milliseconds, []
        while self.bridge.next_due() <= end:
            self.now = max(self.now, self.bridge.next_due())
            said += self.do(self.bridge.tick(self.now))
            assert self.bridge.next_due() > self.now, "what was due has not been done"
        self.now = end
        return said


@pytest.fixture
def bench() -> Bench:
    """A Bench whose session S is open."""
    bench = Bench()
    assert bench.terminal(OPEN) == []
    assert bench.do(bench.bridge.upstream_connected(bench.now, 1)) == [Frame(1, OPENED, S, 0, b"")]
    return bench


def test_here_at_the_start_and_every_two_seconds_without_a_session() -> None:
    bench = Bench()
    bench.wait(6500)
    assert bench.heard == [(time, Frame(1, HERE, 0, 0, b"")) for time in (1000, 3000, 5000, 7000)]
    bench.terminal(OPEN)
    assert bench.wait(10_000) == []
    bench.terminal(CLOSED)
    assert [message.kind for message in bench.wait(4000)] == [HERE, HERE]


def test_open_connects_once() -> None:
    bench = Bench()
    assert [bench.terminal(OPEN) for _ in range(3)] == [[], [], []]
    assert bench.ends == [Connect(1)]
    bench.do(bench.bridge.upstream_connected(bench.now, 1))
    assert bench.terminal(OPEN) == [Frame(1, OPENED, S, 0, b"")]
    assert bench.do(bench.bridge.upstream_failed(bench.now, 1, "the time to connect is over")) == []
    assert bench.ends == [Connect(1)]


def test_data_leaves_once_however_often_it_comes(bench: Bench) -> None:
    frames = [whole(f"request {number}") for number in range(300)]  # the sequence goes around
    copies = 0
    for number in range(len(frames)):
        # Its repeats, and one before it that the line has delayed: whoever looks at the last sequence only, sends that again.
        for late in (number, number, number - 1, number):
            if late >= 0:
                assert bench.terminal(DATA, S, late & 0xFF, frames[late]) == [Frame(1, ACK, S, late & 0xFF, b"")]
                copies += 1
    assert bench.sent == frames
    assert copies == 4 * len(frames) - 1


@pytest.mark.parametrize("body", [b"", b"\0", REQUEST[:-1], REQUEST + b"x", whole("", 19), whole("", 1025)])
def test_what_is_no_whole_frame_is_not_taken(bench: Bench, body: bytes) -> None:
    assert (bench.terminal(DATA, body=body), bench.sent) == ([], [])
    assert bench.terminal(DATA, sequence=1, body=REQUEST) == []  # nor one ahead of its turn
    bench.terminal(DATA, body=whole("", 1024))
    assert bench.sent == [whole("", 1024)]


def test_data_before_opened_is_not_taken() -> None:
    bench = Bench()
    bench.terminal(OPEN)
    assert (bench.terminal(DATA, body=REQUEST), bench.sent) == ([], [])


def test_restarted_bridge_knows_no_session() -> None:
    bench = Bench()
    assert bench.terminal(DATA, body=REQUEST) == [Frame(1, CLOSED, S, 0, b"")]
    assert (bench.sent, bench.ends) == ([], [])


def test_ended_session_is_not_opened_again(bench: Bench) -> None:
    bench.terminal(DATA, body=REQUEST)
    assert bench.do(bench.bridge.upstream_closed(bench.now, 1)) == [Frame(1, CLOSED, S, 0, b"")]
    # The line repeats what it had delayed; a bridge that connects again here sends the request again.
    assert bench.terminal(OPEN) + bench.terminal(DATA, body=REQUEST) == 2 * [Frame(1, CLOSED, S, 0, b"")]
    assert (bench.sent, bench.ends) == ([REQUEST], [Connect(1), CloseUpstream()])


def test_answer_is_sent_six_times_then_given_up(bench: Bench) -> None:
    assert [bench.acquirer(bytes([byte])) for byte in ANSWER[:-1]] == [[]] * 21
    assert bench.acquirer(ANSWER[-1:]) == [Frame(1, DATA, S, 0, ANSWER)]
    bench.terminal(ACK, OTHER, 0)
    bench.terminal(ACK, S, 1)
    bench.wait(3000)
    answer = Frame(1, DATA, S, 0, ANSWER)
    assert bench.heard[-7:] == [(1000 + 500 * n, answer) for n in range(6)] + [(4000, Frame(1, CLOSED, S, 0, b""))]
    assert bench.ends == [Connect(1), CloseUpstream()]


def test_acknowledged_answer_is_not_sent_again_and_the_next_follows(bench: Bench) -> None:
    other = whole("another", 1024)
    assert bench.acquirer(ANSWER + other) == [Frame(1, DATA, S, 0, ANSWER)]
    assert bench.terminal(ACK) == [Frame(1, DATA, S, 1, other)]
    assert bench.terminal(ACK) == []  # again: not that of the second
    assert bench.wait(500) == [Frame(1, DATA, S, 1, other)]
    assert bench.terminal(ACK, sequence=1) + bench.wait(60_000) == []


def test_answer_before_the_close_is_delivered_before_closed(bench: Bench) -> None:
    bench.acquirer(ANSWER)
    assert bench.do(bench.bridge.upstream_closed(bench.now, 1)) == []
    assert bench.ends == [Connect(1), CloseUpstream()]
    assert bench.terminal(DATA, body=REQUEST) == [] == bench.sent  # nobody there to take it
    assert bench.wait(500) == [Frame(1, DATA, S, 0, ANSWER)]
    assert bench.terminal(ACK) == [Frame(1, CLOSED, S, 0, b"")]


@pytest.mark.parametrize("flood", [b"\x00\x13", b"\x04\x01", b"HTTP/1.1 400 Bad Request", ANSWER * 17])
def test_acquirer_that_sends_no_frames_is_closed(bench: Bench, flood: bytes) -> None:
    bench.acquirer(flood)
    assert bench.ends == [Connect(1), CloseUpstream()]
    answers = [bench.terminal(ACK, sequence=number) for number in range(16)]
    kinds = [message.kind for _, message in bench.heard]
    assert kinds[-1] == CLOSED
    assert len(answers) == 16 and kinds.count(DATA) == (16 if flood.startswith(ANSWER) else 0)


def test_new_session_forgets_the_old_one_and_its_late_answers(bench: Bench) -> None:
    bench.acquirer(ANSWER)
    assert bench.terminal(OPEN, OTHER) == []
    assert bench.ends == [Connect(1), CloseUpstream(), Connect(2)]
    late = bench.acquirer(ANSWER, 1) + bench.do(bench.bridge.upstream_connected(bench.now, 1))
    late += bench.do(bench.bridge.upstream_failed(bench.now, 1, "late")) + bench.do(bench.bridge.upstream_closed(bench.now, 1))
    assert late + bench.wait(3000) == []
    assert bench.do(bench.bridge.upstream_connected(bench.now, 2)) == [Frame(1, OPENED, OTHER, 0, b"")]
    assert bench.acquirer(REQUEST, 2) == [Frame(1, DATA, OTHER, 0, REQUEST)]
    assert bench.terminal(DATA, S, 0, REQUEST) == [Frame(1, CLOSED, S, 0, b"")]


def test_failed_says_why_and_says_it_again() -> None:
    bench = Bench()
    bench.terminal(OPEN)
    failed = Frame(1, FAILED, S, 0, "网线未插好".encode())
    assert bench.do(bench.bridge.upstream_failed(bench.now, 1, "网线未插好")) == [failed]
    assert bench.terminal(OPEN) == [failed]
    assert bench.do(bench.bridge.upstream_connected(bench.now, 1)) == []
    assert bench.ends == [Connect(1), CloseUpstream()]
    bench.terminal(OPEN, OTHER)
    assert len(bench.do(bench.bridge.upstream_failed(bench.now, 2, "原" * 5000))[0].body) <= 1091
    assert (bench.ends[2:], bench.sent) == ([Connect(2), CloseUpstream()], [])


def test_quiet_session_ends(bench: Bench) -> None:
    bench.wait(100_000)
    bench.terminal(DATA, body=REQUEST)
    assert bench.wait(119_999) == []
    assert bench.wait(1) == [Frame(1, CLOSED, S, 0, b"")]
    assert bench.ends == [Connect(1), CloseUpstream()]


def test_what_is_not_for_the_bridge_is_ignored(bench: Bench) -> None:
    others = [frame(2, DATA, S, 0, REQUEST), frame(1, OPEN, 0, 0), frame(1, DATA, 0, 0, REQUEST)]
    others += [frame(1, kind, S, 0, REQUEST) for kind in (0, HERE, OPENED, FAILED, 8, 255)]
    assert bench.do(bench.bridge.serial_received(bench.now, b"".join(others))) == []
    assert (bench.sent, bench.ends) == ([], [Connect(1)])


def test_stopped_bridge_says_closed(bench: Bench) -> None:
    assert bench.do(bench.bridge.stop(bench.now)) == [Frame(1, CLOSED, S, 0, b"")]
    assert bench.ends == [Connect(1), CloseUpstream()]
    assert bench.bridge.stop(bench.now) == []


@pytest.mark.parametrize("seed", range(10))
def test_nothing_leaves_twice_on_a_bad_line(seed: int) -> None:
    """What a terminal says in 20 sessions, up to four times, lost, late and out of order; and an acquirer that drops out."""
    chance, bench = random.Random(seed), Bench()
    line = [(float(session), frame(1, OPEN, session, 0)) for session in range(1, 21)]
    for session in range(1, 21):
        line += [(session + n / 9, frame(1, DATA, session, n, whole(f"{session} {n}"))) for n in range(5)]
    arrived = [data for data in 4 * line if chance.random() < 0.9]
    late = [(place + chance.choice([0, 0.1, 0.5, 3]) * chance.random(), data) for place, data in arrived]
    for _, data in sorted(late):
        bench.do(bench.bridge.serial_received(bench.now, data))
        connection = sum(isinstance(end, Connect) for end in bench.ends)
        if chance.random() < 0.9:
            bench.do(bench.bridge.upstream_connected(bench.now, connection))
        elif chance.random() < 0.5:
            bench.do(bench.bridge.upstream_closed(bench.now, connection))
        bench.wait(chance.randrange(300))
    assert 10 < len(bench.sent) == len(set(bench.sent))
    assert sum(body in data for body in set(bench.sent) for _, data in late) > 2 * len(bench.sent), "the line repeated nothing"
    bench.do(bench.bridge.stop(bench.now))
    assert [type(end) for end in bench.ends] == [Connect, CloseUpstream] * (len(bench.ends) // 2)
