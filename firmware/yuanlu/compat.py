"""The only place that may look at the runtime: MicroPython on the device, CPython for tests and tools."""

import sys

_visitors = {}  # module: visits that have not ended, those by the modules that brought it along among them
_brought = {}  # visiting module: the modules that came with it

if sys.implementation.name == "micropython":
    import gc
    from asyncio import CancelledError, Event, Lock, TimeoutError, create_task, run, sleep_ms, wait_for_ms

    from micropython import const

    def leave(*names):
        """Forget visiting modules whose last visitor goes, with what they brought along, and collect them with all that was made
        on the visit: what stays for long comes to lie together."""
        ended = [_end(name) for name in names]
        if True in ended:
            gc.collect()

    def _end(name):
        """One visit; True when it was the last one."""
        count = _visitors.get(name, 0)
        if count > 1:
            _visitors[name] = count - 1
        if count != 1:
            return False
        del _visitors[name]
        sys.modules.pop(name, None)
        package, _, last = name.rpartition(".")
        if hasattr(sys.modules.get(package), last):
            delattr(sys.modules[package], last)  # a package keeps its modules as attributes
        for other in _brought.pop(name, ()):
            _end(other)
        return True

    def _loaded():
        return set(sys.modules)
else:
    from yuanlu.loop import CancelledError, Event, Lock, TimeoutError, create_task, run, sleep_ms, wait_for_ms

    def const(value):
        """On the device the compiler folds `const`; here it is the value."""
        return value

    def leave(*names):
        """There is memory enough here."""

    _loaded = set  # nothing is dropped


def visit(name):
    """Import a visiting module by its dotted name; `leave` drops it again. Visits may overlap: the last visitor drops it."""
    before = () if name in sys.modules else _loaded()
    module = __import__(name, None, None, ("*",))
    _visitors[name] = _visitors.get(name, 0) + 1
    if before:
        _brought[name] = [other for other in sys.modules if other not in before and other != name]
        for other in _brought[name]:
            _visitors[other] = _visitors.get(other, 0) + 1
    return module


__all__ = "CancelledError Event Lock TimeoutError const create_task leave run sleep_ms visit wait_for_ms".split()
