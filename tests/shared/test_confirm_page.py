"""The page before a refund: what it says, in which order, and that nothing of it is out of reach."""

from parts import TABLES, Terminal, settings
from test_dialogs import pressed
from yuanlu.compat import run
from yuanlu.refund.transaction import KIND_REFUND, KIND_VOID, ROAD_CARD, ROAD_WALLET, Draft, Transaction
from yuanlu.ui import reason_page, short_page
from yuanlu.ui.confirm_page import lines
from yuanlu.ui.grid import wrap
from yuanlu.ui.reason_page import _ORDER, REASONS
from yuanlu.ui.words import Words


def page(language, kind, amount=99_999_999, sold=99_999_999, **changes):
    """Its rows, 30 columns wide."""
    till = Terminal(**changes)
    words = Words(TABLES)
    words.language = language
    sale = till.sell(sold)
    texts = lines(till.config, language, Draft(kind, amount, original=sale.number, reason=2), sale, sold)
    return [row for text in texts for row in wrap(words(text), 30)]


def test_the_usual_refund_fits_one_screen():
    """All of it in eight rows, in both languages."""
    for language in (0, 1):
        for kind in (KIND_REFUND, KIND_VOID):
            assert len(page(language, kind, 30_00, 100_00)) <= 8, page(language, kind, 30_00, 100_00)


def test_a_second_screen_begins_with_a_whole_statement():
    """The longest refund, and one of a case: DOWN goes seven rows on, and there a statement begins, in both languages."""
    for language in (0, 1):
        for amount, case in ((99_999_999, ""), (30_00, "12345678901234567890"), (1_234_56, "")):
            till = Terminal()
            words, sale = Words(TABLES), till.sell(99_999_999)
            words.language = language
            texts = lines(till.config, language, Draft(KIND_REFUND, amount, original=sale.number), sale, 99_999_999, case)
            starts, rows = [], []
            for text in texts:
                starts.append(len(rows))
                rows += wrap(words(text), 30)
            assert len(rows) <= 8 or 7 in starts, rows
            assert not case or words(("reason.case", case)) in rows[:8]


def test_amount_capitals_fee_and_days():
    """The amount leads; the row that the fee comes from is named, as an estimate. troubles: T-011, T-089"""
    rows = page(0, KIND_REFUND, 30_00, 100_00)
    assert rows[0] == "退款 ¥30.00 叁拾元整"
    assert page(0, KIND_REFUND, 123_456_78)[:2] == ["退款 ¥123,456.78", "壹拾贰万叁仟肆佰伍拾陆元柒角捌"]
    text = "".join(rows)
    assert "手续费约¥0.60（按贷记卡0.60%），不退" in text and "1-7个工作日到账" in text and "退后还可退 ¥70.00" in text
    assert "退回¥0.18" in "".join(page(0, KIND_REFUND, 30_00, 100_00, fee_returned=1))
    assert "撤销不收手续费" in "".join(page(0, KIND_VOID, 100_00, 100_00))
    assert "not returned" in " ".join(page(1, KIND_REFUND, 30_00, 100_00))


def fee_row(road, product, date=20261122, **changes):
    """What the page of a refund of 100.00 of 10 000.00 says of the fee."""
    sale = Transaction(1, 1)
    sale.amount, sale.road, sale.date, sale.card = 10_000_00, road, date, b"6228484890"
    config = settings(fee_card=product, fee_returned=1, **changes)
    [row] = [row for row in lines(config, 0, Draft(KIND_REFUND, 100_00, original=1), sale, 10_000_00) if row[0] == "fee.back"]
    return Words(TABLES)(row)


def test_what_a_card_or_a_code_costs_stands_before_it_is_confirmed():
    """0.60 % of a credit card, 0.55 % of a debit card and never more than 20 yuan, 0.38 % of a code.

    troubles: T-047, T-048, T-049
    """
    assert fee_row(ROAD_CARD, "credit") == "手续费约¥60.00（按贷记卡0.60%），退回¥0.60"
    assert fee_row(ROAD_CARD, "debit") == "手续费约¥20.00（按借记卡0.55%），退回¥0.20"
    assert fee_row(ROAD_WALLET, "debit") == "手续费约¥38.00（按扫码0.38%），退回¥0.38"


def test_what_another_terminal_costs_and_what_holds_for_a_time():
    """0.50 % up to 20 yuan; 0.55 % in the days of a promotion and 0.60 % on the day after. troubles: T-050, T-051"""
    assert fee_row(ROAD_CARD, "debit_sign") == "手续费约¥20.00（按借记卡电签0.50%），退回¥0.20"
    fees = "credit 60 0; credit 55 0 20261101 20261130"
    for date, told in ((20261031, "¥60.00（按贷记卡0.60%"), (20261130, "¥55.00（按贷记卡0.55%")):
        assert told in fee_row(ROAD_CARD, "credit", date, fees=fees), date
    assert "¥60.00（按贷记卡0.60%" in fee_row(ROAD_CARD, "credit", 20261201, fees=fees)


class Asked:
    """The part of a till that asks for a reason."""

    def __init__(self, dialogs):
        self.dialogs = dialogs


def test_a_deposit_of_the_terminal_is_no_reason():
    """What the acquirer owes the shop for its terminal is no refund of a card: the page of reasons has no word of it; the words
    are there, as the control. troubles: T-087"""
    for language in (0, 1):
        words = Words(TABLES)
        words.language = language
        dialogs, keys = pressed("ENTER")
        dialogs.words.language = language
        assert run(reason_page.run(Asked(dialogs))) == (0, "")
        shown = "".join([row[0] for row in keys.seen[-1]])
        assert all(words(name)[:8] in shown for name in REASONS)
        assert not any(word in shown.lower() for word in ("押金", "deposit", "机具"))


def test_what_does_not_fit_is_a_down_away_and_enter_stays_one_key():
    """DOWN shows the last row, UP the first again; ENTER from either confirms."""
    texts = [("line.detail", "row {}".format(index)) for index in range(12)]
    dialogs, keys = pressed("DOWN", "ENTER")
    run(dialogs.confirm("refund.confirm", texts))
    assert [row[0] for row in keys.seen[0][1:9]] == ["row {}".format(index) for index in range(8)]
    assert keys.seen[0][9][0].endswith("》") and not keys.seen[1][9][0].endswith("》")
    assert [row[0] for row in keys.seen[1][1:6]] == ["row {}".format(index) for index in range(7, 12)]
    dialogs, keys = pressed("DOWN", "DOWN", "UP", "UP", "ENTER")
    run(dialogs.confirm("refund.confirm", texts))
    assert keys.seen[1][1][0] == "row 0"


def test_every_reason_is_on_the_page_once():
    """The journal keeps the index: the first four stay what they were."""
    assert sorted(_ORDER) == list(range(len(REASONS)))
    assert REASONS[:4] == ("reason.returned", "reason.wrong_amount", "reason.not_delivered", "reason.other")


def test_takings_of_wallets_less_fees_and_refunds():
    """Cards do not count; a refund that is not settled counts as given back. troubles: T-101"""
    till = Terminal()
    till.sell(500_00)
    assert short_page.takings(till.config, till.journal) == (0, 0, 0)
    sale = sell_by_wallet(till, 100_00)
    assert short_page.takings(till.config, till.journal) == (100_00, 0, 38)
    till.refund(sale, 30_00)
    sums = short_page.takings(till.config, till.journal)
    assert sums == (100_00, 30_00, 38) and short_page.possible_now(sums) == 70_00 - 38


def sell_by_wallet(till, amount):
    """A done sale whose road is a wallet."""
    from parts import Card
    from yuanlu.refund import state as s
    from yuanlu.refund.transaction import KIND_SALE

    return till.settle(till.desk.open(Draft(KIND_SALE, amount, card=Card(), road=ROAD_WALLET)), s.DONE)


def test_the_explainer_says_first_what_can_be_done():
    """In both languages: what is possible and what the keys do on the first page, all that it comes from behind it."""
    till = Terminal()
    sale = sell_by_wallet(till, 9_999_00)
    for language in (0, 1):
        words = Words(TABLES)
        words.language = language
        for part in (0, 4_000_00):
            texts = short_page.lines(Draft(KIND_REFUND, 9_999_00), sale, 9_999_00, (5_000_00, 962_00, 38_00), part)
            rows = [row for text in texts for row in wrap(words(text), 30)]
            first = [row for text in texts[: 3 if part else 2] for row in wrap(words(text), 30)]
            assert len(rows) <= 16 and len(first) <= 7, rows


def test_the_cause_is_named():
    """Nothing came in, too little came in, or it went to others. troubles: T-116"""
    for sums, cause in (((0, 0, 0), "none"), ((50_00, 0, 19), "few"), ((100_00, 60_00, 38), "went")):
        texts = short_page.lines(Draft(KIND_REFUND, 80_00), Terminal().sell(80_00), 80_00, sums, 0)
        assert [text for text in texts if isinstance(text, str) and "cause" in text] == ["short.cause_" + cause]
