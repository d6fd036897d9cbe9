"""`yuanluctl status` and `diagnose`: is money stuck, and what ails the terminal."""

from __future__ import annotations

import io
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.cli_target import Chip, Voice, day, on_a_terminal
from host_tools.yuanluctl.export import as_csv
from host_tools.yuanluctl.journal.ledger import NEEDS_A_PERSON, every_record, moment, yuan
from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.outcome import FINDINGS
from host_tools.yuanluctl.paper import own_version
from host_tools.yuanluctl.refusal import why_told
from host_tools.yuanluctl.status import checks, day_of, read_state, waiting_of
from host_tools.yuanluctl.status import status as status_of

if TYPE_CHECKING:
    from host_tools.yuanluctl.live import LiveTerminal

_ZIP_DATE = (2026, 1, 1, 0, 0, 0)  # about.json has the time


def _of_line(terminal: LiveTerminal, voice: Voice) -> None:
    """Asked of the terminal itself: nothing is pulled, so that it takes a moment."""
    told = terminal.status()
    waiting = waiting_of(told)
    people = sum(one["state"] in NEEDS_A_PERSON for one in waiting)
    held = str(told["held"])
    shut = [why_told(voice.language, told["shut"])] if told["shut"] else []  # what is open here is another terminal's
    lines = shut + _money(voice, len(waiting), people, held)
    lines.append(voice.say("live.who", told["terminal"], told["firmware"], told["head"]))
    lines += [voice.say("live.status", told["batch"], told["trace"], told["config"], told["places"])]
    lines += [voice.say("live.trouble", text) for text in told["trouble"]]
    lines += [f"  {one['number']:>8}  {yuan(one['amount']):>10}  {voice.say('state.' + one['state'])}" for one in waiting]
    voice.answer({"target": terminal.name, **told, "waiting": waiting, "need_a_person": people}, lines)
    _end(people, held)


def _money(voice: Voice, waiting: int, people: int, held: str, whole: bool = True) -> list[str]:
    """First of all, whether money is stuck."""
    if people:
        first = [voice.say("status.stuck", people, waiting)]
    elif waiting:
        first = [voice.say("status.under_way", waiting)]
    else:
        first = [voice.say("status.nothing")] * whole
    return first + [voice.say("queue.held", held)] * bool(held)


def _end(people: bool | int, held: str) -> None:
    """As `diagnose` ends where its check of money fails, and `queue list` where anything waits."""
    if people or held:
        raise SystemExit(FINDINGS)


@click.command()
@on_a_terminal(live=_of_line)
def status(chip: Chip, voice: Voice) -> None:
    """Say in one screen who the terminal is, whether its journal is whole, and what money waits. On a line the terminal itself
    is asked, and its journal is not looked through: `diagnose` does that.

    Exit codes: 0 shown, 1 shown, and money needs a person, a person holds the queue, or the journal has findings, 2 wrong use or
    unreadable file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed.
    """
    state = read_state(chip.image, chip.geometry)
    told = status_of(state) | chip.terminal.status()
    voice.answer({"target": chip.terminal.name, **told}, _lines(voice, told, verdict.told(voice.language, state.report)))
    _end(told["need_a_person"] or not told["consistent"], told["held"])


def _lines(voice: Voice, told: dict[str, Any], structure: str) -> list[str]:
    first, last = told["records"]
    waiting, given = told["waiting"], told["handed_to"]
    lines = [
        *[voice.say("check.hurt")] * (not told["consistent"]),
        *[voice.say("check.given", given)] * bool(given),
        *_money(voice, len(waiting), told["need_a_person"], told["held"], told["consistent"]),
        voice.say("status.terminal", told["terminal"] or "-", told["batch"] or "-", told["trace"]),
        voice.say("status.journal", first, last, structure),
        voice.say("status.head", told["head"] or "-"),
        voice.say("status.chip", told["erases"], told["retired"], told["boots"]),
    ]
    if not waiting:
        return lines
    lines.append(voice.say("status.waiting", len(waiting), yuan(told["waiting_amount"]), told["need_a_person"]))
    for one in waiting:
        kind, state = voice.say(f"kind.{one['kind'] or 'lost'}"), voice.say(f"state.{one['state']}")
        number, amount, when = one["number"], yuan(one["amount"]), moment(one["date"], one["time"])
        lines.append(f"  {number:>8}  {kind}  {amount:>10}  {one['batch']:06}/{one['trace']:06}  {when}  {state}")
    return lines


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path), metavar="FILE.zip", help="Also all that support needs, in one file.")
@click.option("--as-of", callback=day, metavar="DAY", help="Money is owed up to it; else to the terminal's date, or today's.")
@on_a_terminal(writes=True)
def diagnose(chip: Chip, voice: Voice, bundle: Path | None, as_of: int) -> None:
    """Check the terminal's journal, money, clock, power and chip; each check with what to do.

    The bundle says what it was made of, by which version, when; it holds status, checks, verification and the list of records, on
    a line also what the terminal says of itself and its log: no message, no key, no card number.

    Exit codes: 0 all passed or warnings only, 1 a check failed, 2 wrong use or unreadable file, 3 nobody there, 5 no answer,
    4 port busy, 6 not allowed.
    """
    state, live = read_state(chip.image, chip.geometry), chip.terminal.status()
    found = []
    for check in checks(state, day_of(as_of or live.get("date", 0)) or date.today()):
        name = f"check.{check.why or check.name}"
        hint = "" if check.level == "pass" else voice.say(f"{name}.hint")
        values = (verdict.told(voice.language, state.report),) if check.name == "structure" else check.values
        text = voice.say(name if check.why else f"{name}.{check.level}", *values)
        found.append({"check": check.name, "level": check.level, "text": text, "hint": hint})
    answer: dict[str, Any] = {"target": chip.terminal.name, "checks": found}
    if bundle:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        about = {"target": chip.terminal.name, "yuanluctl": own_version(), "made": now, "live": live}
        log = chip.terminal.logs()
        files = {
            "about.json": _pretty(about),
            "status.json": _pretty(status_of(state)),
            "checks.json": _pretty(answer),
            "verify.json": _pretty(state.report.as_json()),
            "records.csv": as_csv(every_record(state.journal)),
        } | ({"log.txt": "\n".join([*log, ""]).encode()} if log else {})
        voice.write(bundle, _zip(files))
    lines = [
        f"{voice.say('mark.' + one['level'])}  {one['text']}" + (f"\n      -> {one['hint']}" if one["hint"] else "")
        for one in found
    ]
    voice.answer(answer, lines)
    if any(one["level"] == "fail" for one in found):
        raise SystemExit(FINDINGS)


def _pretty(content: dict[str, Any]) -> bytes:
    return json_text(content, indent=1).encode() + b"\n"


def _zip(files: dict[str, bytes]) -> bytes:
    import zipfile  # loaded where it is used, so that --help is quick

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
