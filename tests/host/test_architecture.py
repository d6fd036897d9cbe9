"""Keeps the order of the house by reading every import, and the laws of the firmware that can be read off its source.

Each law is a function from a tree of sources to the lines that break it; each is also shown breaches that it must find.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.host.source_tree import Import, Source, name_of, plant, sources

ROOT = Path(__file__).parents[2]

# A room imports rooms further up, and in its own line those it is not told apart from by `|`. A module that is in no line has no
# place yet: decide where it belongs.
ORDER = """
    __init__ errors compat loop
    settings
    settings_rules
    config tables
    refund crypto
    wire record bundle update
    store
    cash continuity no_original resolving
    desk
    exchange schedule
    delivery
    closing line_test training
    forwarder
    link | ui | service
    app
    boards main loader
"""
RANKS = [line.split() for line in ORDER.strip().splitlines()]
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms if room != "|"}
SIBLINGS = [set(rooms) - {"|"} for rooms in RANKS if "|" in rooms]

# All that the firmware takes from outside, whichever runtime it is on; boards/ reach the machine.
LIBRARY = set("array binascii collections hashlib json struct".split())
BESIDES = {
    "firmware/yuanlu/compat.py": {"sys", "gc", "asyncio", "micropython"},
    "firmware/yuanlu/loop.py": {"heapq"},
    "firmware/yuanlu/crypto/aes.py": {"cryptolib", "cryptography"},
}
ASYNCIO = set("CancelledError Event Lock TimeoutError create_task run sleep_ms wait_for_ms".split())
WAITING = {"TimeoutError", "run", "sleep_ms", "wait_for_ms"}  # every other room waits through the Clock and Network ports
INDEPENDENT = [
    "emulator/acquirer",
    "host_tools/hub",
    "host_tools/yuanluctl/bridge.py",
    "host_tools/yuanluctl/hdlc.py",
    "host_tools/yuanluctl/journal",
]


def imports_against_the_order(root: Path) -> list[str]:
    """Imports that climb, that cross between siblings, or that reach a room without a place."""
    breaches = []
    for source in sources(root, "firmware"):
        if source.room not in RANK:
            breaches.append(f"{source.path}: {source.room} has no place in ORDER")
            continue
        for line, target in _rooms(source):
            siblings = any({source.room, target} <= rooms for rooms in SIBLINGS) and target != source.room
            if RANK.get(target, len(RANKS)) > RANK[source.room] or siblings:
                breaches.append(f"{source.path}:{line}: {source.room} imports {target}")
    return breaches


def rooms_in_a_circle(root: Path) -> list[str]:
    """Rooms of one line that import each other."""
    edges = {(source.room, target) for source in sources(root, "firmware") for _, target in _rooms(source)}
    return [f"{one} and {other} import each other" for one, other in sorted(edges) if one < other and (other, one) in edges]


def imports_of_other_houses(root: Path) -> list[str]:
    """Firmware that imports the emulator, the host tools or the tests."""
    houses = {"emulator", "host_tools", "tests"}
    return _imports(root, "firmware", lambda source, found: found.module.split(".")[0] in houses)


def imports_of_the_firmware_by_the_independent(root: Path) -> list[str]:
    """The other end of a line must not share code with the terminal: both would make the same mistake."""

    def shares(_: Source, found: Import) -> bool:
        return found.module.split(".")[0] == "yuanlu"

    return [breach for under in INDEPENDENT for breach in _imports(root, under, shares)]


def weak_in_residence(root: Path) -> list[str]:
    """crypto/weak is optional: it is visited where an acquirer demands it, and imported by nothing but itself."""

    def keeps(source: Source, found: Import) -> bool:
        inside = "/crypto/weak/" in source.path
        return not inside and not found.visited and f"{found.module}.{found.name}.".startswith("yuanlu.crypto.weak.")

    return _imports(root, "firmware", keeps)


def hardware_outside_boards(root: Path) -> list[str]:
    """Only boards/ reaches the machine, the network, the clock and the system's randomness: every other room imports what is
    listed, and the loop that stands in for asyncio comes by compat alone."""

    def reaches(source: Source, found: Import) -> bool:
        if source.room in ("boards", "main"):
            return False
        module = found.module.split(".")[0]
        if module == "yuanlu":
            waits = "yuanlu.loop" in (found.module, f"{found.module}.{found.name}")
            return waits and source.room != "compat"
        return module not in LIBRARY | BESIDES.get(source.path, set())

    return _imports(root, "firmware", reaches)


def asyncio_past_compat(root: Path) -> list[str]:
    """compat names what is used of asyncio; boards drive it; nobody else imports it, or waits otherwise than through a port."""

    def passes(source: Source, found: Import) -> bool:
        if found.module.split(".")[0] in ("asyncio", "uasyncio"):
            return source.room != "boards" and (source.room != "compat" or found.name not in ASYNCIO)
        whole = (found.module, found.name) in (("yuanlu", "compat"), ("yuanlu.compat", ""), ("yuanlu.compat", "*"))
        waiting = found.module == "yuanlu.compat" and found.name in WAITING
        return (whole or waiting) and source.room != "boards"

    return _imports(root, "firmware", passes)


def waits_past_the_clock(root: Path) -> list[str]:
    """sleep_ms of anything but a clock, wait_for_ms of anything: a way round the Clock port."""

    def waits(node: ast.AST) -> bool:
        if not isinstance(node, ast.Attribute):
            return False
        return node.attr == "wait_for_ms" or (node.attr == "sleep_ms" and name_of(node.value) != "clock")

    return _nodes(root, waits, besides="boards")


def star_imports(root: Path) -> list[str]:
    """Nobody can read off a star what comes in by it."""
    return _imports(root, "firmware", lambda _, found: found.name == "*")


def looks_at_the_runtime(root: Path) -> list[str]:
    """sys.implementation and sys.platform outside compat.py."""

    def looks(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in ("implementation", "platform") and name_of(node.value) == "sys"

    def brings(source: Source, found: Import) -> bool:
        return found.module == "sys" and found.name in ("implementation", "platform") and source.room != "compat"

    return _nodes(root, looks, besides="compat") + _imports(root, "firmware", brings)


def bare_excepts(root: Path) -> list[str]:
    """`except:` catches a cancelled task too."""
    return _nodes(root, lambda node: isinstance(node, ast.ExceptHandler) and node.type is None)


def iterated_sets(root: Path) -> list[str]:
    """The order of a set differs from run to run and between the runtimes."""

    def is_set(node: ast.expr) -> bool:
        called = isinstance(node, ast.Call) and name_of(node.func) in ("set", "frozenset")
        return called or isinstance(node, ast.Set | ast.SetComp)

    return _nodes(root, lambda node: isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) and is_set(node.iter))


def sleeps_of_nothing(root: Path) -> list[str]:
    """sleep(0) in a loop never lets virtual time pass."""

    def is_nothing(node: ast.AST) -> bool:
        if not (isinstance(node, ast.Call) and name_of(node.func) in ("sleep", "sleep_ms") and node.args):
            return False
        return isinstance(node.args[0], ast.Constant) and node.args[0].value == 0

    return _nodes(root, is_nothing)


def _rooms(source: Source) -> Iterator[tuple[int, str]]:
    """The line and the room of each import of the firmware by itself."""
    for line, module, name, _ in source.imports():
        package, _, inside = module.partition(".")
        if package == "yuanlu" and inside:
            yield line, inside.split(".")[0]
        elif package == "yuanlu":
            yield line, name if name.islower() else "__init__"  # `from yuanlu import desk`, or a constant like VERSION


def _imports(root: Path, under: str, breaks: Callable[[Source, Import], bool]) -> list[str]:
    return [
        f"{source.path}:{found.line}: imports {found.module} {found.name}"
        for source in sources(root, under)
        for found in source.imports()
        if breaks(source, found)
    ]


def _nodes(root: Path, breaks: Callable[[ast.AST], bool], besides: str = "") -> list[str]:
    lines = []
    for source in sources(root, "firmware"):
        for node in ast.walk(source.tree):
            if breaks(node) and source.room != besides:
                at = node.iter if isinstance(node, ast.comprehension) else node
                lines.append(f"{source.path}:{getattr(at, 'lineno', 0)}")
    return lines


# Each law with breaches of it: where a file stands, and what it says.
LAWS: list[tuple[Callable[[Path], list[str]], list[tuple[str, str]]]] = [
    (
        imports_against_the_order,
        [
            ("firmware/yuanlu/refund/rules.py", "from yuanlu.store import journal"),
            ("firmware/yuanlu/store/log.py", "def late():\n    import yuanlu.desk"),
            ("firmware/yuanlu/ui/menu.py", "from yuanlu.link.channel import Channel"),
            ("firmware/yuanlu/link/channel.py", "from ..ui import menu"),
            ("firmware/yuanlu/desk.py", "from yuanlu import forwarder"),
            ("firmware/yuanlu/desk.py", "from . import app"),
            ("firmware/yuanlu/desk.py", "from yuanlu.compat import visit\nvisit('yuanlu.ui.refund_flow')"),
            ("firmware/yuanlu/desk.py", "from yuanlu import helpers"),
            ("firmware/yuanlu/helpers.py", ""),
        ],
    ),
    (rooms_in_a_circle, [("firmware/yuanlu/wire/tpdu.py", "from yuanlu import record")]),
    (
        imports_of_other_houses,
        [("firmware/yuanlu/app.py", "import emulator.world"), ("firmware/main.py", "from tests import shared")],
    ),
    (
        imports_of_the_firmware_by_the_independent,
        [
            ("emulator/acquirer/ledger.py", "from yuanlu.refund import money"),
            ("host_tools/yuanluctl/bridge.py", "import yuanlu"),
            ("host_tools/yuanluctl/hdlc.py", "from yuanlu.wire import serial"),
            ("host_tools/yuanluctl/journal/layout.py", "from yuanlu.store import log"),
        ],
    ),
    (
        weak_in_residence,
        [
            ("firmware/yuanlu/desk.py", "from yuanlu.crypto.weak import session"),
            ("firmware/yuanlu/wire/messages.py", "from yuanlu.crypto.weak.macs import x9_19"),
            ("firmware/yuanlu/crypto/seal.py", "def late():\n    import yuanlu.crypto.weak.sm4"),
            ("firmware/yuanlu/crypto/aes.py", "from yuanlu.crypto import weak"),
            ("firmware/yuanlu/crypto/aes.py", "from . import weak"),
        ],
    ),
    (
        hardware_outside_boards,
        [
            ("firmware/yuanlu/ui/grid.py", "import time"),
            ("firmware/yuanlu/desk.py", "from os import urandom"),
            ("firmware/yuanlu/compat.py", "def now():\n    import utime"),
            ("firmware/yuanlu/forwarder.py", "from yuanlu.loop import sleep_ms"),
            ("firmware/yuanlu/forwarder.py", "from yuanlu import loop"),
            ("firmware/yuanlu/forwarder.py", "from _asyncio import TaskQueue"),
            ("firmware/yuanlu/forwarder.py", "import micropython"),
            ("firmware/yuanlu/store/chip.py", "import uctypes"),
            ("firmware/yuanlu/desk.py", "from datetime import date"),
        ],
    ),
    (
        asyncio_past_compat,
        [
            ("firmware/yuanlu/ui/menu.py", "import asyncio"),
            ("firmware/yuanlu/compat.py", "from asyncio import gather"),
            ("firmware/yuanlu/forwarder.py", "from yuanlu.compat import sleep_ms"),
            ("firmware/yuanlu/forwarder.py", "from yuanlu.compat import sleep_ms as pause"),
            ("firmware/yuanlu/forwarder.py", "from yuanlu import compat"),
            ("firmware/yuanlu/forwarder.py", "from . import compat as c"),
            ("firmware/yuanlu/forwarder.py", "import yuanlu.compat"),
            ("firmware/yuanlu/forwarder.py", "import yuanlu.compat as c"),
            ("firmware/yuanlu/forwarder.py", "__import__('yuanlu.compat')"),
            ("firmware/yuanlu/forwarder.py", "from yuanlu.compat import *"),
        ],
    ),
    (
        waits_past_the_clock,
        [
            ("firmware/yuanlu/forwarder.py", "async def idle(compat):\n    await compat.sleep_ms(5)"),
            ("firmware/yuanlu/forwarder.py", "async def idle(self):\n    await self.board.sleep_ms(5)"),
            ("firmware/yuanlu/forwarder.py", "async def idle(clock, event):\n    await clock.wait_for_ms(event.wait(), 5)"),
        ],
    ),
    (star_imports, [("firmware/yuanlu/forwarder.py", "from yuanlu.errors import *")]),
    (
        looks_at_the_runtime,
        [
            ("firmware/yuanlu/app.py", "import sys\nif sys.implementation.name == 'cpython':\n    pass"),
            ("firmware/yuanlu/app.py", "from sys import implementation"),
        ],
    ),
    (bare_excepts, [("firmware/yuanlu/app.py", "try:\n    pass\nexcept:\n    pass")]),
    (
        iterated_sets,
        [("firmware/yuanlu/app.py", "for one in {1, 2}:\n    pass"), ("firmware/yuanlu/app.py", "[one for one in set((1, 2))]")],
    ),
    (sleeps_of_nothing, [("firmware/yuanlu/boards/emulator.py", "async def idle(clock):\n    await clock.sleep_ms(0)")]),
]
SOUND = [
    ("firmware/main.py", "from yuanlu import app, boards"),
    ("firmware/yuanlu/__init__.py", "VERSION = '1'"),
    ("firmware/yuanlu/app.py", "from yuanlu import VERSION\nfrom yuanlu.ui.menu import Menu\nfrom .link import channel"),
    ("firmware/yuanlu/record.py", "from yuanlu.wire import iso8583"),
    ("firmware/yuanlu/crypto/weak/session.py", "from yuanlu.crypto.weak.macs import x9_19"),
    ("firmware/yuanlu/crypto/sealing.py", "from yuanlu.compat import visit\nvisit('yuanlu.crypto.weak.session')"),
    ("firmware/yuanlu/ui/menu.py", "async def idle(till):\n    await till.board.clock.sleep_ms(5)"),
    ("firmware/yuanlu/boards/emulator.py", "import time, asyncio.core\nfrom yuanlu.compat import sleep_ms\nsleep_ms(1)"),
    ("firmware/yuanlu/compat.py", "import sys\nfrom asyncio import Event\nsys.implementation"),
    ("emulator/panel.py", "from yuanlu import record"),
]


@pytest.mark.parametrize("law", [law for law, _ in LAWS])
def test_the_law_is_kept(law: Callable[[Path], list[str]]):
    assert law(ROOT) == []


@pytest.mark.parametrize(("law", "breach"), [(law, breach) for law, breaches in LAWS for breach in breaches])
def test_a_planted_breach_is_found(law: Callable[[Path], list[str]], breach: tuple[str, str], tmp_path: Path):
    plant(tmp_path, SOUND)
    assert law(tmp_path) == [], "the sound tree is sound"
    plant(tmp_path, [breach])
    assert law(tmp_path), f"{law.__name__} does not see {breach[1]!r} in {breach[0]}"
