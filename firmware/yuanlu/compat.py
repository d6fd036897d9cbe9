"""The only place that may look at the runtime: MicroPython on the device, CPython for tests and tools."""

import sys

if sys.implementation.name == "micropython":
    import gc
    from asyncio import CancelledError, Event, Lock, TimeoutError, create_task, run, sleep_ms, wait_for_ms

    from micropython import const

    def leave(name):
        """Forget a visiting module, and collect it with all that was made on the visit: what stays for long comes to lie
        together."""
        sys.modules.pop(name, None)
        package, _, last = name.rpartition(".")
        if hasattr(sys.modules.get(package), last):
            delattr(sys.modules[package], last)  # a package keeps its modules as attributes
        gc.collect()
else:
    from yuanlu.loop import CancelledError, Event, Lock, TimeoutError, create_task, run, sleep_ms, wait_for_ms

    def const(value):
        """On the device the compiler folds `const`; here it is the value."""
        return value

    def leave(name):
        """There is memory enough here."""


def visit(name):
    """Import a visiting module by its dotted name; `leave` drops it again."""
    return __import__(name, None, None, ("*",))


__all__ = "CancelledError Event Lock TimeoutError const create_task leave run sleep_ms visit wait_for_ms".split()
