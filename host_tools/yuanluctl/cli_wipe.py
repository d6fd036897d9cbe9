"""`yuanluctl wipe`: a terminal goes out of use, and nothing of it stays on its chip or in its vault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from host_tools.yuanluctl.cli_target import Voice, on_a_line
from host_tools.yuanluctl.outcome import FINDINGS
from host_tools.yuanluctl.refusal import Refusal
from yuanlu.wire import service as wire

if TYPE_CHECKING:
    from host_tools.yuanluctl.live import LiveTerminal


@click.command()
@click.option(
    "--journal", "file", required=True, type=click.Path(path_type=Path), metavar="FILE", help="What `journal pull` has written."
)
@click.option("--yes", is_flag=True, help="Agree without being asked.")
@on_a_line(writes=True)
def wipe(terminal: LiveTerminal, voice: Voice, file: Path, yes: bool) -> None:
    """Erase a terminal that goes out of use: its keys, PINs, journal and settings. There is no way back.

    It refuses while anything is open, its batch is not closed, a handover is not finished, or FILE is not its newest journal.
    Somebody at its keypad agrees twice. Run it again when the cable came out: a terminal that is erased says so, but cannot prove
    it without keys. Then its screen tells.

    --dry-run looks at what the terminal says of itself: what it names as being in the way is refused as without it.

    Exit codes: 0 erased, as the terminal has proved, 1 you did not agree, or it only says that it is erased, or --dry-run finds
    newer records there and cannot tell whether they matter, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed,
    8 refused, or FILE is not the whole journal.
    """
    if voice.as_json and not (yes or voice.dry_run):
        raise click.UsageError("--json takes --yes or --dry-run: nobody is asked")
    from host_tools.yuanluctl import erase  # loaded where it is used, so that --help is quick

    hello, _ = terminal.hello()
    name = hello.terminal.decode("ascii", "replace")
    head = erase.head_of(file, name)
    if hello.busy == wire.ERASED:
        _end(voice, terminal, name, str(head), "says_erased")
    if not voice.as_json:
        voice.answer({}, [voice.say("wipe.what", name, file, head)])
    if voice.dry_run:
        told = terminal.glance(wire.DIAG | wire.WIPE)
        if reason := erase.refusal(told, hello, file, head):
            raise Refusal(terminal.name, reason)
        if told is None:
            voice.chat("queue.unseen")
        newer = hello.number - head.number
        _end(voice, terminal, name, str(head), *(("newer", newer) if newer else ("would",)))
    if not (yes or voice.agreed("wipe.agree", name)):
        _end(voice, terminal, name, str(head), "declined")
    voice.chat("wipe.waiting", int(erase.AWAY_SECONDS))
    _end(voice, terminal, name, str(head), "erased" if erase.erase(terminal, head) else "says_erased")


def _end(voice: Voice, terminal: LiveTerminal, name: str, head: str, outcome: str, *more: int) -> None:
    told = {"target": terminal.name, "terminal": name, "head": head, "outcome": outcome}
    voice.answer(told, [voice.say(f"wipe.{outcome}", name, *more)])
    raise SystemExit(FINDINGS if outcome in ("declined", "newer", "says_erased") else 0)
