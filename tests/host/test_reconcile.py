"""A statement is compared without guessing: what looks alike goes to a person, what is missing proves only what it can."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.journal.ledger import Ledger, every_record, fold
from host_tools.yuanluctl.journal.reader import find_geometry, read_journal
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.reconcile import Finding, Span, covered, reconcile
from host_tools.yuanluctl.statement import Line, read_statement
from tests.host.journal_writer import TERMINAL, Writer

RESULT = 4
HEADING = "终端号,流水号,交易日期,金额,交易类型\n"
DAY = 20261122  # of every record that the writer writes
WHOLE = Span(20261101, 20261130)


def ledger(writer: Writer) -> Ledger:
    image = bytes(writer.chip)
    return fold(every_record(read_journal(image, find_geometry(image))))


def shop() -> tuple[Writer, dict[str, int]]:
    """A sale of 10.00; a refund that is done, one whose answer never came, as its record says, one declined. The traces are 1, 2
    and 3, 4, 5."""
    writer = Writer()
    numbers = {"sale": writer.sale()}
    numbers["done"] = writer.refund(numbers["sale"])  # INTENT and REFUND each took a trace
    numbers["open"] = writer.refund(numbers["sale"], settle=False)
    nothing_came(writer, numbers["sale"], numbers["open"])
    numbers["declined"] = writer.refund(numbers["sale"], settle=False)
    answer = struct.pack("<BB2s12s6sII", 1, 2, b"51", b"", b"", DAY, 101501)
    writer.append(RESULT, numbers["sale"], answer, numbers["declined"])
    return writer, numbers


def nothing_came(writer: Writer, sale: int, refund: int, day: int = DAY) -> None:
    """The record that there was no answer, of that day."""
    writer.append(RESULT, sale, struct.pack("<BB2s12s6sII", 1, 8, b"", b"", b"", day, 101500), refund)


def whole(writer: Writer, numbers: dict[str, int]) -> list[Line]:
    """The lines of what is done, as a statement of this terminal has them."""
    of = traces(writer)
    return [line(2, of[numbers["sale"]], 1000, refund=False), line(3, of[numbers["done"]], 500)]


def line(number: int, trace: int, amount: int, refund: bool = True, day: int = DAY, terminal: str = TERMINAL) -> Line:
    return Line(number, terminal, trace, amount, day, refund, "")


def told(writer: Writer, lines: list[Line], span: Span = WHOLE, days: int = 3, whole: bool = True) -> dict[int, Finding]:
    """The finding of each transaction; strangers under minus their line."""
    found = reconcile(ledger(writer), lines, span, days, whole)
    return {f.transaction.number if f.transaction else -f.lines[0].number: f for f in found}


def traces(writer: Writer) -> dict[int, int]:
    return {number: one.trace for number, one in ledger(writer).transactions.items()}


def test_each_difference_is_told_and_what_may_be_decided() -> None:
    """T-094."""
    writer, numbers = shop()
    of = traces(writer)
    agreed = [line(2, of[numbers["sale"]], 1000, refund=False), line(3, of[numbers["done"]], 500)]
    found = told(writer, [*agreed, line(4, of[numbers["open"]], 500)])
    assert [found[numbers[name]].what for name in ("sale", "done", "open", "declined")] == [
        "agreed",
        "agreed",
        "booked_open",
        "agreed",
    ]
    assert found[numbers["open"]].decision == "resolve_done"
    found = told(writer, [*agreed, line(4, of[numbers["declined"]], 500)])
    assert found[numbers["declined"]].what == "booked_not_done"
    assert (found[numbers["open"]].what, found[numbers["open"]].decision) == ("open_missing", "resolve_not_done")
    found = told(writer, [agreed[0], line(9, 777, 500)])
    assert found[numbers["done"]].what == "done_missing" and found[-9].what == "stranger"
    found = told(writer, [*agreed, agreed[1]._replace(number=5)])
    assert (found[numbers["done"]].what, found[numbers["done"]].decision) == ("booked_twice", "claim_back")
    assert told(writer, [agreed[0], line(3, of[numbers["done"]], 900)])[numbers["done"]].what == "differs"


def test_absence_proves_nothing_before_the_settlement_and_n_days() -> None:
    writer, numbers = shop()
    lines = whole(writer, numbers)
    for span, what in [
        (Span(20261101, 20261124), "too_early"),
        (Span(20261101, 20261125), "open_missing"),
        (Span(20261123, 20261130), "too_early"),  # it does not cover the day itself
        (Span(0, 0), "too_early"),
    ]:
        assert told(writer, lines, span)[numbers["open"]].what == what
    assert told(writer, lines, Span(20261101, 20261125), days=4)[numbers["open"]].what == "too_early"
    today = date(2026, 12, 20)
    assert covered([line(2, 1, 1), line(3, 1, 1, day=20261201)], today) == Span(DAY, 20261130)  # the last day may not be whole
    assert covered([line(2, 1, 1), line(3, 1, 1, day=20991201)], today) == Span(DAY, 20261219), "nor has one to come"


def test_a_file_that_lacks_what_the_terminal_did_proves_nothing_by_absence() -> None:
    """Another terminal's, none's, an export of sales alone, one with holes."""
    writer, numbers = shop()
    sale, done = whole(writer, numbers)
    for lines in ([], [line(2, 9, 500, terminal="99999999")], [sale], [done]):
        found = told(writer, lines)[numbers["open"]]
        assert (found.what, found.decision) == ("unproven", "ask_acquirer"), lines
    assert told(writer, [sale, done])[numbers["open"]].what == "open_missing", "control"


def test_the_terminal_s_id_as_spreadsheets_spoil_it() -> None:
    writer = Writer(terminal="0000yl01")
    sale = writer.sale()
    refund = writer.refund(sale, settle=False)
    for name, what in (("0000YL01", "booked_open"), ("yl01", "booked_open"), ("YL01", "booked_open"), ("yl02", "undated")):
        assert told(writer, [line(2, traces(writer)[refund], 500, terminal=name)])[refund].what == what


def test_what_was_sent_on_a_day_that_nobody_wrote_down_is_not_proven_absent() -> None:
    """An offline refund may be sent days after it was confirmed, and the chip of a terminal that died then says no more."""
    writer, numbers = shop()
    sent = writer.refund(numbers["sale"], settle=False)
    lines = whole(writer, numbers)
    found = told(writer, lines)[sent]
    assert (found.what, found.decision) == ("undated", "ask_acquirer")
    nothing_came(writer, numbers["sale"], sent, day=20261128)
    assert told(writer, lines)[sent].what == "too_early"
    assert told(writer, lines, Span(20261101, 20261201))[sent].what == "open_missing", "control"
    writer.append(3, numbers["sale"], struct.pack("<BHBB", 1, 2, 1, 0), sent)  # sent again
    assert told(writer, lines, Span(20261101, 20261201))[sent].what == "undated"
    nothing_came(writer, numbers["sale"], sent, day=0)  # the clock was lost
    assert told(writer, lines, Span(20261101, 20261201))[sent].what == "undated"


def test_a_line_that_failed_or_was_taken_back_is_no_booking() -> None:
    writer, numbers = shop()
    trace = traces(writer)[numbers["open"]]
    heading = HEADING.replace("\n", ",交易状态\n")
    rows = f"10000001,1,20261122,10,消费,成功\n10000001,3,20261122,-5,退货,成功\n10000001,{trace},20261122,-5,退货,"

    def judged(text: str) -> Finding:
        return told(writer, read_statement(text.encode(), "x"))[numbers["open"]]

    booked = judged(heading + rows + "成功\n")
    assert (booked.what, booked.decision) == ("booked_open", "resolve_done"), "control"
    for status in ("失败", "处理中", ""):
        found = judged(heading + rows + status + "\n")
        assert (found.what, found.decision) == ("doubtful", "person"), status
    shown = judged(heading + rows + "failed 6222020000000000007\x1b\n")
    assert shown.what == "doubtful" and "failed ??" in str(shown.values) and "6222" not in str(shown.values)
    for kind in ("退货撤销", "退货冲正", "Refund Reversal", "void refund"):
        for own in (trace, 77):
            found = judged(heading + rows + f"成功\n10000001,{own},20261122,5,{kind},成功\n")
            assert (found.what, found.decision) == ("doubtful", "person"), kind
    failed = read_statement((heading + f"10000001,{trace + 1},20261122,-5,退货,失败\n").encode(), "x")
    assert told(writer, failed)[numbers["declined"]].what == "agreed", "neither has it"


NOT_BOOKED = "退货失败 退货拒绝 退货申请 退货受理中 退货驳回 退货取消 退货冲账 退货无效 退款手续费 refund-fee 退货(失败)".split()
NOT_BOOKED += ["Refund declined", "refund pending"]
UNBOOKED = [("应答码", "00", "51"), ("响应码", "00", "05"), ("response code", "00", "51"), ("成功标志", "Y", "N")]
UNBOOKED += [("清算标志", "已清算", "未清算")]
UNBOOKED += [("备注", "", "失败"), ("remark", "", "FAILED"), ("交易结果说明", "成功", "失败"), ("状态", "成功", "成功(已退回)")]


@pytest.mark.parametrize(("title", "good", "bad"), [("交易类型", "退货", kind) for kind in NOT_BOOKED] + UNBOOKED)
def test_a_line_that_does_not_say_plainly_that_it_is_booked_is_no_evidence(title: str, good: str, bad: str) -> None:
    writer, numbers = shop()
    trace = traces(writer)[numbers["open"]]

    def judged(word: str) -> Finding:
        kinds = {title: word} if title == "交易类型" else {"交易类型": "退货", title: word}
        heading = "终端号,流水号,交易日期,金额," + ",".join(kinds) + "\n"
        text = heading + f"10000001,{trace},20261122,5," + ",".join(kinds.values()) + "\n"
        return told(writer, read_statement(text.encode(), "x"))[numbers["open"]]

    assert (judged(bad).what, judged(bad).decision) == ("doubtful", "person")
    assert judged(good).decision == "resolve_done", "control"


def test_a_clock_that_was_not_set_proves_nothing_by_absence() -> None:
    """A statement of the days before may seem to cover it."""
    writer, numbers = shop()
    book = ledger(writer)
    book.transactions[numbers["open"]].clock = 0
    lines = whole(writer, numbers)
    found = {one.transaction.number: one for one in reconcile(book, lines, WHOLE, 3, True) if one.transaction}
    assert found[numbers["open"]].what == "undated"
    book.transactions[numbers["open"]].clock = 1
    found = {one.transaction.number: one for one in reconcile(book, lines, WHOLE, 3, True) if one.transaction}
    assert found[numbers["open"]].what == "open_missing", "control"


def test_a_journal_that_lacks_something_proves_nothing_by_absence() -> None:
    """The attempt that was booked may be what it lacks."""
    writer, numbers = shop()
    lines = whole(writer, numbers)
    found = told(writer, lines, whole=False)[numbers["open"]]
    assert (found.what, found.decision) == ("journal_hurt", "ask_acquirer")
    assert told(writer, lines)[numbers["open"]].what == "open_missing", "control"


def test_a_void_and_its_sale_are_missing_together_or_one_is_missed() -> None:
    writer = Writer()
    sale = writer.sale()
    void = writer.refund(sale, amount=1000, kind=3)
    of = traces(writer)
    lines = {sale: line(2, of[sale], 1000, refund=False), void: line(3, of[void], 1000)}
    for there, what in (
        ((), ("agreed", "agreed")),
        ((sale, void), ("agreed", "agreed")),
        ((sale,), ("agreed", "done_missing")),
        ((void,), ("done_missing", "agreed")),
    ):
        found = told(writer, [lines[number] for number in there])
        assert (found[sale].what, found[void].what) == what, there


def test_another_rrn_is_a_contradiction() -> None:
    """Control: the same, without its leading zeros as spreadsheets write it."""
    writer, numbers = shop()
    of, rrn = traces(writer), ledger(writer).transactions[numbers["done"]].rrn
    done = line(3, of[numbers["done"]], 500)
    for other, what in (("999999999999", "rrn_differs"), (rrn.lstrip("0"), "agreed"), ("", "agreed")):
        assert told(writer, [done._replace(rrn=other)])[numbers["done"]].what == what, other
    assert rrn


def test_what_was_handed_over_is_compared_where_it_is_now() -> None:
    writer, numbers = shop()
    lines = [*whole(writer, numbers), line(4, traces(writer)[numbers["open"]], 500)]
    assert told(writer, lines)[numbers["open"]].decision == "resolve_done", "control"
    writer.hand_over()
    assert told(writer, lines)[numbers["open"]].decision == "at_other"
    assert told(writer, lines[:2])[numbers["open"]].decision == "at_other", "what is not on it neither"


def test_two_equal_parts_are_never_matched_by_machine() -> None:
    writer = Writer()
    sale = writer.sale()
    first, second = writer.refund(sale, settle=False), writer.refund(sale, settle=False)
    found = told(writer, [line(2, 0, 500)])
    assert {found[first].what, found[second].what} == {"looks_alike"}
    assert {found[first].decision, found[second].decision} == {"person"}
    # The control: another amount is told apart, but without its trace a person still has to say so.
    assert told(writer, [line(2, 0, 400)])[-2].what == "stranger"


def test_one_trace_that_two_have_is_nobodys() -> None:
    """Traces begin anew: two of one day, with one amount, cannot be told apart by a line."""
    writer = Writer()
    sale = writer.sale()
    first = writer.refund(sale, settle=False)
    writer.trace -= 1
    second = writer.refund(sale, settle=False)
    found = told(writer, [line(2, traces(writer)[first], 500)])
    assert {found[first].what, found[second].what} == {"ambiguous"} and found[first].decision == "person"


def test_lines_of_other_terminals_and_other_days_match_nothing() -> None:
    writer, numbers = shop()
    trace = traces(writer)[numbers["open"]]
    lines = whole(writer, numbers)
    for other, what in (
        (line(4, trace, 400, terminal="99999999"), "open_missing"),
        (line(4, trace, 500, day=20261121, terminal="99999999"), "open_missing"),
        (line(4, trace, 500, terminal="99999999"), "elsewhere"),  # somebody may have mistyped its name
    ):
        found = told(writer, [*lines, other])[numbers["open"]]
        assert found.what == what and (found.decision == "resolve_not_done") == (what == "open_missing")
    assert told(writer, [line(2, trace, 500, day=20261121)])[numbers["open"]].what == "differs"
    assert told(writer, [line(2, trace, 500, refund=False)])[-2].what == "stranger"


MAY_BE_IT = {
    "its trace, another amount, a day later": "10000001,{},20261123,-4.95,退货",
    "its trace, another amount, the day before": "10000001,{},20261121,-4.95,退货",
    "a trace of the acquirer's own": "10000001,884444,20261122,-5.00,退货",
    "no trace, another amount": "10000001,,20261122,-4.90,退货",
    "two in one": "10000001,884444,20261122,-10.00,退货",
    "a type that nobody knows": "10000001,{},20261122,5.00,Return",
    "and a trace that nobody knows": "10000001,884444,20261122,5.00,退回",
    "no type": "10000001,{},20261122,5.00,",
    "a type against its sign": "10000001,{},20261122,-5.00,消费",
    "no terminal": ",{},20261122,-5.00,退货",
    "blank in the terminal": "1000 0001,{},20261122,-5.00,退货",
    "wide terminal": "１０００００01,{},20261122,-5.00,退货",
    "unseen in the terminal": "10000001\u200b,{},20261122,-5.00,退货",
    "a zero more": "010000001,{},20261122,-5.00,退货",
    "another terminal": "10000002,{},20261122,-5.00,退货",
}


@pytest.mark.parametrize("row", MAY_BE_IT.values(), ids=MAY_BE_IT)
def test_absence_is_not_proven_by_a_file_with_a_line_that_may_be_it(row: str) -> None:
    writer, numbers = shop()
    rows = HEADING + "10000001,1,20261122,10,消费\n10000001,3,20261122,-5,退货\n"

    def judged(more: str) -> Finding:
        return told(writer, read_statement((rows + more + "\n").encode(), "x"))[numbers["open"]]

    found = judged(row.format(traces(writer)[numbers["open"]]))
    assert found.decision != "resolve_not_done" and found.lines, found
    # The control: it is proven where the line is a sale's, of a day long before, or plainly another terminal's.
    for other in ("10000001,77,20261122,5,消费", "10000001,77,20261101,-5,退货", "10000002,77,20261122,-5,退货"):
        assert judged(other).decision == "resolve_not_done", other


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_statements_as_banks_write_them(encoding: str) -> None:
    text = HEADING + '10000001,\'000007,2026/1/2 10:11:12,"-1,234.50",退货\n\n10000001,8,20260103101112,5,消费,,\n'
    first, second = read_statement(text.encode(encoding), "x")
    assert first == Line(2, "10000001", 7, 123450, 20260102, True, "")
    assert (second.amount, second.date, second.is_refund) == (500, 20260103, False)


HOSTILE = [
    b"",
    b"\xff\xfe\x00",
    b"a,b,c\n1,2,3\n",
    "流水号,流水号,金额,日期\n".encode(),
    (HEADING + "1,2,20261322,1,x\n").encode(),
    (HEADING + "1,2,20261122,1e9,x\n").encode(),
    (HEADING + "1,2,20261122,NaN,x\n").encode(),
    (HEADING + "1,²,20261122,1,x\n").encode(),
    (HEADING + "1\n").encode(),
    (HEADING + '1,2,20261122,1,"' + "x" * 200_000).encode(),
    (HEADING + "1,2\0,20261122,1,x\n").encode(),
    HEADING.replace("终端号", "POS编号").encode() + b"1,2,20261122,1,x\n",
    (HEADING + '1,2,20261122,1,"x\n1,3,20261122,1,x\n').encode(),  # a quote that swallows the rest
    (HEADING + '1,2,20261122,1,"x\n1,3,20261122,1,y"\n').encode(),  # or the next line
    (HEADING + "1,2,20261122,1\n").encode(),
    (HEADING + "1,2,20261122,1,x1,3,20261122,1,x\n").encode(),  # a line end that is lost
    *((HEADING + f"1,2,20261122,1,x{end}1,3,20261122,1,x\n").encode() for end in "\v\f\x1c\x85\u2028\u2029"),
    HEADING.replace("\n", "\u2028").encode() + b"1,2,20261122,1,x",
]


@pytest.mark.parametrize("content", HOSTILE)
def test_a_statement_that_cannot_be_read_proves_nothing(content: bytes) -> None:
    with pytest.raises(Trouble):
        read_statement(content, "x")


def test_no_bytes_make_the_reader_fail() -> None:
    chance = random.Random(3)
    good = (HEADING + "10000001,7,2026-01-02,-1.50,退货\n" * 20).encode()
    read, refused = 0, 0
    for _ in range(400):
        case = bytearray(good)
        for _ in range(chance.randrange(1, 30)):
            case[chance.randrange(len(case))] = (
                chance.choice(b'",\n\0;9-\xff') if chance.random() < 0.7 else chance.randrange(256)
            )
        try:
            read_statement(bytes(case), "x")
            read += 1
        except Trouble as trouble:
            refused += 1
            assert str(trouble)
    assert read and refused and read + refused == 400


def run(folder: Path, *words: str) -> Result:
    target = f"image:{folder / 'chip'}"
    return CliRunner().invoke(yuanluctl, ["report", "reconcile", str(folder / "st.csv"), "-t", target, *words], env={"LANG": "C"})


def test_the_verb(tmp_path: Path) -> None:
    """T-025, T-099, T-133: it says what may be decided, decides nothing, and shows no card number that the bank's file holds."""
    writer, numbers = shop()
    trace = traces(writer)[numbers["open"]]
    (tmp_path / "chip").write_bytes(writer.chip)
    row = f"10000001,{trace},2026-11-22,-5.00,退货,6222020000000000007\n"
    (tmp_path / "st.csv").write_text(HEADING.replace("\n", ",卡号\n") + row)
    done = run(tmp_path)
    assert done.exit_code == 1
    assert done.stdout.startswith("statement of 1 line, whole for no day"), "not from a day to the day before it"
    whole = run(tmp_path, "--from", "2026-11-22", "--through", "2026-11-25").stdout
    assert whole.startswith("statement of 1 line, whole from 20261122 to 20261125"), "control"
    assert "the statement has it booked: line 2" in done.stdout and "may be found done, by line 2" in done.stdout
    assert f"queue resolve {numbers['open']} --as done --evidence 261122" in done.stdout
    answer = json.loads(run(tmp_path, "--json", "--lang", "zh").stdout)
    (booked,) = [one for one in answer["differences"] if one["what"] == "booked_open"]
    assert booked["lines"] == [2] and booked["decision"] == "resolve_done" and "核对为成功" in booked["advice"]
    assert "6222020000000000007" not in done.output + json.dumps(answer)
    assert bytes(writer.chip) == (tmp_path / "chip").read_bytes()
    stranger = "99999999,1,2026-11-22,-5.00,退货\n"
    (tmp_path / "st.csv").write_text(HEADING + "10000001,1,20261122,10,消费\n10000001,3,20261122,-5,退货\n" + stranger)
    proven = run(tmp_path, "--from", "2026-11-22", "--through", "2026-11-25", "--json")
    answer = json.loads(proven.stdout)
    (missing,) = [one for one in answer["differences"] if one["what"] == "open_missing"]
    assert answer["evidence"] in missing["advice"] and answer["evidence"].startswith("261125") and len(answer["evidence"]) == 10
    assert answer["sha256"] == hashlib.sha256((tmp_path / "st.csv").read_bytes()).hexdigest()
    assert answer["other_terminals"] == ["99999999"] and "99999999" in run(tmp_path).stdout
    (tmp_path / "st.csv").write_text(HEADING + "4111111111111111,1,20261122,10,消费\n")
    assert json.loads(run(tmp_path, "--json").stdout)["other_terminals"] == ["?"], "a column may hold a card number"
    hurt = bytearray(writer.chip)
    hurt[60] ^= 1
    (tmp_path / "chip").write_bytes(hurt)
    told_of = run(tmp_path, "--from", "2026-11-22", "--through", "2026-11-25")
    assert told_of.exit_code == 1 and "the journal has findings" in told_of.stdout and "found not done" not in told_of.stdout
    assert run(tmp_path, "--from", "2026-11-25", "--through", "2026-11-22").exit_code == 2
    assert run(tmp_path, "--through", "2199-12-31").exit_code == 2, "that is not over yet"
    (tmp_path / "st.csv").write_text("nothing")
    refused = run(tmp_path, "--json")
    assert refused.exit_code == 2 and json.loads(refused.stderr)["error"]["code"] == "statement"
