"""The verbs that a live terminal answers over its line: `list`, `ping`, `support`, `watch`, `logs`, `time`, `queue`."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from struct import error, pack, unpack
from typing import TYPE_CHECKING, Any

import rich_click as click

from host_tools.yuanluctl import asking, completing
from host_tools.yuanluctl.cli_target import Seconds, Voice, on_a_line, spoken
from host_tools.yuanluctl.journal import card_numbers
from host_tools.yuanluctl.journal.ledger import yuan
from host_tools.yuanluctl.outcome import BUSY_PORT, FINDINGS, NO_TERMINAL, Trouble, perhaps_done
from host_tools.yuanluctl.output_lost import look_for_readers
from host_tools.yuanluctl.refusal import Refusal, why_told
from host_tools.yuanluctl.status import day_of, waiting_of
from yuanlu.wire import service as wire

if TYPE_CHECKING:
    from host_tools.yuanluctl.live import LiveTerminal

LONGEST_EVIDENCE = 18  # bytes (docs/journal-format.md)
LIST_SECONDS = 2.0
FIRST_YEAR, LAST_YEAR = 2000, 2099  # that a terminal's clock takes


@click.command("list")
@click.argument("targets", nargs=-1, shell_complete=completing.targets)
@spoken()
def list_(targets: tuple[str, ...], voice: Voice) -> None:
    """Ask every serial port of this computer, and the TARGETs, for a terminal.

    A port is found by its answer, not by its name.

    Exit codes: 0 shown, 2 wrong use, 3 no terminal anywhere, 4 none, and a port was busy or not permitted.
    """
    from serial.tools import list_ports  # loaded where it is used, so that --help is quick

    from host_tools.yuanluctl.live import Credentials, LiveTerminal, told_by
    from host_tools.yuanluctl.targets import parse

    found: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []
    shut: list[str] = []
    for name in [*targets, *(port.device for port in list_ports.comports())]:
        try:
            with closing(LiveTerminal(parse(name), LIST_SECONDS, Credentials(), lambda: None)) as terminal:
                found.append({"target": name, **told_by(terminal.hello()[0])})
        except Trouble as trouble:
            seen.append({"target": name, "why": trouble.name})
            if trouble.exit == BUSY_PORT:
                shut.append(trouble.text(voice.language))
    lines = [f"{one['target']}  {one['terminal']}  yuanlu {one['firmware']}  {one['head']}{_gone(voice, one)}" for one in found]
    voice.answer({"terminals": found, "others": seen}, (lines or [voice.say("list.none", len(seen))]) + shut)
    if not found:
        raise SystemExit(BUSY_PORT if shut else NO_TERMINAL)


def _gone(voice: Voice, told: dict[str, Any]) -> str:
    return f"  {voice.say('live.out_of_use')}" if told["out_of_use"] else ""


@click.command()
@click.option("-n", "--count", type=click.IntRange(1, 10_000), default=3, show_default=True, help="Questions.")
@on_a_line()
def ping(terminal: LiveTerminal, voice: Voice, count: int) -> None:
    """Ask a terminal who it is, several times; no ticket is needed.

    Exit codes: 0 it answers, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer.
    """
    from host_tools.yuanluctl.live import told_by  # loaded where it is used, so that --help is quick

    took = []
    for _ in range(count):
        began = time.monotonic()
        hello, _body = terminal.hello()
        took.append(1000 * (time.monotonic() - began))
    told = {"target": terminal.name, **told_by(hello), "ms": [round(ms, 1) for ms in took]}
    line = voice.say("ping.told", told["terminal"], told["firmware"], min(took), sum(took) / count, max(took))
    voice.answer(told, [line + _gone(voice, told)])


@click.command()
@on_a_line()
def support(terminal: LiveTerminal, voice: Voice) -> None:
    """Print what a support desk or the authority needs. First who the terminal is and the head of its journal, then a request.

    The request serves for ten minutes and for one session: `yuanluctl authority ticket KEY_FILE REQUEST --allow ...`.

    Exit codes: 0 printed, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer.
    """
    from host_tools.yuanluctl.live import told_by  # loaded where it is used, so that --help is quick
    from host_tools.yuanluctl.service import request_text

    hello, body = terminal.hello()
    told = {"target": terminal.name, **told_by(hello), "request": request_text(body)}
    voice.answer(
        told, [voice.say("support.told", told["terminal"], told["firmware"], told["boot"], told["head"]), told["request"]]
    )


@click.command()
@click.option("--every", type=Seconds(0.1, 60), default=0.5, show_default=True, metavar="S", help="Seconds between looks.")
@click.option("--once", is_flag=True, help="One look.")
@on_a_line()
def watch(terminal: LiveTerminal, voice: Voice, every: float, once: bool) -> None:
    """Show the terminal's screen as it is, until Ctrl-C.

    It may show what a clerk types, never a PIN. With --json an object a line, one for each screen that differs from the last.

    Exit codes: 0 shown, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 130 Ctrl-C.
    """
    session = terminal.open(wire.DIAG)
    last = None
    while True:
        screen = "".join(c for c in session.command(wire.SCREEN).decode("utf-8", "replace") if c.isprintable() or c == "\n")
        if screen != last:
            last = screen
            if asking.is_a_screen(sys.stdout) and not once and not voice.as_json:
                click.clear()
            voice.answer({"screen": screen.split("\n")}, [screen])
        if once:
            return
        look_for_readers()
        time.sleep(every)


@click.command()
@on_a_line()
def logs(terminal: LiveTerminal, voice: Voice) -> None:
    """Print the last lines of the terminal's log since power came.

    Exit codes: 0 printed, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed.
    """
    lines = terminal.logs()
    voice.answer({"target": terminal.name, "lines": lines}, lines)


@click.group("time")
def time_() -> None:
    """Set the terminal's clock by this computer's."""


def moment_of(_context: object, _option: object, text: str | None) -> datetime | None:
    """What --at was given; nothing is what this computer says, which is looked at too."""
    try:
        at = None if text is None else datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError as problem:
        raise click.BadParameter(f"{text} is no date and time like 2026-11-28T23:00:00") from problem
    in_time(at or datetime.now())
    return at


def in_time(when: datetime) -> datetime:
    """As it is; wrong use for a year that no terminal takes."""
    year = when.year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise click.BadParameter(f"{year} is no year from 2000 to 2099, which a terminal takes")
    return when


@time_.command()
@click.option("--at", callback=moment_of, metavar="YYYY-MM-DDTHH:MM:SS", help="Else now.")
@click.option("--yes", is_flag=True, help="Agree to a date that is days away, without being asked.")
@on_a_line(writes=True)
def sync(terminal: LiveTerminal, voice: Voice, at: datetime | None, yes: bool) -> None:
    """Set its date and time, on record with the seconds moved. Refused when that is before its newest record.

    So a date that is too late can never be put right, once something has happened under it: where the new one is more than a day
    from this computer's or the terminal's, you are asked.

    Exit codes: 0 done, 1 you did not agree, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    if voice.dry_run:
        told, when = terminal.glance(wire.DIAG | wire.CONFIG), at or in_time(datetime.now())
        if told is not None and not (yes or _is_near(told["date"], when)):
            raise Trouble("far_date", terminal.name, f"{when:%Y-%m-%d}")
        voice.would(terminal.name, told is not None)
        return
    session, when = terminal.open(wire.DIAG | wire.CONFIG), at or in_time(datetime.now())
    if not (yes or _is_near(session.status()["date"], when)):
        if voice.as_json:
            raise Trouble("far_date", terminal.name, f"{when:%Y-%m-%d}")
        if not click.confirm(voice.say("time.agree", f"{when:%Y-%m-%d}"), err=True):
            raise SystemExit(FINDINGS)
    try:
        (moved,) = unpack("<q", session.command(wire.TIME, pack("<II", int(f"{when:%Y%m%d}"), int(f"{when:%H%M%S}"))))
    except error as problem:
        raise Trouble("protocol", terminal.name, "time") from problem
    voice.answer({"target": terminal.name, "seconds": moved}, [voice.say("time.moved", moved)])


def _is_near(terminals: int, when: datetime) -> bool:
    """Within a day of this computer's date and of the terminal's, yyyymmdd."""
    return all(known and abs((when.date() - known).days) <= 1 for known in (date.today(), day_of(terminals)))


@click.group()
def queue() -> None:
    """What waits on a terminal: look, send now, take back, hold, release, decide on evidence."""


@queue.command("list")
@on_a_line()
def queue_list(terminal: LiveTerminal, voice: Voice) -> None:
    """List what is not settled.

    Exit codes: 0 nothing waits, 1 something does, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed.
    """
    told = terminal.status()
    waiting = waiting_of(told)
    lines = []
    for one in waiting:
        state, why = voice.say("state." + one["state"]), why_told(voice.language, one["why"])
        lines.append(f"{one['number']:>8}  {yuan(one['amount']):>10}  {state}  {why}")
    held, shut = str(told["held"]), str(told["shut"])
    above = [why_told(voice.language, shut)] * bool(shut) + [voice.say("queue.held", held)] * bool(held)
    lines = above + (lines or [voice.say("status.nothing")])
    voice.answer({"target": terminal.name, "held": held, "shut": shut, "waiting": waiting}, lines)
    if waiting:
        raise SystemExit(FINDINGS)


_number = click.argument("number", type=click.IntRange(1, (1 << 32) - 1))
_evidence = click.option(
    "--evidence", required=True, metavar="TEXT", help="At most 18 ASCII characters: a statement's line, a case."
)


@queue.command()
@_number
@on_a_line(writes=True)
def retry(terminal: LiveTerminal, voice: Voice, number: int) -> None:
    """Have a transaction sent, or asked about, now: the same bytes, by the acquirer's rules.

    Exit codes: 0 done, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    _carry_out(terminal, voice, wire.QUEUE, wire.SEND_NOW, pack("<I", number), _unless_open(number))


@queue.command()
@_number
@on_a_line(writes=True)
def withdraw(terminal: LiveTerminal, voice: Voice, number: int) -> None:
    """Take back a refund of which not one byte was ever sent; refused for any other.

    Exit codes: 0 done, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    _carry_out(terminal, voice, wire.QUEUE, wire.WITHDRAW, pack("<I", number), _unless_open(number))


@queue.command()
@_evidence
@on_a_line(writes=True)
def release(terminal: LiveTerminal, voice: Voice, evidence: str) -> None:
    """Let a held queue go on: what the acquirer did not know is mended, or a technician's hold is over.

    Exit codes: 0 done, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    _carry_out(terminal, voice, wire.QUEUE, wire.RELEASE, _bytes_of(evidence), _unless_held)


@queue.command()
@_evidence
@on_a_line(writes=True)
def hold(terminal: LiveTerminal, voice: Voice, evidence: str) -> None:
    """Hold the queue until `release`: nothing but queries and reversals goes, and the clerk sees TEXT as the reason.

    Exit codes: 0 done, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """

    def unless_other(told: dict[str, Any]) -> str:
        return f"refused.held_before ... ... {told['held']}" if told["held"] not in ("", evidence) else ""

    _carry_out(terminal, voice, wire.QUEUE, wire.HOLD, _bytes_of(evidence), unless_other)


@queue.command()
@_number
@click.option("--as", "outcome", type=click.Choice(["done", "not-done", "again"]), required=True, help="What is known.")
@click.option("--amount", default="", metavar="YUAN", help="What was booked, if another sum, like 7.00; with --as done.")
@_evidence
@on_a_line(writes=True)
def resolve(terminal: LiveTerminal, voice: Voice, number: int, outcome: str, amount: str, evidence: str) -> None:
    """Decide what became of a transaction that only a person can find out about, on evidence.

    `again` takes it on the technician that no attempt was booked, and a new one is made.

    Exit codes: 0 done, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    head = pack("<I", number)
    if amount and outcome != "done":
        raise click.UsageError("--amount says what was booked: with --as done")
    if outcome == "done":
        command, head = wire.DONE, head + pack("<I", _fen(amount))
    else:
        command = wire.NOT_DONE if outcome == "not-done" else wire.AGAIN
    _carry_out(terminal, voice, wire.RESOLVE, command, head + _bytes_of(evidence), _unless_open(number))


def _fen(amount: str) -> int:
    """0 for what the transaction came to."""
    told = re.fullmatch(r"([0-9]{1,6})\.([0-9]{2})", amount)
    fen = int(told[1]) * 100 + int(told[2]) if told else 0
    if amount and not fen:
        raise click.BadParameter("an amount like 7.00; what was not booked at all is --as not-done", param_hint="--amount")
    return fen


def _bytes_of(evidence: str) -> bytes:
    """Trouble for what no terminal takes, and for what may be a card number (L8)."""
    first = card_numbers.first_of_many(evidence)
    if first is not None:
        raise Trouble("evidence_card", first + 1)
    if not 0 < len(evidence) <= LONGEST_EVIDENCE or not evidence.isascii() or not evidence.isprintable():
        raise Trouble("evidence", LONGEST_EVIDENCE)
    return evidence.encode()


Look = Callable[[dict[str, Any]], str]  # from what STATUS says, the terminal's reason to refuse; empty where none can be seen


def _unless_open(number: int) -> Look:
    return lambda told: "" if any(one["number"] == number for one in waiting_of(told)) else "refused.not_open"


def _unless_held(told: dict[str, Any]) -> str:
    held = told["held"] or any(one["state"] == "held" for one in waiting_of(told))
    return "" if held else "refused.not_held"


def _carry_out(terminal: LiveTerminal, voice: Voice, right: int, command: int, given: bytes, look: Look) -> None:
    if voice.dry_run:
        told = terminal.glance(wire.DIAG | right)
        if told is not None and (reason := look(told)):
            raise Refusal(terminal.name, reason)
        voice.would(terminal.name, told is not None)
        return
    session = terminal.open(wire.DIAG | right)
    with perhaps_done("hint.perhaps_done"):
        session.command(command, given)
    try:
        waiting = waiting_of(session.status())
    except Trouble as trouble:
        if not trouble.retryable:
            raise
        voice.answer({"target": terminal.name, "waiting": None}, [voice.say("queue.done_unseen")])
        return
    voice.answer({"target": terminal.name, "waiting": waiting}, [voice.say("queue.done", len(waiting))])
