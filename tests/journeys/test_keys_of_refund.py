"""CANCEL and CLEAR on every page of a refund, as docs/operators.md has them: CANCEL leaves it all and nothing is recorded, CLEAR
takes back a digit and leaves no page, but on the list of sales."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from emulator.clerk import Clerk
from emulator.shop import Shop

pytestmark = pytest.mark.micropython


class Page(NamedTuple):
    """How it is reached from the menu, and what it says; `typed`: how it shows the digits 1 2."""

    keys: str
    says: str
    typed: str = ""


PAGES = {
    "list of sales": Page("2", "退货：选原交易"),
    "other ways": Page("2 CLEAR", "小票码（扫码或输入）"),
    "slip code": Page("2 CLEAR 1", "还差24位", "12_"),
    "RRN": Page("2 CLEAR 2", "请输入12位参考号", "输入 12"),
    "trace": Page("2 CLEAR 3", "请输入流水号", "输入 12"),
    "card": Page("2 CLEAR 4", "请挥原来付款的卡"),
    "order number": Page("2 CLEAR 5", "请输入编号后8位", "输入 12"),
    "memory": Page("2 CLEAR 6", "（至少填两项）"),
    "the sale": Page("2 CLEAR 7 1", "还可退"),
    "how it goes back": Page("2 1", "怎么退"),
    "reason": Page("2 1 1", "退货：原因"),
    "amount": Page("2 1 1 1", "退货：金额", "0.12"),
    "approval": Page("2 1 1 1 6 0 0 0 ENTER", "需要授权"),
    "supervisor's number": Page("2 1 1 1 6 0 0 0 ENTER 1", "请主管输入工号", "输入 12"),
    "supervisor's PIN": Page("2 1 1 1 6 0 0 0 ENTER 1 8 ENTER", "密码", "输入 **"),
    "code by telephone": Page("2 1 1 1 6 0 0 0 ENTER 2", "授权码", "输入 12"),
    "takings that may be too little": Page("2 2 1 1 ENTER", "余额可能不足"),
    "page to confirm": Page("2 1 1 1 5 0 0 ENTER", "请确认退款"),
}
# The two pages on which CANCEL goes one step back: what is told there is optional.
ONE_STEP = {
    "case number": (Page("2 1 1 9", "退货：案件号", "12_"), "退货：原因"),
    "a row of memory": (Page("2 CLEAR 6 5", "请输入流水号", "输入 12"), "（至少填两项）"),
}


@pytest.fixture(scope="module")
def clerk() -> Iterator[Clerk]:
    """At a terminal with a sale of a card and, before it, one of a wallet; above 50.00 it takes a supervisor."""
    shop = Shop(real=False, login=1, limit_operator=5000, cash_refunds=1)
    try:
        shop.terminal.power_on()
        clerk = Clerk(shop)
        clerk.log_in(8)
        clerk.press("7 8 2")
        clerk.log_in(1)
        clerk.start_sale(3000, "wallet")
        clerk.take_slip("交易成功")
        clerk.press("ENTER 6 ENTER")  # in another batch then
        clerk.see("账平")
        clerk.press("ENTER")
        clerk.start_sale(10_000)
        clerk.take_slip("交易成功")
        clerk.press("ENTER")
        yield clerk
    finally:
        shop.close()


def at(clerk: Clerk, page: Page) -> str:
    """Walk there from the menu; the screen."""
    assert is_menu(clerk), clerk.picture()
    clerk.press(page.keys)
    clerk.see(page.says)
    return clerk.terminal.screen.text


def is_menu(clerk: Clerk) -> bool:
    return "1 消费" in clerk.terminal.screen.text


def refunds(clerk: Clerk) -> list[str]:
    return [row["state"] for row in clerk.shop.terminal_ledger() if row["kind"] != "sale"]


@pytest.mark.parametrize("name", PAGES)
def test_cancel_leaves_the_whole_refund_and_nothing_is_recorded(clerk: Clerk, name: str) -> None:
    at(clerk, PAGES[name])
    clerk.press("CANCEL")
    clerk.see("1 消费")
    assert refunds(clerk) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name != "list of sales"])
def test_clear_leaves_no_page(clerk: Clerk, name: str) -> None:
    """Where nothing is typed it does nothing. On the list of sales, as a control, it goes on to other ways."""
    before = at(clerk, PAGES[name])
    clerk.press("CLEAR")
    assert clerk.terminal.screen.text == before
    clerk.press("CANCEL")
    clerk.see("1 消费")
    at(clerk, PAGES["list of sales"])
    clerk.press("CLEAR")
    clerk.see(PAGES["other ways"].says)
    clerk.press("CANCEL")
    clerk.see("1 消费")


@pytest.mark.parametrize("page", [page for page in PAGES.values() if page.typed], ids=lambda page: page.says)
def test_clear_takes_one_digit_back(clerk: Clerk, page: Page) -> None:
    """And the next one after it; then there is nothing left to take."""
    before = at(clerk, page)
    clerk.press("1")
    one = clerk.terminal.screen.text
    clerk.press("2")
    assert page.typed in clerk.terminal.screen.text and page.typed not in one
    clerk.press("CLEAR")
    assert clerk.terminal.screen.text == one != before
    clerk.press("CLEAR")
    assert clerk.terminal.screen.text == before
    clerk.press("CANCEL")
    clerk.see("1 消费")


@pytest.mark.parametrize("name", ONE_STEP)
def test_where_the_answer_is_optional_cancel_goes_one_step_back(clerk: Clerk, name: str) -> None:
    page, before = ONE_STEP[name]
    at(clerk, page)
    clerk.press("CANCEL")
    clerk.see(before)
    clerk.press("CANCEL")
    clerk.see("1 消费")
    assert refunds(clerk) == []


def test_control_enter_on_the_last_page_records_it_and_no_key_takes_it_back(clerk: Clerk) -> None:
    """So that what CANCEL leaves out would show. From what is looked into from a list CANCEL goes back to the list."""
    at(clerk, PAGES["page to confirm"])
    clerk.press("ENTER")
    clerk.take_slip("退货成功")
    shown = clerk.terminal.screen.text
    clerk.press("CLEAR")
    assert clerk.terminal.screen.text == shown
    clerk.press("CANCEL")
    clerk.see("1 消费")
    clerk.press("7 1")
    clerk.see("已完成的退款")
    clerk.press("1")
    clerk.see("¥5.00", "上下翻页")
    clerk.press("CANCEL")
    clerk.see("已完成的退款")
    clerk.press("CANCEL")
    clerk.see("1 消费")
    assert refunds(clerk) == ["done"]
