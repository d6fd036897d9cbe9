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
}
SALES = ("消费", "销售", "支付", "收款", "pos消费", "刷卡消费", "扫码消费", "扫码支付", "sale", "purchase", "payment")
BACK = ("退货", "退款", "部分退货", "部分退款", "全额退货", "全额退款", "消费退货", "扫码退款", "refund", "partial refund")
VOIDS = ("撤销", "消费撤销", "void", "sale void", "void sale", "cancel", "cancellation")
BOOKED = (
    *("成功", "交易成功", "已成功", "已入账", "已结算", "已清算", "已对账", "正常", "是"),
    *("success", "successful", "approved", "booked", "settled", "yes", "y", "true", "00"),
)
_STATUS = re.compile(r"状态|结果|标志|标识|应答|响应|返回|\b(status|state|result|response|flag|success)\b")
_TAKEN_BACK = re.compile(r"冲正|reversal|reversed|(退货|退款|refund).*(撤销|void|cancel)|(撤销|void|cancel).*(退货|退款|refund)")
_FAILED = re.compile(r"失败|拒绝|驳回|无效|未成功|不成功|未清算|未入账|处理中|冲正|fail|declin|reject|pending|unsuccess|revers")
LONGEST_DOUBT = 20
_NO_WORD = re.compile(r"[^\w ()-]|[0-9]{6,}")  # what is shown of the file's own words holds no card number
_LINE_ENDS = re.compile("[\0\v\f\x1c-\x1e\x85\u2028\u2029]")  # for some programs; to csv they are part of a cell
_AMOUNT = re.compile(r"([+-]?)([0-9]{1,10})(?:\.([0-9]{1,2}))?")
_DATE = re.compile(r"(20[0-9]{2})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})|([0-9]{2})([0-9]{2})(?:[0-9]{6})?)(?![0-9])")


class _Heading(NamedTuple):
    """Places of cells: of the fields, of what says whether it is booked, and of the rest."""

    fields: dict[str, int]
    status: list[int]
    rest: list[int]
    cells: int


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
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[Line] = []
    try:
        heading = _heading(next(reader, []), name)
        before = reader.line_num
        for cells in reader:
            number, before = before + 1, reader.line_num
            if before != number:  # a quote that is never closed swallows what others have
                raise Trouble("statement", name, f'line {number}: " goes on to line {before}')
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < heading.cells or any(cell.strip() for cell in cells[heading.cells :]):
                raise Trouble("statement", name, f"line {number}: {len(cells)} cells, not {heading.cells}")
            if len(found) >= MOST_LINES:
                raise Trouble("statement", name, f"> {MOST_LINES} lines")
            found.append(_line(cells, heading, number, name))
    except csv.Error as problem:
        raise Trouble("statement", name, f"line {reader.line_num}: {problem}") from problem
    return found


def _heading(titles: list[str], name: str) -> _Heading:
    plain = [_plain(title) for title in titles]
    fields = {}
    for field, known in NAMES.items():
        places = [place for place, title in enumerate(plain) if title in known]
        if len(places) > 1:
            raise Trouble("statement", name, f"line 1: two columns for {field}")
        if places:
            fields[field] = places[0]
    missing = [field for field in ("terminal", "trace", "amount", "date") if field not in fields]
    if missing:
        raise Trouble("statement", name, f"line 1: no {', '.join(missing)}")
    others = [place for place in range(len(plain)) if place not in fields.values()]
    status = [place for place in others if _STATUS.search(plain[place])]
    return _Heading(fields, status, [place for place in others if place not in status], len(plain))


def _line(cells: list[str], heading: _Heading, number: int, name: str) -> Line:
    def cell(field: str) -> str:
        place = heading.fields.get(field)
        return "" if place is None else cells[place].strip().strip("'`")[:LONGEST_CELL]  # banks put marks before long numbers

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
    kind = _plain(cell("kind")) if "kind" in heading.fields else None
    terminal = _plain(cell("terminal")).upper()
    is_refund = _direction(kind, amount[1] == "-")
    doubt = "" if is_refund is not None and terminal else kind or "?"
    doubt = doubt or next((_plain(cells[at]) or "?" for at in heading.status if _plain(cells[at]) not in BOOKED), "")
    doubt = doubt or next((_plain(cells[at]) for at in heading.rest if _FAILED.search(_plain(cells[at]))), "")
    shown = _NO_WORD.sub("?", masked(doubt))[:LONGEST_DOUBT]
    undoes = bool(kind and _TAKEN_BACK.search(kind))
    return Line(number, terminal, int(trace or 0), fen, date, is_refund, cell("rrn"), shown, undoes)


def _plain(cell: str) -> str:
    """Without what differs between programs: width of letters, capitals, blanks around it."""
    return " ".join(unicodedata.normalize("NFKC", cell[:LONGEST_CELL]).lower().split())


def _direction(kind: str | None, is_negative: bool) -> bool | None:
    """Whether money goes back; None where the type is not one of those that are known, or against its sign. kind: None where the
    statement has no types, and the sign alone tells."""
    if kind is None:
        return is_negative
    if kind in BACK or kind in VOIDS:
        return True
    return False if kind in SALES and not is_negative else None
