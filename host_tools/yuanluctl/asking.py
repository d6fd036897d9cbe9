"""What only a person can tell, typed where it is asked for: passphrases, components, yes or no. Without a person it is a Trouble,
never a question that nobody sees or an answer that somebody else reads.
"""

from __future__ import annotations

import sys
from typing import NoReturn, TextIO

import click

from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.words import say


def secret(language: str, name: str, *values: object, twice: bool = False) -> str:
    """Typed unseen, the second time compared. Trouble where standard input is no terminal; KeyboardInterrupt."""
    prompt = _prompt(language, name, *values)
    try:
        given: str = click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    except click.Abort as abort:
        _given_up(abort, prompt)
    return given


def agreed(language: str, name: str, *values: object) -> bool:
    """Yes or no; Trouble as above."""
    prompt = _prompt(language, name, *values)
    try:
        return click.confirm(prompt, err=True)
    except click.Abort as abort:
        _given_up(abort, prompt)


def enter(language: str, name: str) -> None:
    """Wait until ENTER is pressed; Trouble as above."""
    prompt = _prompt(language, name)
    try:
        click.prompt(prompt, default="", show_default=False, err=True)
    except click.Abort as abort:
        _given_up(abort, prompt)


def is_a_screen(stream: TextIO | None) -> bool:
    """Where a person types or looks; None stands for one that was closed before we began."""
    return stream is not None and stream.isatty()


def _prompt(language: str, name: str, *values: object) -> str:
    prompt = say(language, name, *values)
    if not is_a_screen(sys.stdin):
        raise Trouble("nobody_types", prompt)
    return prompt


def _given_up(abort: click.Abort, prompt: str) -> NoReturn:
    """click makes one thing of Ctrl-C and of a terminal that went away."""
    if isinstance(abort.__context__, KeyboardInterrupt):
        raise KeyboardInterrupt from abort
    raise Trouble("nobody_types", prompt) from abort
