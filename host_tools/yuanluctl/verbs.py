"""The verbs of `yuanluctl` by where they are defined: one is loaded when it is used, so that --help is quick."""

from __future__ import annotations

import errno
import os
from importlib import import_module
from typing import Any, NoReturn

import click

# Verb: the module that has it under the same name, and its first sentence, as its own help says it.
PLACES = {
    "authority": ("cli_authority", "Approve by telephone, let technicians in, sign settings: with the one key of the shop."),
    "bridge": ("cli_bridge", "Give a terminal without network a way to its acquirer, over the serial cable."),
    "config": ("cli_config", "Read, compare and check the settings of a terminal."),
    "diagnose": ("cli_status", "Check the terminal's journal, money, clock, power and chip; each check with what to do."),
    "explain": ("cli_explain", "Say what a response code (like 51) or a refusal (like no_paper) means, and what to do."),
    "firmware": (
        "cli_firmware",
        "Build, sign and check a file of new firmware; bring it to a terminal, confirm it, take it back.",
    ),
    "flash": ("cli_flash", "Look at an image of a terminal's flash chip, turn it into text and back, or damage a copy."),
    "handover": ("cli_handover", "Give what is open on a terminal to a spare one, so that no refund goes twice or gets lost."),
    "journal": ("cli_journal", "Read and verify the journal in an image of a terminal's flash chip."),
    "keys": (
        "cli_keys",
        "Which keys a terminal has, a new one in a key block, the ceremony in which two people make the key for blocks.",
    ),
    "list": ("cli_live", "Ask every serial port of this computer, and the TARGETs, for a terminal."),
    "logs": ("cli_live", "Print the last lines of the terminal's log since power came."),
    "ping": ("cli_live", "Ask a terminal who it is, several times; no ticket is needed."),
    "queue": ("cli_live", "What waits on a terminal: look, send now, take back, hold, release, decide on evidence."),
    "report": ("cli_report", "Evidence of a refund, the request sheet, a statement compared, what operators did."),
    "rescue": ("cli_rescue", "Give back every whole record of a chip whose headers are damaged."),
    "status": ("cli_status", "Say in one screen who the terminal is, whether its journal is whole, and what money waits."),
    "support": ("cli_live", "Print what a support desk or the authority needs."),
    "time": ("cli_live", "Set the terminal's clock by this computer's."),
    "watch": ("cli_live", "Show the terminal's screen as it is, until Ctrl-C."),
    "wipe": ("cli_wipe", "Erase a terminal that goes out of use: its keys, PINs, journal and settings."),
}


class Verbs(click.Group):
    """A group that knows the names of its verbs and loads one when it is called."""

    _listing = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Those defined in place too."""
        return sorted({*super().list_commands(ctx), *PLACES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb itself; while help is written, its name and sentence."""
        if cmd_name not in PLACES:
            return super().get_command(ctx, cmd_name)
        module, sentence = PLACES[cmd_name]
        if self._listing:
            return click.Command(name=cmd_name, help=sentence, short_help=sentence)
        name = {"list": "list_", "time": "time_"}.get(cmd_name, cmd_name)  # words of Python
        found: click.Command = getattr(import_module(f"host_tools.yuanluctl.{module}"), name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """What no verb has caught: Ctrl-C at a question, and a disk that is full under stdout or a file. Neither is a finding."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except click.Abort:
            raise SystemExit(130) from None
        except OSError as problem:
            if problem.errno == errno.EPIPE:
                raise  # click's: who read stdout has gone
            _fail(problem, as_json)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Needs no verb loaded."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


def _fail(problem: OSError, as_json: bool) -> NoReturn:
    import json  # loaded where it is used, so that --help is quick

    from host_tools.yuanluctl.outcome import Trouble
    from host_tools.yuanluctl.words import language_of

    trouble = Trouble("file", problem.filename or "stdout", problem.strerror or problem)
    language = language_of(os.environ.get("YUANLU_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG", ""))
    if as_json:
        click.echo(json.dumps(trouble.as_json(language), ensure_ascii=False), err=True)
    else:
        click.echo(f"yuanluctl: {trouble.text(language)}", err=True)
        click.echo(f"  -> {trouble.hint(language)}", err=True)
    raise SystemExit(trouble.exit)
