"""What is printed can be lost too: a full disk behind `>`, a pipe whose reader has gone. It ends with one clear error."""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.words import LANGUAGES, language_of


def end_with(problem: OSError) -> NoReturn:
    """Tell of an error that no verb knew, on stderr, and end. One that names a file is that file's; else it is the output's."""
    reason = problem.strerror or str(problem)
    trouble = Trouble("file", problem.filename, reason) if problem.filename else Trouble("output", reason)
    language = language_asked(sys.argv)
    if "--json" in sys.argv:
        tell(json_text(trouble.as_json(language)))
    else:
        tell(f"yuanluctl: {trouble.text(language)}\n  -> {trouble.hint(language)}")
    _forget_what_is_left()
    raise SystemExit(trouble.exit)


def tell(text: str) -> None:
    """On stderr. Where that goes nowhere either nobody is told anything any more; the work and its exit code are what is left."""
    try:
        click.echo(text, err=True)
    except OSError:
        _forget_what_is_left()


def look_for_readers() -> None:
    """OSError where nobody reads standard output any more, told by nothing else while there is nothing to print."""
    if sys.stdout is None or not hasattr(select, "poll"):  # Windows has none
        return
    try:
        looked = select.poll()
        looked.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return  # it is no file of the system
    if any(found & select.POLLERR for _, found in looked.poll(0)):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def language_asked(given: Sequence[str]) -> str:
    """As the verb of that command line would speak: it was given no voice here."""
    for before, word in zip(["", *given], given, strict=False):
        asked = word if before == "--lang" else word.removeprefix("--lang=")
        if asked in LANGUAGES and (before == "--lang" or asked != word):
            return asked
    told = os.environ.get("YUANLU_LANG", "")
    return told if told in LANGUAGES else language_of(os.environ.get("LC_ALL") or os.environ.get("LANG", ""))


def _forget_what_is_left() -> None:
    """Or Python tries once more at its end, and says so in its own words."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
