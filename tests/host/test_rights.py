"""Which rights a verb takes stands in one table, which its --help, its errors and the technician's page have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from struct import pack

import click
import pytest
from click.testing import CliRunner, Result

from host_tools.yuanluctl import authority, bundles, handover
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.rights import RIGHTS, bits, named, taken_by
from host_tools.yuanluctl.service import issue
from host_tools.yuanluctl.status import read_state
from host_tools.yuanluctl.verbs import PLACES
from tests.host.hostile_terminal import OK, TERMINAL, HostileTerminal
from tests.host.journal_writer import Writer
from tests.host.signed_bundles import FILE as BUNDLES
from tests.host.test_journal_verify import trade
from tests.host.test_told import GOOD
from yuanlu.wire import service as wire

PAGE = Path(__file__).parents[2] / "docs" / "technician.md"
PASSPHRASE = "a passphrase of the shop"
SECRET = bytes(range(32))
NAMES = handover.Names("YL000002", TERMINAL, 1, 9)  # it is the spare
# A call of each verb that takes a ticket. LINE is the terminal's; words with a dot are files.
CALLS = """
config get LINE
config diff first.ylb LINE
config validate LINE
config push first.ylb -t LINE --yes
config rollback first.ylb --by Lin -t LINE --yes
diagnose -t LINE
firmware push firmware.ylb -t LINE --yes
firmware confirm -t LINE
firmware rollback -t LINE
firmware selftest -t LINE
firmware info -t LINE
handover plan LINE -t LINE
handover salvage a.key --settings first.ylb --spare YL000002 -o out.ylh -t LINE
handover export --spare YL000002 -o out.ylh -t LINE
handover import open.ylh -o out.ylr -t LINE
handover decline open.ylh -o out.ylr -t LINE
handover finish taken.ylr -t LINE
handover abort --lost-fence -t LINE
journal pull -o out.img -t LINE
journal tail -t LINE
journal export csv -t LINE
keys status -t LINE
keys inject block.txt -t LINE
logs -t LINE
ping -t LINE
queue list -t LINE
queue retry 1 -t LINE
queue withdraw 1 -t LINE
queue release --evidence x -t LINE
queue hold --evidence x -t LINE
queue resolve 1 --as done --evidence x -t LINE
report evidence 1 -t LINE
report sheet 1 -t LINE
report reconcile first.ylb -t LINE
report operators -t LINE
rescue dump -o out.img -t LINE
rescue scan -t LINE
rescue carve -o out.img -t LINE
rescue report -t LINE
status -t LINE
support -t LINE
time sync -t LINE --yes
watch --once -t LINE
wipe --yes --journal chip.img -t LINE
""".strip().splitlines()


def verbs_with_a_ticket() -> Iterator[tuple[str, click.Option]]:
    """Each by its name, with that option."""

    def inside(verb: click.Command, path: str) -> Iterator[tuple[str, click.Option]]:
        for name, one in verb.commands.items() if isinstance(verb, click.Group) else ():
            yield from inside(one, f"{path} {name}")
        yield from ((path, one) for one in verb.params if one.name == "ticket" and isinstance(one, click.Option))

    for name in PLACES:
        verb = yuanluctl.get_command(click.Context(yuanluctl), name)
        assert verb is not None
        if name != "authority":
            yield from inside(verb, name)


def verb_of(call: str) -> str:
    """The words of a call that name the verb."""
    return next(name for name, _ in verbs_with_a_ticket() if f"{call} ".startswith(f"{name} "))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("files")
    made = json.loads(BUNDLES.read_text("utf-8"))
    for name in ("first", "firmware"):
        bundle = bundles.read(bytes.fromhex(made[name])).signed(authority.signing_key(SECRET))
        (tmp_path / f"{name}.ylb").write_bytes(bundle.to_bytes())
    (tmp_path / "open.ylh").write_bytes(handover.Capsule(NAMES, [b"1"]).to_bytes())
    back = NAMES._replace(old=TERMINAL, spare="YL000002")
    (tmp_path / "taken.ylr").write_bytes(handover.Receipt(handover.TAKEN, back, bytes(16)).to_bytes())
    (tmp_path / "block.txt").write_bytes(b"D0112B1AX01N0000".ljust(112, b"A"))
    (tmp_path / "chip.img").write_bytes(trade(Writer(terminal=TERMINAL), 6).chip)
    (tmp_path / "a.key").write_bytes(authority.new(PASSPHRASE, SECRET))
    return tmp_path


def called(folder: Path, terminal: HostileTerminal, call: str, *more: str) -> Result:
    """What comes of it, with the authority's key at hand."""
    words = [str(folder / word) if "." in word else word.replace("LINE", terminal.target) for word in call.split()]
    environment = {"YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(folder / "a.key"), "LANG": "C", "LC_ALL": ""}
    return CliRunner().invoke(yuanluctl, [*words, "--timeout", "0.3", *more], env=environment)


def ticket(allowed: int) -> str:
    """For some question of that terminal's."""
    hello = wire.decode_hello(pack("<B8sI16sI8s16sB", 1, TERMINAL.encode(), 3, b"0.1.0", 77, b"tagtagta", bytes(16), 0))
    return issue(authority.service_key(SECRET, TERMINAL), hello, 7, allowed).text()


def test_the_table_has_every_verb_and_every_verb_is_tried_here() -> None:
    verbs = {name for name, _ in verbs_with_a_ticket()}
    assert {verb_of(call) for call in CALLS} == verbs
    for name in RIGHTS:
        assert any(verb == name or verb.startswith(f"{name} ") for verb in verbs), name


@pytest.mark.parametrize("call", CALLS)
def test_a_verb_asks_for_what_the_table_says(folder: Path, call: str) -> None:
    """With the authority's key each call gets its own ticket: which rights that has is seen at the other end of the line."""
    owner = pack("<BI8sHHHI", 0, 0, b"", 0, 1, 9, 0)
    answers = {wire.OWNER: OK + owner, wire.STATUS: OK + json.dumps(GOOD).encode()}
    no = bytes((wire.REFUSED,)) + b"refused.on_trial"
    terminal = HostileTerminal(lambda command, given: answers.get(command, no), SECRET)
    try:
        done = called(folder, terminal, call)
    finally:
        terminal.close()
    wanted = taken_by(verb_of(call))
    assert [named(allowed) for allowed in terminal.rights[:1]] == ([wanted] if wanted else []), done.output
    assert not any(allowed & ~bits(wanted) for allowed in terminal.rights)


@pytest.mark.parametrize("call", CALLS)
def test_a_ticket_that_lacks_a_right_is_not_used_up(folder: Path, call: str) -> None:
    """It is told which ones to ask for. Control: one with all of them is shown to the terminal."""
    wanted = taken_by(verb_of(call))
    stranger = HostileTerminal(lambda command, given: None)
    try:
        for lacking in wanted.split(",") if wanted else ():
            done = called(folder, stranger, call, "--json", "--ticket", ticket(wire.ALL & ~bits(lacking)))
            error = json.loads(done.stderr.splitlines()[-1])["error"]
            assert (done.exit_code, error["code"], error["rights"]) == (6, "not_allowed", wanted.split(",")), done.output
            assert f"--allow {wanted}" in error["hint"] and stranger.rights == []
        called(folder, stranger, call, "--ticket", ticket(bits(wanted)))
        assert set(stranger.rights) == ({bits(wanted)} if wanted else set())
    finally:
        stranger.close()


def test_help_and_page_say_it_too() -> None:
    for name, option in verbs_with_a_ticket():
        wanted = taken_by(name)
        assert (f"has to allow {wanted}." if wanted else "Not looked at") in (option.help or ""), name
    table = re.findall(r"^\| `(diag|config|diag,\w+)` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {(verb, rights) for rights, verbs in table for verb in re.findall(r"`([a-z ]+)`", verbs)}
    assert told == {(verb, rights) for verb, rights in RIGHTS.items() if rights}


def test_who_has_no_ticket_is_told_what_to_ask_for() -> None:
    stranger = HostileTerminal(lambda command, given: None)
    try:
        words = ["queue", "hold", "--evidence", "x", "-t", stranger.target, "--lang", "zh"]
        done = CliRunner().invoke(yuanluctl, words)
        assert done.exit_code == 6 and "--allow diag,queue" in done.stderr and "没有接入许可" in done.stderr
    finally:
        stranger.close()


OPEN = {**GOOD, "waiting": [[5, 700, "queued", ""]], "held": ""}
HELD = {**OPEN, "held": "case 1"}
KEYS = [["transport", 1, "00", 1], ["messages", 1, "00", 1]]


@pytest.mark.parametrize(
    ("call", "would", "refused", "reason"),
    [
        ("queue retry 5", OPEN, {**OPEN, "waiting": []}, "not_open"),
        ("queue withdraw 5", OPEN, {**OPEN, "waiting": [[6, 700, "queued", ""]]}, "not_open"),
        ("queue resolve 5 --as not-done --evidence x", OPEN, {**OPEN, "waiting": []}, "not_open"),
        ("queue release --evidence x", HELD, {**OPEN, "waiting": []}, "not_held"),
        ("queue hold --evidence x", OPEN, HELD, "held_before"),
        ("keys inject block.txt", {**OPEN, "waiting": []}, OPEN, "keys_open"),
    ],
)
def test_a_rehearsal_looks_before_it_says_would(
    folder: Path, call: str, would: dict[str, object], refused: dict[str, object], reason: str
) -> None:
    """With the authority's key it comes in to look, with no more rights than that; nothing but questions is asked. With a ticket
    the ticket alone is read. Control: what the terminal would refuse is refused."""
    stands = {wire.STATUS: would, wire.KEYS: KEYS}
    terminal = HostileTerminal(lambda command, given: OK + json.dumps(stands[command]).encode(), SECRET)
    try:
        told = json.loads(called(folder, terminal, f"{call} -t LINE --dry-run --json").stdout)
        assert told == {"target": terminal.target, "dry_run": True, "looked": True}
        assert "would be asked" in called(folder, terminal, f"{call} -t LINE --dry-run").stderr
        stands[wire.STATUS] = refused
        done = called(folder, terminal, f"{call} -t LINE --dry-run --json")
        assert (done.exit_code, json.loads(done.stderr)["error"]["reason"]) == (8, reason)
        assert set(terminal.asked) <= {wire.BYE, wire.STATUS, wire.KEYS} and set(terminal.rights) == {wire.DIAG}
        shown = len(terminal.rights)
        for text in ("YLT1.nonsense", ticket(wire.ALL)):
            done = called(folder, terminal, f"{call} -t LINE --dry-run --json", "--ticket", text)
            assert json.loads(done.stderr)["error"]["code"] in ("ticket_text", "no_ticket") and done.stdout == ""
        assert len(terminal.rights) == shown
    finally:
        terminal.close()


def test_a_rehearsal_needs_to_be_let_in_and_says_where_it_did_not_look(folder: Path) -> None:
    """The ticket is for this question of this terminal's; it is not shown. Control: without any it is not allowed."""
    terminal = HostileTerminal(lambda command, given: None, SECRET)
    terminal.nonce = bytes(16)
    try:
        words = ["queue", "withdraw", "999", "-t", terminal.target, "--dry-run"]
        done = CliRunner().invoke(yuanluctl, [*words, "--ticket", ticket(wire.ALL)], env={"LANG": "C", "LC_ALL": ""})
        assert done.exit_code == 0 and "was not looked at" in done.stderr and terminal.rights == []
        told = CliRunner().invoke(yuanluctl, [*words, "--ticket", ticket(wire.ALL), "--json"])
        assert json.loads(told.stdout)["looked"] is False
        assert CliRunner().invoke(yuanluctl, words).exit_code == 6
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("waiting", "batch", "number", "outcome"),
    [
        ([], 99, 0, "would"),
        ([[5, 700, "queued", ""]], 99, 0, "erase_open"),
        ([], None, 0, "erase_batch"),
        ([], 99, -1, "erase_newer"),
        ([], 99, 1, "newer"),
    ],
)
def test_the_rehearsal_of_a_wipe_looks_at_what_is_open(
    folder: Path, waiting: list[object], batch: int | None, number: int, outcome: str
) -> None:
    """What is open, the batch, and the newest record, by the terminal's word and the file."""
    state = read_state((folder / "chip.img").read_bytes(), Geometry(4096, 16, 8))
    last = state.ledger.last
    assert last is not None
    batch = batch or max(one.batch for one in state.ledger.transactions.values())
    told = {**GOOD, "waiting": waiting, "batch": batch}
    terminal = HostileTerminal(lambda command, given: OK + json.dumps(told).encode(), SECRET)
    terminal.head = last.number + number, last.tag
    try:
        done = called(folder, terminal, "wipe --journal chip.img -t LINE --dry-run --json")
    finally:
        terminal.close()
    if outcome in ("would", "newer"):
        assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (int(outcome == "newer"), outcome), done.output
    else:
        assert (done.exit_code, json.loads(done.stderr)["error"]["reason"]) == (8, outcome), done.output
