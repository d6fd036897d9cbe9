"""The names that the image's build takes out of the source: what goes, what stays, and that every line keeps its number."""

from pathlib import Path
from textwrap import dedent

import pytest

from host_tools.yuanluctl import image
from host_tools.yuanluctl.shrink import shrink

STATES = Path("yuanlu/states.py")
DESK = Path("yuanlu/desk.py")


def shrunk(states: str, desk: str) -> tuple[str, str]:
    """Two modules of a firmware, the second of which may import the first."""
    result = shrink({STATES: dedent(states).encode(), DESK: dedent(desk).encode()})
    return result[STATES].decode(), result[DESK].decode()


def test_a_constant_is_its_number_wherever_it_is_known_to_be_meant():
    states, desk = shrunk(
        "DONE = const(1)\nOPEN = const(0x10)\nBOTH = (DONE, OPEN)\nCODE = const(b'A0')\n",
        "from yuanlu import states as s\nfrom yuanlu.states import BOTH, OPEN\nfound = s.DONE + OPEN + len(BOTH), s.CODE\n",
    )
    assert states == "_DONE = const(1)\n_OPEN = const(0x10)\nBOTH = (1, 16)\n_CODE = const(b'A0')\n"
    assert desk == "from yuanlu import states as s\nfrom yuanlu.states import BOTH\nfound = 1 + 16 + len(BOTH), b'A0'\n"


@pytest.mark.parametrize(
    ("desk", "why"),
    [
        ("found = visit('yuanlu.states').DONE\n", "read from what is not known to be the module"),
        ("found = getattr(row, 'DONE')\n", "named by a text"),
        ("found = Row(DONE=1)\n", "named by a call"),
    ],
)
def test_a_constant_stays_in_its_module_when_it_may_be_meant_otherwise(desk: str, why: str):
    assert shrunk("DONE = const(1)\n", desk) == ("DONE = const(1)\n", desk), why


def test_a_number_is_not_taken_for_a_name_that_is_bound_anew():
    source = "DONE = const(1)\n\n\ndef after(found):\n    DONE = found\n    return DONE\n"
    assert shrunk(source, "")[0] == source.replace("found", "a")
    source = "from yuanlu import states as s\n\n\ndef after(s):\n    return s.DONE\n"
    assert "a.DONE" in shrunk("DONE = const(1)\n", source)[1]


def test_parameters_are_letters_unless_somebody_names_them():
    _, desk = shrunk(
        "",
        """\
        def refund(sale, amount, reason=None):
            return [part for part in sale if amount < part], lambda left: left - amount, reason

        class Desk:
            def open(self, draft):
                return self.draft, draft, refund((), 1, reason=2)
        """,
    )
    assert "def refund(a, b, reason=None):" in desk
    assert "[part for part in a if b < part], lambda c: c - b, reason" in desk
    assert "def open(self, draft):" in desk  # an attribute has that name: it would save nothing


def test_what_a_scope_within_binds_anew_keeps_its_name():
    source = "def outer(number):\n    def inner():\n        number = 2\n        return number\n    return number, inner\n"
    assert shrunk("", source)[1] == source
    source = "def outer(number):\n    try:\n        pass\n    except ValueError as number:\n        pass\n"
    assert shrunk("", source)[1] == source


def test_privates_are_letters_in_their_own_module():
    _, desk = shrunk(
        "",
        """\
        _FEW = (1, 2)

        def _count(self):
            return _FEW

        class Desk:
            def _close(self):
                self._rest, self.left = _count(self), loop._queue
                return self._close().left, _Draft._rest
        """,
    )
    assert desk.splitlines()[0] == "_a = (1, 2)"
    assert "def _b(self):\n    return _a\n" in desk
    assert "def _c(self):\n        self._d, self.left = _b(self), loop._queue\n" in desk
    assert "return self._c().left, _Draft._d" in desk


@pytest.mark.parametrize("states", ["found = desk._count\n", "found = getattr(desk, '_count')\n", "found = open(_count=1)\n"])
def test_a_private_that_another_module_has_too_keeps_its_name(states: str):
    source = "class Desk:\n    def _count(self):\n        pass\n"
    assert shrunk(states, source)[1] == source
    source = "def _count():\n    pass\n"
    assert shrunk(states, source)[1] == source


def test_every_line_of_the_firmware_keeps_its_number_and_code_on_it():
    sources = image._sources(None)
    for path, after in shrink(sources).items():
        compile(after, str(path), "exec")
        assert after.count(b"\n") == sources[path].count(b"\n")
        for one, other in zip(sources[path].splitlines(), after.splitlines(), strict=True):
            assert bool(one.split(b"#")[0].strip()) >= bool(other.split(b"#")[0].strip()), path


def test_a_terminal_keeps_so_many_names_fewer():
    """A table of names that has doubled to more than 1 280 places takes 9 KB in one piece; control: as it is written it does."""
    sources = image._sources(None)
    assert names(shrink(sources)) <= 1200 < 1500 < names(sources)


def names(sources: dict[Path, bytes]) -> int:
    """Different names in the bytecode of these modules that are none of the interpreter's own."""
    return len({name for code in image._compiled(sources).values() for name in _names(code)})


def _names(code: bytes) -> list[bytes]:
    """A .mpy file's: after 4 bytes, count of names and of objects; each name its length, doubled, bytes and a zero."""
    count, at = _number(code, 4)
    _, at = _number(code, at)
    found = []
    for _ in range(count):
        length, at = _number(code, at)
        if not length & 1:
            found.append(code[at : at + length // 2])
            at += length // 2 + 1
    return found


def _number(code: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, the highest first, and where the next thing begins."""
    number = 0
    while True:
        number = number << 7 | code[at] & 127
        at += 1
        if code[at - 1] < 128:
            return number, at
