"""What each module costs that a waiting terminal holds, on 32-bit words, bytecode mapped:
`micropython modules_on_device.py FOLDER_OF_START_ROM IMAGE`.

A line for each as it is done, `module NAME BYTES`: the heap that it holds after a collection, less the modules that it brings
along. After it, what the interpreter says of its tables of names by then.
"""

import builtins
import gc
import sys

from micropython import qstr_info

real_import = builtins.__import__
brought = [0]  # for each import that is under way: bytes of those within it


def held():
    """Bytes alive."""
    gc.collect()
    return gc.mem_alloc()


def tell(name, count):
    """One line of the table, and one of the names."""
    print("module", name, count)
    qstr_info()


def measured(name, *more):
    """An import, and what it added."""
    if name in sys.modules:
        return real_import(name, *more)
    before = held()
    brought.append(0)
    module = real_import(name, *more)
    within, added = brought.pop(), held() - before
    brought[-1] += added
    if name.startswith("yuanlu"):
        tell(name, added - within)
    return module


sys.modules["main"] = sys  # start_rom mounts the image; nothing is started
sys.path.insert(0, sys.argv[1])
__import__("start_rom")
tell("interpreter", held())
before = held()
from asyncio import Event, Lock, create_task, run, sleep_ms, wait_for_ms  # noqa: E402, F401  asyncio brings what is asked for

tell("asyncio", held() - before)
builtins.__import__ = measured
for name in ("yuanlu.boards.emulator", "yuanlu.app"):
    __import__(name)
