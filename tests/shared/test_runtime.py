"""Shows that this folder runs on both runtimes: on CPython from source, on MicroPython from the built bytecode."""

import os
import sys

import yuanlu.errors
from raises import raises
from yuanlu.compat import Event, create_task, sleep_ms


def test_runs_on_the_runtime_it_is_reported_under():
    assert sys.implementation.name == (os.getenv("YUANLU_RUNTIME") or "cpython")


def test_micropython_runs_the_built_bytecode():
    built = yuanlu.errors.__file__.endswith(".mpy")
    assert built == (sys.implementation.name == "micropython")


def test_word_size_is_the_one_that_was_asked_for():
    bits = 64 if sys.maxsize > 1 << 32 else 32
    assert bits == int(os.getenv("YUANLU_WORD_BITS") or bits)


async def test_async_tests_run_to_their_end():
    done = Event()

    async def finish():
        await sleep_ms(1)
        done.set()

    create_task(finish())
    await done.wait()
    assert done.is_set()


def test_raises_gives_the_exception():
    with raises(ValueError) as caught:
        int("a refund")
    assert isinstance(caught.value, ValueError)


def test_raises_fails_when_nothing_is_raised():
    try:
        with raises(ValueError):
            pass
    except AssertionError as error:
        assert "ValueError was not raised" in str(error)
        return
    raise AssertionError("raises let a quiet block pass")


def test_raises_lets_another_exception_through():
    try:
        with raises(ValueError):
            raise KeyError("trace")
    except KeyError:
        return
    raise AssertionError("raises swallowed a KeyError")
