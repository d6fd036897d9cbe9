"""`yuanluctl handover`: what is open on a terminal goes to a spare one. docs/handover.md says in which order, and why."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from host_tools.yuanluctl import handover as made
from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.cli_authority import key_file_argument, open_seed
from host_tools.yuanluctl.cli_target import Chip, Voice, on_a_line, on_a_terminal, spoken
from host_tools.yuanluctl.handover import Names, Receipt
from host_tools.yuanluctl.journal.ledger import yuan
from host_tools.yuanluctl.live import LiveTerminal
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.rehearsal import refusal
from host_tools.yuanluctl.service import Session
from host_tools.yuanluctl.status import waiting_of
from host_tools.yuanluctl.targets import parse
from yuanlu.wire import service as wire

if TYPE_CHECKING:
    from host_tools.yuanluctl.salvage import Salvage

_RIGHTS = wire.DIAG | wire.HANDOVER
_BUSY = ("given", "finished", "taking", "lost")  # standings in which no other handover begins


@click.group()
def handover() -> None:
    """Give what is open on a terminal to a spare one, so that no refund goes twice or gets lost."""


def _terminal(_: click.Context, __: click.Parameter, name: str) -> str:
    if name and re.fullmatch("[!-~]{8}", name) is None:
        raise click.BadParameter(f"{name} is not the 8 characters of a terminal")
    return name


def _spare(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, int] | None:
    """The spare and which installation of it: YL000002, or YL000002/2 once it was installed anew."""
    name, _, install = value.partition("/")
    if install and not (install.isascii() and install.isdigit() and 0 < int(install) < 1 << 16):
        raise click.BadParameter(f"{install} is not the number of an installation (the epoch of its settings)")
    return (_terminal(context, parameter, name), int(install or 1)) if name else None


_SPARE = "The 8 characters of the spare, and /N for its Nth installation."
_epoch = click.option(
    "--epoch", type=click.IntRange(1, made.LAST_EPOCH), metavar="N", help="Of this handover; else the seconds of this computer."
)
_file = click.argument("file", type=click.Path(path_type=Path))
_out = click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="What to write.")


def _shown(voice: Voice, name: str, owner: dict[str, Any]) -> str:
    if owner["standing"] == "lost":
        before = voice.say(f"handover.{owner['before']}")
        return voice.say("handover.lost_number", name, owner["number"], before, owner["other"] or "-")
    return voice.say("handover.standing", name, voice.say(f"handover.{owner['standing']}"), owner["epoch"], owner["other"] or "-")


@handover.command()
@click.argument("spare", metavar="SPARE")
@on_a_line()
def plan(terminal: LiveTerminal, voice: Voice, spare: str) -> None:
    """Say what would go from the terminal to SPARE, another one on a line, and whether it can. Nothing changes.

    Exit codes: 0 it can, 1 it cannot, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed.
    """
    where = parse(spare)  # before anybody is asked
    session = terminal.open(_RIGHTS)
    name, old, waiting = _connected(terminal), made.owner(session), waiting_of(terminal.status())
    other = LiveTerminal(where, terminal.timeout, terminal.credentials, terminal.waiting)
    other.still = terminal.still
    try:
        new, spare = made.owner(other.open(_RIGHTS), name), _connected(other)
    finally:
        other.close()
    epoch, wanted = max(old["newest"], new["newest"]) + 1, f"{spare}/{new['installation']}"
    can = old["standing"] not in _BUSY and new["standing"] not in _BUSY and new["places"] >= len(waiting)
    can = can and epoch <= made.LAST_EPOCH
    told = {"old": old, "spare": new, "waiting": waiting, "epoch": epoch, "export_to": wanted, "possible": can}
    lines = [_shown(voice, terminal.name, old), _shown(voice, other.name, new)]
    lines += [f"  {one['number']:>8}  {yuan(one['amount']):>10}  {voice.say('state.' + one['state'])}" for one in waiting]
    lines.append(voice.say("handover.room", new["places"], len(waiting)))
    lines.append(voice.say("handover.possible", wanted, epoch) if can else voice.say("handover.not_possible"))
    voice.answer(told, lines)
    if not can:
        raise SystemExit(FINDINGS)


@handover.command()
@key_file_argument
@click.argument("old", callback=_terminal)
@click.argument("spare", default="", callback=_spare)
@click.option("--lost-fence", type=click.IntRange(1, (1 << 32) - 1), metavar="N", help="The number that OLD says; then no SPARE.")
@_epoch
@spoken()
def warrant(
    voice: Voice,
    key_file: Path,
    old: str,
    spare: tuple[str, int] | None,
    lost_fence: int | None,
    epoch: int | None,
) -> None:
    """Print the authority's word that what is open on terminal OLD goes to SPARE, for `export --warrant`.

    With --lost-fence its word that what stands on OLD, whose fence cannot be read, is OLD's own to send, for `abort --lost-fence
    --warrant`: whoever prints it takes on himself that no other terminal has any of it.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    if (spare is None) == (lost_fence is None):
        raise click.UsageError("name the spare, or the number of a lost fence")
    epoch = epoch or int(time.time())
    if spare is None:
        assert lost_fence is not None
        word = made.word_of_lost_fence(open_seed(voice, key_file), old, lost_fence, epoch)
        text = made.word_text(word)
        voice.answer({"warrant": text, "old": old, "number": lost_fence, "epoch": epoch}, [text])
        return
    names = _named(old, spare, epoch)
    text = made.warrant_text(made.warrant(open_seed(voice, key_file), names))
    voice.answer({"warrant": text, **names._asdict()}, [text])


def _named(old: str, spare: tuple[str, int], epoch: int | None) -> Names:
    if old == spare[0]:
        raise click.BadParameter("a terminal is no spare of its own", param_hint="SPARE")
    return Names(old, *spare, epoch or int(time.time()))


def _anchors(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> Any:
    from host_tools.yuanluctl.cli_journal import anchors_of  # loaded where it is used, so that --help is quick

    return anchors_of(context, option, values)


@handover.command()
@key_file_argument
@click.option("--settings", "source", required=True, metavar="SOURCE", help="Its settings, as the authority has signed them.")
@click.option("--spare", required=True, callback=_spare, metavar="ID[/N]", help=_SPARE)
@_epoch
@click.option("--anchor", "anchors", multiple=True, callback=_anchors, metavar="NUMBER:TAG", help="As for `journal verify`.")
@_out
@on_a_terminal(writes=True)
def salvage(
    chip: Chip, voice: Voice, key_file: Path, source: str, spare: Any, epoch: int | None, anchors: Any, out: Path
) -> None:
    """Make a capsule for the spare from the image of a dead terminal's chip: by the authority, since that one cannot.

    All that was open arrives parked, for a person: nothing of it is sent by itself, whatever the journal says.

    Exit codes: 0 written, 1 written, but something goes without its sale or stays for a person, 2 wrong use, unreadable file or
    another passphrase, 3 nobody there, 8 refused: not as that terminal wrote it, or handed over before.
    """
    from host_tools.yuanluctl import salvage as salvaging
    from host_tools.yuanluctl.status import entry

    if isinstance(chip.terminal, LiveTerminal):
        raise Trouble("alive", chip.terminal.name)
    key = open_seed(voice, key_file)
    dead = salvaging.dead_of(source, key)
    found = salvaging.salvage(key, chip.image, chip.geometry, dead, _named(dead.terminal, spare, epoch), anchors)
    voice.write(out, found.capsule.to_bytes())
    told = {"file": str(out), "verdict": found.report.verdict, "alone": found.alone, **found.capsule.names._asdict()}
    told |= {"refunds": [entry(one) for one in found.refunds], "left": [entry(one) for one in found.left]}
    voice.answer(told, _salvaged(voice, found))
    if found.left or found.alone:
        raise SystemExit(FINDINGS)


def _salvaged(voice: Voice, found: Salvage) -> list[str]:
    lines = [voice.say("paper.verdict", verdict.told(voice.language, found.report))]
    for one in found.refunds:
        sends = sum(len(attempt.sends) for attempt in one.attempts)
        lines.append(voice.say("handover.refund", one.number, yuan(one.amount), voice.say(f"state.{one.state}"), sends))
    names = found.capsule.names
    lines += [voice.say("handover.alone", len(found.alone))] * bool(found.alone)
    lines += [voice.say("handover.left", ", ".join(str(one.number) for one in found.left))] * bool(found.left)
    return [*lines, voice.say("handover.salvaged", len(found.refunds), names.epoch, names.spare)]


@handover.command()
@click.option("--spare", default="", callback=_spare, metavar="ID[/N]", help=_SPARE)
@_epoch
@click.option("--warrant", "word", default="", metavar="TEXT", help="The authority's, where its key file is not here.")
@_out
@on_a_line(writes=True)
def export(terminal: LiveTerminal, voice: Voice, spare: tuple[str, int] | None, epoch: int | None, word: str, out: Path) -> None:
    """Have the terminal seal what is open for the spare. From here on it sends nothing, until `abort`.

    May be repeated with the same --spare and --epoch, or the same --warrant, until the file is written.

    Exit codes: 0 written, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    if (spare is None) != bool(word):
        raise click.UsageError("name the spare, or give a warrant")
    old = _connected(terminal)
    if spare is None:
        given = made.read_warrant(word)
        names = made.names_of(old, given)
        session = terminal.open(_RIGHTS)
    else:
        names, key = _named(old, spare, epoch), terminal.credentials.open_key("no_warrant")
        session = terminal.open(_RIGHTS)
        names = _same_again(made.owner(session), names, epoch)
        given = made.warrant(key, names)
    _check_free(voice, out, made.capsule_begins(names))
    if voice.dry_run:
        _rehearse(terminal, voice, "export", names, out)
        return
    capsule = made.export(session, names, given, voice.progress)
    voice.write(out, capsule.to_bytes())
    count = len(capsule.blocks)
    told = {"file": str(out), "blocks": count, **names._asdict()}
    voice.answer(told, [voice.say("handover.exported", old, count, names.epoch)])


def _check_free(voice: Voice, out: Path, begins: bytes) -> None:
    """Before the step is taken: a file that holds something else than what is to be written is not written over."""
    voice.check(out)
    there = voice.holds(out)
    if there and not there.startswith(begins):
        raise Trouble("holds_records", out)


def _connected(terminal: LiveTerminal) -> str:
    """The 8 characters of the terminal on the line."""
    return terminal.hello()[0].terminal.decode("ascii", "replace")


def _check_connected(terminal: LiveTerminal, wanted: str, file: Path) -> None:
    """Trouble where a file goes to another terminal."""
    if (here := _connected(terminal)) != wanted:
        raise Trouble("other_terminal", file, wanted, here)


def _at_spare(terminal: LiveTerminal, names: Names, file: Path) -> Session:
    """Trouble where the capsule FILE goes to another terminal, or is for another installation of this one."""
    _check_connected(terminal, names.spare, file)
    session = terminal.open(_RIGHTS)
    if (here := made.owner(session)["installation"]) != names.install:
        raise Trouble("other_installation", file, names.spare, names.install, here)
    return session


def _rehearse(terminal: LiveTerminal, voice: Voice, step: str, names: Names, file: Path) -> None:
    """Say what would be done, or refused; Trouble."""
    owner = made.owner(terminal.open(_RIGHTS), names.old if step in ("import", "decline") else "")
    if told := refusal(step, owner, names):
        raise Refusal(terminal.name, told)
    told_all = {"target": terminal.name, "would": step, "file": str(file), **names._asdict(), "standing": owner["standing"]}
    voice.answer(told_all, [voice.say(f"handover.would_{step}", terminal.name, file, names.epoch)])


def _same_again(owner: dict[str, Any], names: Names, epoch: int | None) -> Names:
    """An export that broke off goes on under its epoch; another one has a higher epoch than any before, also where a clock was
    once ahead."""
    if epoch is not None:
        return names
    began = owner["standing"] == "given" and (owner["other"], owner["other_installation"]) == (names.spare, names.install)
    return names._replace(epoch=owner["epoch"] if began else min(max(names.epoch, owner["newest"] + 1), made.LAST_EPOCH))


@handover.command("import")
@_file
@_out
@on_a_line(writes=True)
def import_(terminal: LiveTerminal, voice: Voice, file: Path, out: Path) -> None:
    """Bring the capsule FILE to the spare, which sends what it holds from here on. Writes its receipt, for `finish`.

    May be repeated until the receipt is written.

    Exit codes: 0 taken, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    capsule = made.read_capsule(file)
    _check_free(voice, out, made.receipt_begins(made.TAKEN, capsule.names))
    session = _at_spare(terminal, capsule.names, file)
    if voice.dry_run:
        _rehearse(terminal, voice, "import", capsule.names, file)
        return
    receipt = made.bring(session, capsule, voice.progress)
    voice.write(out, receipt.to_bytes())
    told = {"file": str(out), "blocks": len(capsule.blocks), **capsule.names._asdict()}
    voice.answer(told, [voice.say("handover.imported", capsule.names.spare)])


@handover.command()
@_file
@_out
@on_a_line(writes=True)
def decline(terminal: LiveTerminal, voice: Voice, file: Path, out: Path) -> None:
    """Have the spare say that it will never take the capsule FILE; refused once some of it is there. Writes that, for `abort`.

    Exit codes: 0 declined, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    names = made.read_capsule(file).names
    _check_free(voice, out, made.receipt_begins(made.DECLINED, names))
    session = _at_spare(terminal, names, file)
    if voice.dry_run:
        _rehearse(terminal, voice, "decline", names, file)
        return
    receipt = made.receipt(session, made.DECLINED, names)
    voice.write(out, receipt.to_bytes())
    voice.answer({"file": str(out), **names._asdict()}, [voice.say("handover.declined_now", names.spare)])


@handover.command()
@_file
@on_a_line(writes=True)
def finish(terminal: LiveTerminal, voice: Voice, file: Path) -> None:
    """Bring the spare's receipt FILE to the old terminal: what it has open is the spare's, for good.

    Exit codes: 0 done, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    receipt = made.read_receipt(file, made.TAKEN)
    _check_connected(terminal, receipt.names.old, file)
    _close(terminal, voice, "finish", file, receipt)


@handover.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--lost-spare", is_flag=True, help="The authority says in its place that it will never send anything of it.")
@click.option("--lost-fence", is_flag=True, help="The authority says whose all is, where the terminal cannot tell any more.")
@click.option("--warrant", "word", default="", metavar="TEXT", help="With --lost-fence: where the key file is not here.")
@_epoch
@click.option("--yes", is_flag=True, help="With --lost-spare: agree without being asked.")
@on_a_line(writes=True)
def abort(
    terminal: LiveTerminal,
    voice: Voice,
    file: Path | None,
    lost_spare: bool,
    lost_fence: bool,
    word: str,
    epoch: int | None,
    yes: bool,
) -> None:
    """Let the old terminal send again, on the spare's word FILE that it has not taken the capsule.

    With --lost-spare the authority's key file stands for that word: whoever has it takes on himself that the spare is lost, and
    took nothing; what it took would be given back twice, so you are asked (--yes agrees). With --lost-fence it stands for what
    the terminal's vault cannot tell any more (both places of the fence are damaged): whoever has it takes on himself that no
    other terminal has any of what this one lists. --dry-run says the number that the word has to name.

    Exit codes: 0 done, 1 you did not agree, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    if [lost_spare, lost_fence, file is not None].count(True) != 1:
        raise click.UsageError("give the spare's word, or --lost-spare, or --lost-fence")
    if (word or epoch) and not lost_fence:
        raise click.UsageError("--warrant and --epoch go with --lost-fence")
    if lost_fence:
        _mend(terminal, voice, word, epoch)
        return
    if file:
        receipt = made.read_receipt(file, made.DECLINED)
        _check_connected(terminal, receipt.names.old, file)
    else:
        if not (yes or voice.dry_run):
            if voice.as_json:
                raise click.UsageError("--json takes --yes or --dry-run: nobody is asked")
            if not voice.agreed("handover.agree_lost"):
                raise SystemExit(FINDINGS)
        old, owner = _connected(terminal), made.owner(terminal.open(_RIGHTS))
        names = Names(old, owner["other"], owner["other_installation"], owner["epoch"])
        receipt = made.declined(terminal.credentials.open_key(), names)
    _close(terminal, voice, "abort", file or Path("--lost-spare"), receipt)


def _mend(terminal: LiveTerminal, voice: Voice, word: str, epoch: int | None) -> None:
    given = made.read_word(word) if word else b""
    old = _connected(terminal)
    session = terminal.open(_RIGHTS)
    owner = made.owner(session)
    if owner["standing"] != "lost" and not given:
        raise Refusal(terminal.name, "fence_read")
    if not voice.dry_run:
        if not given:
            key = terminal.credentials.open_key()
            given = made.word_of_lost_fence(key, old, owner["number"], epoch or int(time.time()))
        session.command(wire.MEND, given)
        owner = made.owner(session)
    voice.answer({"target": terminal.name, **owner}, [_shown(voice, terminal.name, owner)])


def _close(terminal: LiveTerminal, voice: Voice, step: str, file: Path, receipt: Receipt) -> None:
    if voice.dry_run:
        _rehearse(terminal, voice, step, receipt.names, file)
        return
    session = terminal.open(_RIGHTS)
    session.command(wire.FINISH if step == "finish" else wire.ABORT, receipt.proof)
    owner = made.owner(session)
    voice.answer({"target": terminal.name, **owner}, [_shown(voice, terminal.name, owner)])
