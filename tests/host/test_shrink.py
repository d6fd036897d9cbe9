"""The names that the image's build takes out of the source: what goes, what stays, and that every line keeps its number."""

import ast
import re
from pathlib import Path
from textwrap import dedent

import pytest

from host_tools.yuanluctl import image
from host_tools.yuanluctl.shrink import shrink

STATES = Path("yuanlu/states.py")
DESK = Path("yuanlu/desk.py")


def shrunk(states: str, desk: str, publics: bool = False) -> tuple[str, str]:
    """Two modules of a firmware, the second of which may import the first. publics: their functions and classes may have other
    names; else a third module asks for them by a text."""
    sources = {STATES: dedent(states).encode(), DESK: dedent(desk).encode()}
    if not publics:
        names = re.findall(r"^(?:def|class) ([a-zA-Z]\w*)", "\n".join(map(bytes.decode, sources.values())), re.M)
        sources[Path("yuanlu/asker.py")] = f"names = {' '.join(names)!r}\n".encode()
    result = shrink(sources)
    return result[STATES].decode(), result[DESK].decode()


def test_what_cpython_alone_runs_goes():
    """At the module's own level; control: what asks for another error, or stands in a function, stays."""
    source = """\
        import sys
        try:
            from cryptolib import aes
        except ImportError:
            from cryptography import aes

            other = aes
        if sys.implementation.name == "micropython":
            loop = 1
        else:
            loop = 2

            more = 3
        try:
            from machine import pin
        except OSError:
            kept = 4
        def found():
            try:
                import machine
            except ImportError:
                return 5
    """
    gone = dedent(source).replace("    from cryptography import aes\n\n    other = aes", "    raise\n\n")
    gone = gone.replace("    loop = 2\n\n    more = 3", "    pass\n\n")
    assert shrunk(source, "") == (gone, "") and gone.count("\n") == dedent(source).count("\n")


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


STATES_SOURCE = "DONE = const(1)\n\n\ndef final():\n    return _last\n\n\nclass Fold:\n    pass\n\n\n_last = final(), Fold\n"


def test_functions_and_classes_are_letters_where_all_who_use_them_are_known():
    states, desk = shrunk(
        STATES_SOURCE,
        "from yuanlu import states\nfrom yuanlu.states import DONE, Fold\n\n\ndef f():\n    return states.final(), Fold(DONE)\n",
        publics=True,
    )
    assert states == "_DONE = const(1)\n\n\ndef _a():\n    return _c\n\n\nclass _b:\n    pass\n\n\n_c = _a(), _b\n"
    assert desk == "from yuanlu import states\nfrom yuanlu.states import _b\n\n\ndef _a():\n    return states._a(), _b(1)\n"


@pytest.mark.parametrize(
    ("desk", "why"),
    [
        ("found = visit('yuanlu.states').final()\n", "asked of what is not known to be the module"),
        ("found = getattr(states, 'final')\n", "named by a text"),
        ("found = row(final=1)\n", "named by a call"),
        ("from yuanlu.states import final as last\nlast()\n", "it has another name there"),
        ("from yuanlu.states import final\n\n\nfinal = final()\n", "bound anew where it is imported"),
        ("from yuanlu.other import final\n", "another module has it to give"),
    ],
)
def test_a_function_that_may_be_meant_otherwise_keeps_its_name(desk: str, why: str):
    source = "def final():\n    return 1\n"
    assert shrunk(source, desk, publics=True) == (source, desk), why


def unbound(sources: dict[Path, bytes]) -> list[str]:
    """What is imported by name from a module of the firmware, or asked of an imported one, and is not there."""
    paths = {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in sources}
    trees = {name: ast.parse(sources[path]) for name, path in paths.items()}
    there = {name: {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} for name, tree in trees.items()}
    for name, tree in trees.items():
        methods = {id(child) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for child in node.body}
        named = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
        there[name] |= {node.name for node in named if id(node) not in methods}
        there[name] |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        there[name] |= {other.removeprefix(f"{name}.") for other in trees}
    missing = []
    for name, tree in trees.items():
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module in trees]
        asked = [(str(node.module), alias.name) for node in imports for alias in node.names]
        known = {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in imports for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and known.get(node.value.id) in trees:
                asked.append((known[node.value.id], node.attr))
        missing += [f"{name}: {owner}.{what}" for owner, what in asked if what not in there[owner]]
    return missing


def test_whatever_a_module_asks_of_another_one_is_there():
    assert unbound(shrink(image._sources(None))) == []


def test_control_a_name_that_is_not_there_is_found():
    sources = shrink({STATES: STATES_SOURCE.encode(), DESK: b"from yuanlu.states import final\n"})
    assert unbound(sources) == []
    assert unbound(sources | {DESK: b"from yuanlu.states import final\n"}) == ["yuanlu.desk: yuanlu.states.final"]


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
    assert names(shrink(sources)) <= 1240 < 1500 < names(sources)


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
