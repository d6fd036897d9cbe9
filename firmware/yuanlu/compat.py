"""The only place that may look at the runtime: MicroPython on the device, CPython for tests and tools."""

import sys

_visitors = {}  # visiting module: visits that have not ended

if sys.implementation.name == "micropython":
    import gc
    from asyncio import CancelledError, Event, Lock, TimeoutError, create_task, run, sleep_ms, wait_for_ms

    from micropython import const

    def leave(*names):
        """Forget visiting modules whose last visitor goes, and collect them with all that was made on the visit: what stays for
        long comes to lie together."""
        for name in names:
            _visitors[name] = _visitors.get(name, 1) - 1
            if _visitors[name] <= 0:
                _forget(name)
        gc.collect()

    def _forget(name):
        del _visitors[name]
        sys.modules.pop(name, None)
        package, _, last = name.rpartition(".")
        if hasattr(sys.modules.get(package), last):
            delattr(sys.modules[package], last)  # a package keeps its modules as attributes
else:
    from yuanlu.loop import CancelledError, Event, Lock, TimeoutError, create_task, run, sleep_ms, wait_for_ms

    def const(value):
        """On the device the compiler folds `const`; here it is the value."""
        return value

    def leave(*names):
        """There is memory enough here."""


def visit(name):
    """Import a visiting module by its dotted name; `leave` drops it again. Visits may overlap: the last visitor drops it."""
    module = __import__(name, None, None, ("*",))
    _visitors[name] = _visitors.get(name, 0) + 1
    return module


__all__ = "CancelledError Event Lock TimeoutError const create_task leave run sleep_ms visit wait_for_ms".split()
