"""What a person is shown, or hands in, about one refund: the evidence, and the request sheet 退款申请表."""

from __future__ import annotations

from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.evidence import Case, code_of, records_of
from host_tools.yuanluctl.journal.finding import came_from, told_number
from host_tools.yuanluctl.journal.ledger import CASH, NO_ORIGINAL, Attempt, Result, Transaction, moment, yuan
from host_tools.yuanluctl.paper import Block, Both, Code, Heading, Pair, Table, Text, Value, in_language, said, whose
from host_tools.yuanluctl.persons import by, decided_when, decider
from host_tools.yuanluctl.words import LANGUAGES, words

REASONS = "returned wrong_amount not_delivered other quality price twice merchant".split()
TO_FILL_IN = "evidence receipt statement customer stamp day".split()
ROW_NAMES = ("paper.number", "paper.kind", "paper.amount", "paper.trace", "paper.when", "paper.state")
ATTEMPT_NAMES = ("evidence.attempt", "paper.trace", "evidence.sends", "paper.when", "evidence.answers", "evidence.code_and_rrn")
ATTEMPT_WIDTHS = (16, 18, 12, 22, 32, 20)
RECORDS_BESIDE = 3
ROW_WIDTHS = (10, 14, 12, 18, 22, 24)  # against each other


def evidence_page(case: Case) -> list[Block]:
    """The same for people, in both languages."""
    one = case.one
    blocks: list[Block] = [Heading("evidence.title"), Code(code_of(case)), _says(case)]
    blocks += [whose(case.terminal, case.check), *_described(one), *_came(one)]
    blocks += [Heading("evidence.sale"), *(_described(case.sale) if case.sale else [_no_sale(one)])]
    if one.road != CASH:
        blocks += [Heading("evidence.attempts")]
    if one.attempts:
        cells = [line for attempt in one.attempts for line in _attempt(attempt)]
        blocks.append(Table(ATTEMPT_NAMES, cells, ATTEMPT_WIDTHS))
    elif one.road != CASH:
        blocks.append(Text("evidence.no_attempts"))
    if case.others:
        blocks += [Heading("evidence.others"), Table(ROW_NAMES, [row(other) for other in case.others], ROW_WIDTHS)]
    for note in one.notes:
        who = [in_language(by(note.operator), language) for language in LANGUAGES]
        told = Both(*(f"{moment(note.date, note.time)}  {name}  {note.text}" for name in who))
        blocks.append(Pair(f"note.{note.kind}", told))
    blocks += [Heading("evidence.seal"), Text("paper.verdict", (Both(*verdict.in_both(case.report)),))]
    blocks += [Text("evidence.sealed" if case.report.sealed else "evidence.not_sealed")]
    blocks += [Pair("evidence.head", case.head), Heading("evidence.records")]
    names = ["evidence.record", "paper.kind", "evidence.tag"] * RECORDS_BESIDE
    return [*blocks, Table(names, _records(one), (8, 26, 27) * RECORDS_BESIDE)]


def _records(one: Transaction) -> list[list[Value]]:
    """Number, type and tag of each, some beside each other."""
    cells: list[Value] = []
    for record in records_of(one):
        known = f"record.{record.name}" in words()
        name = said(f"record.{record.name}") if known else said("record.unknown", record.type)
        cells += [str(record.number), name, record.tag.hex()]
    wide = 3 * RECORDS_BESIDE
    cells += [""] * (-len(cells) % wide)
    return [cells[at : at + wide] for at in range(0, len(cells), wide)]


def sheet_page(case: Case, merchant: str) -> list[Block]:
    """The manual request sheet, with lines to write on for what a journal cannot know."""
    one, sale = case.one, case.sale
    blocks: list[Block] = [Heading("sheet.title"), Code(code_of(case))]
    blocks += [Pair("sheet.merchant", merchant), Pair("sheet.terminal", case.terminal)]
    blocks += [] if case.terminal else [whose(case.terminal, case.check)]
    blocks += [Heading("evidence.sale"), *([_no_sale(one)] if one.road == NO_ORIGINAL else [])]
    blocks += [Pair("paper.trace", f"{sale.batch:06}/{sale.trace:06}" if sale else "")]
    blocks += [Pair("paper.rrn", sale.rrn if sale else ""), Pair("paper.approval", sale.approval if sale else "")]
    blocks += [
        Pair("paper.when", moment(sale.date, sale.time) if sale else ""),
        Pair("paper.amount", yuan(sale.amount) if sale else ""),
    ]
    blocks += [Pair("paper.card", sale.card if sale else ""), Heading("sheet.refund")]
    blocks += [Pair("paper.number", str(one.number)), Pair("paper.trace", f"{one.batch:06}/{one.trace:06}")]
    blocks += [Pair("paper.when", moment(one.date, one.time)), Pair("paper.amount", yuan(-one.amount))]
    cases = [note.text for note in one.notes if note.kind in ("case", "complaint")]
    blocks += [_reason(one), Pair("sheet.case", cases[-1] if cases else "")]
    blocks += [Pair("evidence.sends", str(sum(len(attempt.sends) for attempt in one.attempts)))]
    blocks += [_says(case), *_decided(one), *_came(one)]
    if not case.report.consistent:
        blocks.append(Text("paper.verdict", (Both(*verdict.in_both(case.report)),)))
    blocks.append(Heading("sheet.to_fill_in"))
    return [*blocks, *(Pair(f"sheet.{name}", "") for name in TO_FILL_IN)]


def _says(case: Case) -> Text:
    """What became of it, first of all."""
    return Text("evidence.says.given", (case.given_to,)) if case.given_to else Text(f"evidence.says.{_outcome(case.one)}")


def _came(one: Transaction) -> list[Block]:
    return [Pair("evidence.came_from", f"{came_from(one)}  {told_number(one)}")] if one.brought else []


def _no_sale(one: Transaction) -> Text:
    return Text("evidence.no_original" if one.road == NO_ORIGINAL else "evidence.no_sale")


def _outcome(one: Transaction) -> str:
    """done, not_done, withdrawn, never_sent, open, alarm or cash; what a person found is told as his word, not the acquirer's."""
    if one.road == CASH:
        return "cash"
    if one.alarm and not one.settled:
        return "alarm"
    if one.state in ("resolved_done", "resolved_not_done"):
        found = one.state.replace("resolved", "found")
        return f"{found}_{one.kind}" if one.kind in ("sale", "void") else found
    if one.settled:
        return one.state if one.state in ("done", "withdrawn") else "not_done"
    return "open" if one.sent else "never_sent"


def _described(one: Transaction) -> list[Block]:
    blocks: list[Block] = [Pair("paper.number", str(one.number)), Pair("paper.kind", _kind(one))]
    blocks += [Pair("paper.amount", yuan(one.amount)), Pair("paper.when", moment(one.date, one.time))]
    blocks += [Pair("paper.trace", f"{one.batch:06}/{one.trace:06}"), Pair("paper.rrn", one.rrn or "-")]
    blocks += [Pair("paper.approval", one.approval or "-"), Pair("paper.card", one.card or "-")]
    blocks.append(Pair("paper.operator", by(one.operator)))
    if one.approver:
        blocks.append(Pair("paper.approver", by(one.approver)))
    return [*blocks, Pair("paper.state", said(f"state.{one.state}")), *_decided(one)]


def _decided(one: Transaction) -> list[Block]:
    """By persons: what, on which evidence, who and when."""
    blocks: list[Block] = []
    for decision in one.decisions:
        blocks.append(Pair("evidence.decided", said(f"decided.{decision.what}", yuan(decision.amount))))
        blocks += [Pair("evidence.decision", decision.evidence)] if decision.evidence else []
        blocks += [Pair("evidence.decided_by", decider(decision)), Pair("evidence.decided_when", decided_when(decision))]
    return blocks


def _kind(one: Transaction) -> Both:
    return said(f"kind.{one.kind or 'lost'}")


def _reason(one: Transaction) -> Pair:
    return Pair("sheet.reason", said(f"reason.{REASONS[min(one.reason, len(REASONS) - 1)]}"))


def _attempt(attempt: Attempt) -> list[list[Value]]:
    """A line each answer."""
    what = said(f"attempt.{attempt.what}")
    head: list[Value] = [Both(f"{attempt.number} {what.zh}", what.en)]
    head += [f"{attempt.batch:06}/{attempt.trace:06}", str(len(attempt.sends))]
    lines = [_answer(answer) for answer in attempt.results] or [["-", "-", ""]]
    return [[*(head if at == 0 else [""] * len(head)), *line] for at, line in enumerate(lines)]


def _answer(answer: Result) -> list[Value]:
    told = f"{answer.code} {answer.rrn}".strip()
    return [moment(answer.date, answer.time) or "-", said(f"state.{answer.verdict}"), told]


def row(one: Transaction) -> list[Value]:
    """A transaction as the tables of papers have it."""
    place = f"{one.batch:06}/{one.trace:06}"
    return [str(one.number), _kind(one), yuan(one.amount), place, moment(one.date, one.time), said(f"state.{one.state}")]
