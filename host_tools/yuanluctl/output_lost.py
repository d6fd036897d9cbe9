"""What is printed can be lost too: a full disk behind `>`, a pipe whose reader has gone. It ends with one clear error."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.words import LANGUAGES, language_of


def end_with(problem: OSError) -> NoReturn:
    """Tell of an error that no verb knew, on stderr, and end. One that names a file is that file's; else it is the output's."""
    reason = problem.strerror or str(problem)
    trouble = Trouble("file", problem.filename, reason) if problem.filename else Trouble("output", reason)
    language = language_asked(sys.argv)
    try:
        if "--json" in sys.argv:
            print(json_text(trouble.as_json(language)), file=sys.stderr, flush=True)
        else:
            print(f"yuanluctl: {trouble.text(language)}\n  -> {trouble.hint(language)}", file=sys.stderr, flush=True)
    except OSError:
        pass  # nobody is told anything any more; the exit code is what is left
    _forget_what_is_left()
    raise SystemExit(trouble.exit)


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
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
