"""Wrong use, as click finds it before a verb begins: in Chinese in Chinese, and one object for a program, as every trouble."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.output_lost import language_asked, tell
from host_tools.yuanluctl.phrases import in_chinese
from host_tools.yuanluctl.words import say


class WrongUse(Trouble):
    """Trouble `usage`: click's sentence, and whose --help says more."""

    def __init__(self, problem: click.UsageError) -> None:
        super().__init__("usage", problem.format_message())
        self._verb = problem.ctx.command_path if problem.ctx else "yuanluctl"

    def text(self, language: str) -> str:
        """What click says."""
        told = str(self.about[0])
        return in_chinese(told) if language == "zh" else " ".join(told.split())

    def hint(self, language: str) -> str:
        """Where it is explained."""
        return say(language, "hint.usage", self._verb)


def end_with(problem: click.UsageError, words: Sequence[str]) -> None:
    """Tell of it and end; nothing where click's own words serve: in English, for a person. words: those of the command line."""
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):
        return
    trouble, language = WrongUse(problem), language_asked(words)
    if "--json" in words:
        tell(json_text(trouble.as_json(language)))
    elif language == "zh":
        shown = f"yuanluctl: {trouble.text(language)}\n  -> {trouble.hint(language)}"
        tell("".join(character if character.isprintable() or character == "\n" else "?" for character in shown))
    else:
        return
    sys.exit(problem.exit_code)
