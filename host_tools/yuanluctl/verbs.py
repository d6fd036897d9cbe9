"""The verbs of `yuanluctl` by where they are defined: one is loaded when it is used, so that --help is quick."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from host_tools.yuanluctl.outcome import INTERRUPTED

# Verb: the module that has it under the same name, and its first sentence, as its own help says it.
PLACES = {
    "authority": ("cli_authority", "Approve by telephone, let technicians in, sign settings: with the one key of the shop."),
    "bridge": ("cli_bridge", "Give terminals without network a way to their acquirer, each over its serial cable."),
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


def lost(problem: OSError) -> NoReturn:
    """End with an error that no verb knew."""
    import_module("host_tools.yuanluctl.output_lost").end_with(problem)
    raise AssertionError("it has ended")


class Verbs(click.Group):
    """A group that knows the names of its verbs and loads one when it is called."""

    _listing = False
    _words: Sequence[str] = ()  # of the command line

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
        import_module("host_tools.yuanluctl.rights").write_into_help(found, cmd_name)
        return found

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> click.Context:
        """Help is printed here."""
        self._words = tuple(args)
        try:
            return super().make_context(info_name, args, *rest, **more)
        except click.UsageError as problem:
            self._tell(problem)
            raise
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        except OSError as problem:
            lost(problem)

    def invoke(self, ctx: click.Context) -> Any:
        """The verb itself. A question that nobody answers, or answers with Ctrl-C, is no finding."""
        try:
            return super().invoke(ctx)
        except (click.Abort, KeyboardInterrupt):
            raise SystemExit(INTERRUPTED) from None
        except click.UsageError as problem:
            self._tell(problem)
            raise
        except OSError as problem:
            lost(problem)

    def _tell(self, problem: click.UsageError) -> None:
        import_module("host_tools.yuanluctl.usage").end_with(problem, self._words)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Needs no verb loaded."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False
