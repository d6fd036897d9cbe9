"""Evidence, request sheet and the report of operators: what a person decided is told as his word, with who and when. The chips
are the firmware's, or made from docs/journal-format.md."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from emulator.clerk import Clerk
from host_tools.yuanluctl.evidence import evidence, open_case
from host_tools.yuanluctl.evidence_paper import evidence_page, sheet_page
from host_tools.yuanluctl.journal.decisions import COMMANDS
from host_tools.yuanluctl.journal.finding import find
from host_tools.yuanluctl.journal.layout import HANDOVER, Geometry
from host_tools.yuanluctl.journal.ledger import NOTES, Ledger
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.operators import work
from host_tools.yuanluctl.paper import Text, on_screen
from host_tools.yuanluctl.status import read_state
from host_tools.yuanluctl.words import say
from tests.conftest import FIRMWARE
from tests.host.journal_writer import RESULT, TERMINAL, Writer
from tests.host.kept_chips import keep, ledger_of, run
from tests.host.service_line import on_the_line
from yuanlu.refund import slip_code
from yuanlu.wire import service as wire

DECISION, WITHDRAWN, APPROVAL, REFUND, ALARM, NOTE, TECHNICIAN = 6, 7, 8, 16, 18, 20, 21
DAY = 20261122
CHIP = Geometry(4096, 16, 8)
LINE = b"112818034067"  # of a statement: as long as an RRN


def described(amount: int, operator: int, quality: int = 1, approver: int = 0) -> bytes:
    """A description of a refund."""
    place = (7, 17, DAY, 101500, quality, 0, operator, approver)
    return struct.pack("<BIIIIIBBBB10s8s", 2, amount, *place, b"6222021234", b"fingerpr")


def parked(writer: Writer, operator: int = 3, amount: int = 500) -> tuple[int, int]:
    """(sale, refund) of a refund that needs a person."""
    sale = writer.sale(150_00)
    number = writer.append(2, sale, described(amount, operator) + bytes(40))
    writer.append(3, sale, struct.pack("<BHBB", 1, 1, 1, 0), number)
    writer.append(RESULT, sale, struct.pack("<BB2s12s6sII", 1, 6, b"", b"", b"", DAY, 101509), number)
    return sale, number


def technician(writer: Writer, command: int, about: int, who: int = 7) -> int:
    return writer.aside(TECHNICIAN, struct.pack("<IHBI", who, 8, command, about))


def found_done(writer: Writer, sale: int, number: int, by: int, amount: int = 500, text: bytes = LINE) -> int:
    """What a person found done: the evidence stands where an acquirer's answer would."""
    text = text.ljust(18, b"\0")
    return writer.append(REFUND, sale, described(amount, by, 129) + text, number)


def found_not_done(writer: Writer, sale: int, number: int, by: int, decision: int = 1) -> int:
    return writer.append(DECISION, sale, struct.pack("<BB18s", decision, by, b"case 9"), number)


def told(writer: Writer, number: int) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Its JSON, what its paper says by label in English, and the sentences on it."""
    state = read_state(bytes(writer.chip), CHIP)
    case = open_case(state.ledger, str(number), state.report, "")
    page = evidence_page(case)
    lines = on_screen(page, "en")
    pairs = dict(line.split(": ", 1) for line in reversed(lines) if ": " in line)  # the refund's stand before its sale's
    return evidence(case), pairs, [block.word for block in page if isinstance(block, Text)]


# What a person found is his word


def test_what_a_person_found_done_is_no_answer_of_an_acquirer() -> None:
    """The evidence may look like an RRN. Control: an acquirer's answer is told as one."""
    writer = Writer()
    sale, number = parked(writer)
    technician(writer, wire.DONE, number)
    found_done(writer, sale, number, by=254)
    answer, pairs, says = told(writer, number)
    assert (answer["refund"]["rrn"], answer["refund"]["approval"], answer["decision"]) == ("", "", LINE.decode())
    assert (pairs["RRN"], pairs["Approval code"], pairs["A person's evidence"]) == ("-", "-", LINE.decode())
    assert "evidence.says.found_done" in says and "evidence.says.done" not in says
    assert run_find(writer, LINE.decode()) == [], "nobody finds it by that RRN"
    booked = writer.refund(sale)
    answer, pairs, says = told(writer, booked)
    assert (answer["refund"]["rrn"], answer["refund"]["approval"], answer["decision"]) == (f"{booked:012}", "D4E5F6", None)
    assert pairs["RRN"] == f"{booked:012}" and "evidence.says.done" in says and answer["decisions"] == []


def run_find(writer: Writer, rrn: str) -> list[int]:
    return [one.number for one in find(read_state(bytes(writer.chip), CHIP).ledger, rrn)]


def test_the_page_says_it_as_the_terminals_slip_does() -> None:
    assert say("zh", "evidence.says.found_done").startswith("经人工核对：已经退款")
    assert say("zh", "evidence.says.found_not_done").startswith("经人工核对：没有退款")
    slips = (Path(__file__).parents[2] / "firmware/tables/words/slips.csv").read_text("utf-8")
    assert "经人工核对：已经退款" in slips and "经人工核对：没有退款" in slips


def test_who_decided_and_when_stand_on_the_paper_and_his_record_is_listed() -> None:
    """The nearest records with a time are named: a decision has none. Control: another technician's visit is not taken for it."""
    writer = Writer()
    sale, number = parked(writer)
    technician(writer, wire.DONE, number + 99, who=8)
    visit = technician(writer, wire.NOT_DONE, number)
    decision = found_not_done(writer, sale, number, by=254)
    technician(writer, 0, 0, who=9)
    later = writer.append(NOTE, sale, struct.pack("<BBII24s", 5, 3, DAY, 113000, b"case 9"), number)
    answer, pairs, says = told(writer, number)
    (one,) = answer["decisions"]
    assert (one["what"], one["evidence"], one["amount"]) == ("found_not_done", "case 9", 500)
    assert (one["operator"], one["technician"], one["technician_record"], one["record"]) == (254, 7, visit, decision)
    assert (one["after"]["time"], one["until"]) == (101509, {"record": later, "date": DAY, "time": 113000})
    assert pairs["Decided by"] == "technician 7" and pairs["A person decided"] == "found not done, 5.00"
    before = f", before 2026-11-22 11:30:00 (record {later})"
    assert pairs["Decided when"].startswith("after 2026-11-22 10:15:09 (record ") and pairs["Decided when"].endswith(before)
    assert visit in [record["number"] for record in answer["records"]] and "evidence.says.found_not_done" in says
    assert "technician 8" not in str(pairs) and "technician 9" not in str(pairs)


@pytest.mark.parametrize(
    ("by", "label", "operator"), [(8, "operator 8", 8), (255, "by telephone", 255), (0, "nobody was logged in", 0)]
)
@pytest.mark.parametrize("done", [True, False])
def test_an_operator_and_the_authority_by_telephone_are_told_apart(by: int, label: str, operator: int, done: bool) -> None:
    writer = Writer()
    sale, number = parked(writer)
    technician(writer, wire.DONE if done else wire.NOT_DONE, number)  # who came in, and somebody at the keypad decided
    (found_done if done else found_not_done)(writer, sale, number, by)
    answer, pairs, _ = told(writer, number)
    (one,) = answer["decisions"]
    assert (one["operator"], one["technician"], pairs["Decided by"]) == (operator, None, label)
    assert (answer["refund"]["operator"], pairs["Operator"]) == (3, "3"), "who confirmed it"


def test_a_technician_whose_record_has_left_is_not_guessed() -> None:
    """Control: the record of this very decision tells him."""
    unknown = "a technician (whose number has left the journal)"
    for about, command, label in ((0, wire.DONE, unknown), (1, wire.NOT_DONE, unknown), (1, wire.DONE, "technician 7")):
        writer = Writer()
        sale, number = parked(writer)
        technician(writer, command, number if about else 4711)
        found_done(writer, sale, number, by=254)
        assert told(writer, number)[1]["Decided by"] == label


def test_who_confirmed_it_is_not_told_where_that_left_the_journal() -> None:
    """What is left is the REFUND, which names who found it. Control: one of an acquirer's names who confirmed it."""
    writer = Writer()
    sale = writer.sale(150_00)
    found, booked = 4001, 4002
    found_done(writer, sale, found, by=8)
    writer.append(REFUND, sale, described(500, 3) + LINE + b"A1B2C3", booked)
    answer, pairs, _ = told(writer, found)
    assert (answer["refund"]["operator"], pairs["Operator"], pairs["Decided by"]) == (None, "has left the journal", "operator 8")
    assert told(writer, booked)[0]["refund"]["operator"] == 3


def test_an_alarm_keeps_what_the_acquirer_said_when_a_person_has_found_it_done() -> None:
    """And who confirmed it, whose name the records after a decision do not have."""
    writer = Writer()
    sale, number = parked(writer)
    found_not_done(writer, sale, number, by=8)
    writer.append(ALARM, sale, described(500, 3) + LINE + b"A1B2C3" + struct.pack("<I", 500), number)
    found_done(writer, sale, number, by=8, text=b"stmt 9")
    answer, pairs, _ = told(writer, number)
    assert (answer["refund"]["rrn"], answer["refund"]["operator"], answer["decision"]) == (LINE.decode(), 3, "stmt 9")
    assert [one["what"] for one in answer["decisions"]] == ["found_not_done", "found_done"] and pairs["RRN"] == LINE.decode()
    writer.append(ALARM, sale, described(700, 8) + LINE + b"A1B2C3" + struct.pack("<I", 700), number)
    alone = writer.append(ALARM, sale, described(700, 8) + LINE + b"A1B2C3" + struct.pack("<I", 700), 4001) and 4001
    assert [told(writer, one)[0]["refund"]["operator"] for one in (number, alone)] == [3, None]


def test_what_was_taken_back_says_by_whom() -> None:
    writer = Writer()
    sale = writer.sale(150_00)
    for by, label in ((254, "technician 7"), (3, "operator 3"), (0, "nobody was logged in, or the terminal itself")):
        number = writer.append(2, sale, described(500, 3) + bytes(40))
        technician(writer, wire.WITHDRAW, number)
        writer.append(WITHDRAWN, sale, bytes([by]), number)
        answer, pairs, says = told(writer, number)
        assert (pairs["Decided by"], answer["decision"]) == (label, None) and "evidence.says.withdrawn" in says


def test_a_release_is_the_technicians_who_let_the_queue_go() -> None:
    """His record is about no transaction; each that goes again has a DECISION of its own."""
    writer = Writer()
    sale, number = parked(writer)
    technician(writer, wire.RELEASE, 0)
    found_not_done(writer, sale, number, by=254, decision=3)
    (one,) = told(writer, number)[0]["decisions"]
    assert (one["what"], one["technician"]) == ("released", 7)


def test_commands_are_numbered_as_the_protocol_has_them() -> None:
    assert COMMANDS == {
        "found_done": wire.DONE,
        "found_not_done": wire.NOT_DONE,
        "anew": wire.AGAIN,
        "released": wire.RELEASE,
        "withdrawn": wire.WITHDRAW,
    }


def test_the_sheet_says_who_decided_too_and_an_approval_by_telephone_is_told_in_words() -> None:
    writer = Writer()
    sale = writer.sale(150_00)
    number = writer.append(2, sale, described(500, 3, approver=255) + bytes(40))
    writer.append(APPROVAL, sale, struct.pack("<BB8s8s", 255, 2, b"digest--", b"12345678"), number)
    found_not_done(writer, sale, number, by=255)
    state = read_state(bytes(writer.chip), CHIP)
    case = open_case(state.ledger, str(number), state.report, TERMINAL)
    sheet = on_screen(sheet_page(case, ""), "en")
    assert "A person's evidence: case 9" in sheet and "Decided by: by telephone" in sheet
    assert "Approved by: by telephone" in on_screen(evidence_page(case), "en")
    assert f"Terminal: {TERMINAL}" in sheet


def test_every_kind_of_note_has_words_on_the_paper() -> None:
    """One without would end the command. Control: all are asked."""
    kinds = [*NOTES, 99]
    for kind in kinds:
        writer = Writer()
        sale, number = parked(writer)
        writer.append(NOTE, sale, struct.pack("<BBII24s", kind, 255, DAY, 102000, b"noted"), number)
        assert any(line.endswith("by telephone  noted") for line in on_screen(told_page(writer, number), "en")), kind
    assert len(kinds) > 10


def told_page(writer: Writer, number: int) -> list[Any]:
    state = read_state(bytes(writer.chip), CHIP)
    return evidence_page(open_case(state.ledger, str(number), state.report, ""))


# A sum is his whose it is


def counted(ledger: Ledger) -> dict[tuple[int | None, int], Any]:
    return {(one.operator, one.technician): one for one in work(ledger)}


def test_a_refund_is_his_who_confirmed_it_and_a_decision_his_who_made_it() -> None:
    """The sums of all persons are those of the journal, whoever decided."""
    writer = Writer()
    sale, number = parked(writer, operator=3, amount=1500)
    technician(writer, wire.DONE, number)
    found_done(writer, sale, number, by=254, amount=1200)
    sale, number = parked(writer, operator=4, amount=2000)
    found_not_done(writer, sale, number, by=8)
    sale, number = parked(writer, operator=4, amount=2500)
    found_not_done(writer, sale, number, by=8, decision=2)
    found_done(writer, writer.sale(150_00), 4001, by=8, amount=700)  # who confirmed it has left the journal
    ledger = read_state(bytes(writer.chip), CHIP).ledger
    people = counted(ledger)
    assert (people[3, 0].refunds, people[3, 0].refunded, people[3, 0].found_done) == (1, 1200, 0)
    assert (people[254, 7].refunds, people[254, 7].found_done, people[254, 7].found_done_amount) == (0, 1, 1200)
    assert (people[4, 0].not_done, people[4, 0].open, people[4, 0].found_not_done) == (1, 1, 0)
    eight = people[8, 0]
    assert (eight.refunds, eight.refunded, eight.found_done_amount) == (0, 0, 700)
    assert (eight.found_not_done, eight.found_not_done_amount, eight.sent_anew) == (1, 2000, 1)
    assert (people[None, 0].refunds, people[None, 0].refunded) == (1, 700)
    done = [one for one in ledger.transactions.values() if one.kind == "refund" and one.state == "resolved_done"]
    assert sum(one.refunded for one in people.values()) == sum(one.amount for one in done) == 1900


def test_the_report_says_persons_in_words_and_in_both_languages(tmp_path: Path) -> None:
    writer = Writer()
    sale, number = parked(writer)
    technician(writer, wire.DONE, number)
    found_done(writer, sale, number, by=254)
    sale, number = parked(writer)
    found_done(writer, sale, number, by=255)
    (tmp_path / "chip").write_bytes(writer.chip)
    verb = ("report", "operators", "-t", f"image:{tmp_path / 'chip'}", "--lang")
    heads = [run(*verb, language).stdout.splitlines() for language in ("en", "zh")]
    assert heads[0][0] == "Days: 2026-11-22 to 2026-11-22"
    assert heads[0][1].split("  ")[-1] == "by telephone" and "technician 7" in heads[0][1] and "技术员 7" in heads[1][1]
    assert len({len(line.encode("gb18030")) for line in heads[1][1:]}) == 1, "columns stand under each other"


# On chips of the firmware


def test_decisions_of_a_day_with_people_as_the_firmware_records_them(tmp_path: Path) -> None:
    """A refund of operator 1 found done by telephone, another by supervisor 8, one of 8 still parked."""
    kept = keep(tmp_path, "people-decision-of-a-supervisor")
    ledger = ledger_of(kept)
    refunds = [one for one in ledger.transactions.values() if one.kind == "refund"]
    assert [(one.amount, one.operator, [decision.operator for decision in one.decisions]) for one in refunds] == [
        (30_00, 1, [255]),
        (20_00, 1, [8]),
        (10_00, 8, []),
    ]
    assert [one.rrn for one in refunds] == ["", "", ""]
    people = counted(ledger)
    assert (people[1, 0].refunded, people[8, 0].refunded, people[8, 0].open_amount) == (50_00, 0, 10_00)
    assert (people[255, 0].found_done_amount, people[8, 0].found_done_amount) == (30_00, 20_00)
    first = run("report", "evidence", refunds[0].number, "-t", f"image:{kept / 'chip.img'}").stdout
    assert "RRN: -\n" in first and "Decided by: by telephone" in first and "A person's evidence: 112210150799" in first


def test_what_a_technician_finds_out_over_the_line_is_told_as_his(tmp_path: Path) -> None:
    """As they happen: a refund that is not known, resolved both ways."""
    with on_the_line(FIRMWARE, kind="c") as somebody:
        clerk = Clerk(somebody.shop)
        clerk.start_sale(10_000)
        clerk.see("消费成功")
        clerk.back_to_menu()
        for amount in (1500, 2000):
            somebody.shop.acquirer.set_mood("loses", 1)
            clerk.start_refund(amount)
            clerk.see("人工核对")
            clerk.back_to_menu()
        session = somebody.come_in(wire.QUEUE | wire.RESOLVE | wire.DIAG, technician=4711)
        done, not_done = (one[0] for one in session.status()["waiting"])
        session.command(wire.DONE, struct.pack("<II", done, 0) + LINE)
        session.command(wire.NOT_DONE, struct.pack("<I", not_done) + b"stmt 12 line 3")
        session.close()
        somebody.shop.keep(tmp_path)
    target = ("-t", f"image:{tmp_path / 'chip.img'}")
    for number, what, text in ((done, "found_done", LINE.decode()), (not_done, "found_not_done", "stmt 12 line 3")):
        answer = json.loads(run("report", "evidence", number, *target, "--json").stdout)
        (one,) = answer["decisions"]
        assert (one["what"], one["technician"], answer["decision"], answer["refund"]["rrn"]) == (what, 4711, text, "")
        assert "TECHNICIAN" in [record["type"] for record in answer["records"]]
    found = json.loads(run("report", "operators", *target, "--json").stdout)["operators"]
    people = {(one["operator"], one["technician"]): one for one in found}
    assert (people[0, 0]["refunded"], people[0, 0]["not_done"], people[254, 4711]["refunded"]) == (1500, 1, 0)
    assert (people[254, 4711]["found_done_amount"], people[254, 4711]["found_not_done_amount"]) == (1500, 2000)
    shown = run("journal", "tail", "-n", 99, *target).stdout
    assert f"evidence={LINE.decode()}" in shown and f"rrn={LINE.decode()}" not in shown and "decider=254" in shown


def test_a_slip_finds_its_own_refund_and_no_other_terminals() -> None:
    """In each form that stands on one. Control: another name of a terminal finds what that one handed over, or nothing."""
    writer = Writer()
    sale = writer.sale()
    refund = writer.refund(sale)
    own = read_state(bytes(writer.chip), CHIP).ledger.transactions[refund]
    trace = max(own.traces)
    typed = slip_code.typed(TERMINAL, refund, trace, 500)
    scanned = slip_code.encode(TERMINAL, refund, trace, 500, (refund, bytes(8)))
    life, code = f"{TERMINAL}-0001-{refund:08}", f"{TERMINAL}-{own.batch:06}-{trace:06}-{own.date:08}"
    spaced = " ".join(typed[at : at + 4] for at in range(0, 24, 4))
    for words in (str(refund), typed, spaced, scanned, life, code):
        assert run_find(writer, words) == [refund], words
    other = "XX999999"
    for words in (other + scanned[8:], other + life[8:], other + code[8:], slip_code.typed(TERMINAL, refund, trace, 501)):
        assert run_find(writer, words) == [], words
    described = writer.described(2, 700)
    brought = described[:25] + bytes((described[25] | 64,)) + described[26:]
    came = writer.append(HANDOVER, sale, brought + struct.pack("<B8sHII", 0, other.encode(), 1, refund, 9), writer.number + 1)
    assert run_find(writer, other + life[8:]) == [came] and run_find(writer, life) == [refund]


def test_what_was_handed_over_is_told_as_the_other_terminals() -> None:
    """Who pays by a paper that says "not sent yet" pays twice. Control: before it, the paper says that it is open."""
    writer = Writer()
    _, number = parked(writer)
    assert "evidence.says.open" in told(writer, number)[2]
    writer.hand_over(3)
    answer, _, says = told(writer, number)
    assert says[0] == "evidence.says.given" and "evidence.says.open" not in says and answer["handed_to"] == "YL000002"


def test_what_came_from_another_terminal_says_from_where_and_is_nobodys_work_here() -> None:
    """Control: a refund of this terminal says nothing of the kind, and counts."""
    writer = Writer()
    sale, number = parked(writer, operator=3)
    brought = described(700, 3, 65) + struct.pack("<B8sHII", 0, b"XX999999", 1, 15, 9)
    came = writer.append(HANDOVER, sale, brought, writer.number + 1)
    answer, pairs, _ = told(writer, came)
    assert answer["came_from"] == {"terminal": "XX999999", "number": 15} and pairs["Terminal that it came from"] == "XX999999  15"
    answer, pairs, _ = told(writer, number)
    assert answer["came_from"] is None and "Terminal that it came from" not in pairs
    (mine,) = [one for one in work(read_state(bytes(writer.chip), CHIP).ledger) if one.operator == 3]
    assert (mine.open, mine.open_amount) == (1, 500)


def test_a_sheet_is_made_of_a_refund_that_the_journal_knows_and_of_nothing_else(tmp_path: Path) -> None:
    """No request for money that nobody asked for, none of 0.00. Control: the refund's own; hurt elsewhere, it says so."""
    writer = Writer()
    sale, number = parked(writer)
    chip = tmp_path / "chip"
    chip.write_bytes(writer.chip)
    image = f"image:{chip}"
    assert run("report", "sheet", number, "-t", image).exit_code == 0
    of_sale = run("report", "sheet", sale, "-t", image, "--json")
    assert (of_sale.exit_code, json.loads(of_sale.stderr)["error"]["code"]) == (2, "no_refund")
    records = {record.number: record for sector in read_journal(bytes(writer.chip), CHIP).sectors for record in sector.records}
    for record, code in ((number, 2), (number + 1, 1)):
        hurt = bytearray(writer.chip)
        hurt[records[record].address + 20] ^= 0x55
        chip.write_bytes(hurt)
        done = run("report", "sheet", number, "-t", image)
        assert done.exit_code == code and ("is lost" in done.output or "Verdict: " in done.output), done.output
        assert run("report", "operators", "-t", image).exit_code == 1
