"""What a person is shown, or hands in, about one refund: the evidence, and the request sheet 退款申请表."""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

from host_tools.yuanluctl.journal.ledger import CASH, NO_ORIGINAL, Attempt, Ledger, Transaction, moment, yuan
from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.paper import Block, Code, Heading, Pair, Table, Text
from host_tools.yuanluctl.status import entry
from host_tools.yuanluctl.words import both

REASONS = "returned wrong_amount not_delivered other quality price twice merchant".split()
TO_FILL_IN = "evidence receipt statement customer stamp day".split()


class Case(NamedTuple):
    """One transaction and what surrounds it; `sale` is None where the journal has it no more. `terminal`: F41, if it is known."""

    one: Transaction
    sale: Transaction | None
    others: list[Transaction]
    head: str
    terminal: str
    report: Report


def open_case(ledger: Ledger, words: str, report: Report, terminal: str) -> Case:
    """The one that was asked for; Trouble where none or several are meant, or the journal is another terminal's."""
    found = ledger.find(words)
    if len(found) > 1:  # a sale and its void may share what was asked for: the refund is meant
        found = [one for one in found if one.kind != "sale"] or found
    if len(found) != 1:
        raise Trouble("no_record", words if not found else f"{words} ({', '.join(str(one.number) for one in found)})")
    last = ledger.last
    if terminal and last and crc32(terminal.encode()) != last.terminal:
        raise Trouble("no_record", terminal)
    (one,) = found
    sale = ledger.transactions.get(one.original) if one.original != one.number else None
    others = [other for other in ledger.refunds_of(one.original) if other is not one]
    return Case(
        one, sale if sale and sale.kind else None, others, f"{last.number}:{last.tag.hex()}" if last else "", terminal, report
    )


def code_of(case: Case) -> str:
    """That of its slip where the terminal's id is known; else what finds it in this journal."""
    one = case.one
    if case.terminal and one.road != CASH:
        return f"{case.terminal}-{one.batch:06}-{one.trace:06}-{one.date:08}"
    newest = one.records[-1]
    return f"{newest.terminal:08x} {newest.number}:{newest.tag.hex()}"


def evidence(case: Case) -> dict[str, Any]:
    """For programs."""
    one = case.one
    return {
        "refund": entry(one) | {"approval": one.approval, "operator": one.operator, "approver": one.approver, "alarm": one.alarm},
        "sale": entry(case.sale) | {"card": case.sale.card, "approval": case.sale.approval} if case.sale else None,
        "others": [entry(other) for other in case.others],
        "attempts": [
            {
                "attempt": attempt.number,
                "what": attempt.what,
                "batch": attempt.batch,
                "trace": attempt.trace,
                "sends": len(attempt.sends),
                "answers": [answer._asdict() for answer in attempt.results],
            }
            for attempt in one.attempts
        ],
        "decision": one.evidence or None,
        "notes": [note._asdict() for note in one.notes],
        "records": [{"number": record.number, "type": record.name, "tag": record.tag.hex()} for record in one.records],
        "verdict": case.report.verdict,
        "seals_checked": case.report.sealed,
        "consistent": case.report.consistent,
        "head": case.head,
        "code": code_of(case),
    }


def evidence_page(case: Case) -> list[Block]:
    """The same for people, in both languages."""
    one = case.one
    blocks: list[Block] = [Heading("evidence.title"), Text(f"evidence.says.{_outcome(one)}"), *_described(one)]
    blocks += [Heading("evidence.sale"), *(_described(case.sale) if case.sale else [_no_sale(one)])]
    if one.road != CASH:
        blocks += [Heading("evidence.attempts")]
    if one.attempts:
        names = ["evidence.attempt", "paper.trace", "evidence.sends", "evidence.answers"]
        blocks.append(Table(names, [_attempt(attempt) for attempt in one.attempts]))
    elif one.road != CASH:
        blocks.append(Text("evidence.no_attempts"))
    if case.others:
        names = ["paper.number", "paper.kind", "paper.amount", "paper.trace", "paper.when", "paper.state"]
        blocks += [Heading("evidence.others"), Table(names, [_row(other) for other in case.others])]
    for note in one.notes:
        blocks.append(Pair(f"note.{note.kind}", f"{moment(note.date, note.time)}  {note.operator}  {note.text}"))
    records = ", ".join(f"{record.number} {record.name} {record.tag.hex()}" for record in one.records)
    blocks += [Heading("evidence.seal"), Text("paper.verdict", (case.report.verdict,))]
    blocks += [Text("evidence.sealed" if case.report.sealed else "evidence.not_sealed")]
    return [*blocks, Pair("evidence.head", case.head), Pair("evidence.records", records), Code(code_of(case))]


def sheet_page(case: Case, merchant: str) -> list[Block]:
    """The manual request sheet, with lines to write on for what a journal cannot know."""
    one, sale = case.one, case.sale
    blocks: list[Block] = [Heading("sheet.title"), Pair("sheet.merchant", merchant), Pair("sheet.terminal", case.terminal)]
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
    blocks += [Text(f"evidence.says.{_outcome(one)}"), Heading("sheet.to_fill_in")]
    return [*blocks, *(Pair(f"sheet.{name}", "") for name in TO_FILL_IN), Code(code_of(case))]


def _no_sale(one: Transaction) -> Text:
    return Text("evidence.no_original" if one.road == NO_ORIGINAL else "evidence.no_sale")


def _outcome(one: Transaction) -> str:
    """done, not_done, never_sent, open, alarm or cash."""
    if one.road == CASH:
        return "cash"
    if one.alarm and not one.settled:
        return "alarm"
    if one.settled:
        return "done" if one.state in ("done", "resolved_done") else "not_done"
    return "open" if one.sent else "never_sent"


def _described(one: Transaction) -> list[Block]:
    pairs = [("paper.number", str(one.number)), ("paper.kind", " / ".join(both(f"kind.{one.kind or 'lost'}")))]
    pairs += [("paper.amount", yuan(one.amount)), ("paper.when", moment(one.date, one.time))]
    pairs += [("paper.trace", f"{one.batch:06}/{one.trace:06}"), ("paper.rrn", one.rrn or "-")]
    pairs += [("paper.approval", one.approval or "-"), ("paper.card", one.card or "-"), ("paper.operator", str(one.operator))]
    blocks: list[Block] = [Pair(*pair) for pair in pairs]
    if one.approver:
        blocks.append(Pair("paper.approver", str(one.approver)))
    blocks.append(Pair("paper.state", " / ".join(both(f"state.{one.state}"))))
    if one.evidence:
        blocks.append(Pair("evidence.decision", one.evidence))
    return blocks


def _reason(one: Transaction) -> Pair:
    return Pair("sheet.reason", " / ".join(both(f"reason.{REASONS[min(one.reason, len(REASONS) - 1)]}")))


def _attempt(attempt: Attempt) -> list[str]:
    answers = [
        " ".join(filter(None, (moment(answer.date, answer.time), *both(f"state.{answer.verdict}"), answer.code, answer.rrn)))
        for answer in attempt.results
    ]
    what = " / ".join(both(f"attempt.{attempt.what}"))
    return [
        f"{attempt.number} {what}",
        f"{attempt.batch:06}/{attempt.trace:06}",
        str(len(attempt.sends)),
        "\n".join(answers) or "-",
    ]


def _row(one: Transaction) -> list[str]:
    place = f"{one.batch:06}/{one.trace:06}"
    kind, state = (" / ".join(both(name)) for name in (f"kind.{one.kind or 'lost'}", f"state.{one.state}"))
    return [str(one.number), kind, yuan(one.amount), place, moment(one.date, one.time), state]
