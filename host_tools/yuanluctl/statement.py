"""Reads an acquirer's statement: CSV with a heading in Chinese or English, in UTF-8 or GB 18030."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import NamedTuple

from host_tools.yuanluctl.journal.card_numbers import masked
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.status import day_of

LARGEST = 32 << 20  # bytes
MOST_LINES = 200_000
LONGEST_CELL = 1000
NAMES = {
    "terminal": ("terminal", "terminal id", "tid", "终端号", "终端编号", "终端"),
    "trace": ("trace", "stan", "流水号", "凭证号", "终端流水号", "系统跟踪号"),
    "amount": ("amount", "交易金额", "金额", "金额(元)", "金额（元）"),
    "date": ("date", "transaction date", "交易日期", "日期", "交易时间", "交易日期时间"),
    "kind": ("type", "kind", "交易类型", "类型"),
    "rrn": ("rrn", "reference", "参考号", "检索参考号", "系统参考号"),
    "status": ("status", "state", "result", "交易状态", "状态", "交易结果", "处理结果"),
}
BACK_WORDS = ("退货", "退款", "refund", "credit")
CANCEL_WORDS = ("撤销", "void", "cancel")  # alone: of a sale
SALE_WORDS = ("消费", "销售", "支付", "sale", "purchase", "payment")
UNDONE_WORDS = ("冲正", "reversal", "reversed")
BOOKED = ("成功", "交易成功", "已成功", "已入账", "已结算", "success", "successful", "approved", "booked", "settled", "00")
LONGEST_DOUBT = 20
_NO_WORD = re.compile(r"[^\w ()-]|[0-9]{6,}")  # what is shown of the file's own words holds no card number
_LINE_ENDS = re.compile("[\0\v\f\x1c-\x1e\x85\u2028\u2029]")  # for some programs; to csv they are part of a cell
_AMOUNT = re.compile(r"([+-]?)([0-9]{1,10})(?:\.([0-9]{1,2}))?")
_DATE = re.compile(r"(20[0-9]{2})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})|([0-9]{2})([0-9]{2})(?:[0-9]{6})?)(?![0-9])")


class Line(NamedTuple):
    """A line of the statement: `number` as a text editor counts it, amount in fen without sign, date yyyymmdd. `trace` and
    `rrn` may be missing: 0, or empty. is_refund: money goes back; None where the file does not say so plainly. `doubt`: the
    file's own words where it is not plain that this is booked: a status that is no success, a type that is not known, or one that
    takes something back, which `undoes` says."""

    number: int
    terminal: str
    trace: int
    amount: int
    date: int
    is_refund: bool | None
    rrn: str
    doubt: str = ""
    undoes: bool = False


def read_statement(content: bytes, name: str) -> list[Line]:
    """Every line; Trouble names the first that cannot be read: half a statement proves nothing."""
    try:
        text = content.decode().lstrip("\ufeff")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as problem:
            raise Trouble("statement", name, "UTF-8? GB 18030?") from problem
    if odd := _LINE_ENDS.search(text):
        raise Trouble("statement", name, f"U+{ord(odd[0]):04X}")
    heading = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count), strict=True)
    found: list[Line] = []
    try:
        titles = next(reader, [])
        columns, before = _columns(titles, name), reader.line_num
        for cells in reader:
            number, before = before + 1, reader.line_num
            if before != number:  # a quote that is never closed swallows what others have
                raise Trouble("statement", name, f'line {number}: " goes on to line {before}')
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < len(titles) or any(cell.strip() for cell in cells[len(titles) :]):
                raise Trouble("statement", name, f"line {number}: {len(cells)} cells, not {len(titles)}")
            if len(found) >= MOST_LINES:
                raise Trouble("statement", name, f"> {MOST_LINES} lines")
            found.append(_line(cells, columns, number, name))
    except csv.Error as problem:
        raise Trouble("statement", name, f"line {reader.line_num}: {problem}") from problem
    return found


def _columns(heading: list[str], name: str) -> dict[str, int]:
    cells = [cell.strip().lower() for cell in heading]
    columns = {}
    for field, known in NAMES.items():
        places = [place for place, cell in enumerate(cells) if cell in known]
        if len(places) > 1:
            raise Trouble("statement", name, f"line 1: two columns for {field}")
        if places:
            columns[field] = places[0]
    missing = [field for field in ("terminal", "trace", "amount", "date") if field not in columns]
    if missing:
        raise Trouble("statement", name, f"line 1: no {', '.join(missing)}")
    return columns


def _line(cells: list[str], columns: dict[str, int], number: int, name: str) -> Line:
    def cell(field: str) -> str:
        place = columns.get(field, -1)
        text = cells[place].strip().strip("'`") if 0 <= place < len(cells) else ""  # banks put marks before long numbers
        return text[:LONGEST_CELL]

    amount = _AMOUNT.fullmatch(cell("amount").replace(",", "").replace("¥", "").replace("￥", "").strip())
    if not amount:
        raise Trouble("statement", name, f"line {number}: amount")
    day = _DATE.match(cell("date"))
    date = int(day[1] + (day[2] or day[4]).zfill(2) + (day[3] or day[5]).zfill(2)) if day else 0
    if day_of(date) is None:
        raise Trouble("statement", name, f"line {number}: date")
    trace = cell("trace")
    if trace and not (trace.isascii() and trace.isdigit() and len(trace) <= 12):
        raise Trouble("statement", name, f"line {number}: trace")
    fen = int(amount[2]) * 100 + int((amount[3] or "").ljust(2, "0"))
    kind, terminal = cell("kind").lower(), unicodedata.normalize("NFKC", cell("terminal"))
    is_back, is_cancelled, is_undone, is_sale = (
        any(word in kind for word in words) for words in (BACK_WORDS, CANCEL_WORDS, UNDONE_WORDS, SALE_WORDS)
    )
    undoes = is_undone or (is_back and is_cancelled)
    unbooked = "status" in columns and cell("status").lower() not in BOOKED
    is_negative = amount[1] == "-"
    is_refund: bool | None = is_negative or is_back or is_cancelled
    if "kind" in columns and not (undoes or is_cancelled or (is_back != is_sale and not (is_sale and is_negative))):
        is_refund = None
    words = (cell("status") or "?") if unbooked else ""
    if undoes or is_refund is None:
        words = cell("kind") or "?"
    elif not terminal:
        words = words or "?"
    doubt = _NO_WORD.sub("?", masked(words))[:LONGEST_DOUBT]
    return Line(number, terminal, int(trace or 0), fen, date, is_refund, cell("rrn"), doubt, undoes)
