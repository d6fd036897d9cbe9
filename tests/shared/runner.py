"""Runs tests of one module on MicroPython: `micropython runner.py MODULE TEST...`.

Each test is reported by a line `@yuanlu start TEST`, what it printed, its traceback if it failed, and a line `@yuanlu pass TEST`
or `@yuanlu fail TEST`. A test that takes the interpreter with it has no last line, and counts as failed.
"""

import gc
import sys

from yuanlu.compat import run


def passes(test):
    """Run one test, plain or async; print the traceback and return False if it fails."""
    try:
        outcome = test()
        if hasattr(outcome, "send"):  # a coroutine; MicroPython does not mark the function
            run(outcome)
    except BaseException as error:
        sys.print_exception(error)
        return False
    return True


def main(module_name, names):
    """Report every named test of the module."""
    module = __import__(module_name)
    for name in names:
        print("\n@yuanlu start " + name)
        verdict = "pass" if passes(getattr(module, name)) else "fail"
        gc.collect()  # each test begins with all of the heap that is left
        print("\n@yuanlu " + verdict + " " + name)


main(sys.argv[1], sys.argv[2:])
