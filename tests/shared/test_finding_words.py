"""The pages on which a sale is found: that every text fits where it stands, in both languages, and what they say."""

from parts import TABLES, Card
from printing_till import Till
from raises import raises
from test_dialogs import pressed
from yuanlu.compat import run
from yuanlu.errors import Refused
from yuanlu.refund import match
from yuanlu.refund import state as s
from yuanlu.refund.slip_code import encode, typed
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, ROAD_WALLET, Draft
from yuanlu.ui import find_flow, memory_page, original_page, slip, slip_code_page
from yuanlu.ui.find_otherwise import WAYS
from yuanlu.ui.grid import width, wrap
from yuanlu.ui.words import Words

COLUMNS, TITLE = 30, 22
HINTS = ("hint.find", "hint.original")
ROWS = [name for name, _ in WAYS] + ["memory.search", "memory.two"]


def languages():
    """Words in Chinese, then in English."""
    for language in (0, 1):
        words = Words(TABLES)
        words.language = language
        yield words


def test_titles_hints_and_rows_fit():
    """A title beside the longest status, a row behind its digit, what is told of a sale with the largest amount."""
    for say in languages():
        for name in ["find.title", "memory.best", "memory.compare", "original.title"] + [name for name, _ in WAYS]:
            assert width(say(name)) <= TITLE, say(name)
        for name in HINTS:
            assert width(say((name, 1, 3))) <= COLUMNS, say(name)
        for name in ROWS:
            assert width(say(name)) <= COLUMNS - 2, say(name)
        assert width(say(("memory.item", 7, 7, "11-22 10:15", "999999.99"))) <= COLUMNS - 2
        longest_of = ("\u00a5999999.99", 20261231, "2359", "9999", 999_999, "999999", ("memory.shown",))
        for name, longest in zip(match.FIELDS, longest_of):
            text = say(("memory.row", ("memory." + name,), longest))
            assert width(text) <= COLUMNS - 2, text


def page(lines, say):
    """The rows that these lines take."""
    return [row for line in lines for row in wrap(say(line), COLUMNS)]


def test_all_that_may_fit_and_differ_is_on_one_page():
    """The score, then what fits, then what does not. T-175."""
    sale = Till().sell(100_00)
    told = [100_00, sale.date, 300, b"0000", 7, "9", sale.fingerprint]
    for say in languages():
        assert len(page(memory_page.lines(match, told, sale), say)) <= 8
    rows = page(memory_page.lines(match, told, sale), next(languages()))
    assert rows[0] == "符合3项，共述7项" and rows[1] == "符合：金额" and rows[-1] == "不符：授权码里的数字"


def test_the_way_back_is_chosen_and_said_why():
    """Void, refund of a part, closed batch, wallet. T-042."""
    till = Till()
    sale = till.sell(100_00)
    assert original_page.way(till, sale, 100_00) == "why.void"
    till.refund(sale, 10_00, s.DONE)
    assert original_page.way(till, sale, 90_00) == "original.part"
    other = till.sell(20_00)
    wallet = till.settle(till.desk.open(Draft(KIND_SALE, 100, card=Card(), road=ROAD_WALLET)), s.DONE)
    assert original_page.way(till, wallet, 100) == "original.wallet"
    till.desk.batch_closed(till.journal.counters.batch, 1)
    assert original_page.way(till, other, 20_00) == "original.closed"


class Scanner:
    """Sees a text as soon as it is asked for."""

    def __init__(self, text):
        self.seen = text
        self.armed = False

    def arm(self):
        self.armed = True

    def text(self):
        return self.seen if self.armed else None


class Station:
    """As much of app.Till as the page of a code needs."""

    def __init__(self, till, dialogs, scanner):
        self.config, self.journal, self.dialogs, self.board = till.config, till.journal, dialogs, self
        self.scanner = scanner


def walked(till, scanner, *keys):
    """(number of the sale that the page ends with, the rows of its last screen but one)."""
    dialogs, port = pressed(*keys)
    return run(slip_code_page.run(Station(till, dialogs, scanner))).number, port.seen[0]


def test_a_board_may_have_no_scanner():
    """Then the digits are typed, and nothing speaks of scanning."""
    till = Till()
    sale = till.sell(100_00)
    digits = typed("YL000001", sale.number, sale.trace, 100_00)
    found, seen = walked(till, None, *digits + "0", "CLEAR", *digits[-1] + "0", "ENTER")
    assert found == sale.number and not any("二维码" in row[0] for row in seen)
    found, seen = walked(till, Scanner(encode("YL000001", sale.number, sale.trace, 100_00, (1, bytes(8)))), "REFRESH")
    assert found == sale.number and any("二维码" in row[0] for row in seen)


def test_a_refund_sent_anew_is_found_by_its_first_slip():
    """Its trace is another one since; the sale's never is."""
    till = Till()
    sale = till.sell(100_00)
    refund = till.desk.open(Draft(KIND_REFUND, 30_00, sale.number))
    assert walked(till, Scanner(typed("YL000001", refund.number, refund.trace + 1, 30_00)), "REFRESH")[0] == sale.number


class Presented:
    """Dialogs of a clerk who presents that card."""

    def __init__(self, card):
        self.card = card

    async def ask_card(self, title, lines):
        return self.card


def found_by(till, card):
    """Number of the sale that this card finds."""
    return run(dict(WAYS)["find.card"](Station(till, Presented(card), None)))[0].number


def test_cards_that_look_the_same_are_told_apart():
    """First 6 and last 4 are all that is shown; by the fingerprint each finds its own sale. T-145."""
    till = Till()
    mine, twin, stranger = Card(), Card(), Card()
    twin.fingerprint, stranger.fingerprint = bytes([7] * 8), bytes([9] * 8)
    sales = [till.settle(till.desk.open(Draft(KIND_SALE, 50_00, card=card)), s.DONE) for card in (mine, twin)]
    assert [found_by(till, card) for card in (mine, twin)] == [sale.number for sale in sales]
    with raises(Refused) as caught:
        found_by(till, stranger)
    assert caught.value.reason == "refused.card_other"
    assert [slip.render(till, sale).count("622848****4890") for sale in sales] == [1, 1]


def test_a_sale_without_a_card_number_is_listed_as_such():
    """In the list, on its slip and in the other language; it is refunded like any other. T-157."""
    till, nothing = Till(), Card()
    nothing.number = b""
    sale = till.settle(till.desk.open(Draft(KIND_SALE, 50_00, card=nothing)), s.DONE)
    till.sell(20_00)
    for language, told in ((0, "无卡号"), (1, "no card")):
        dialogs, port = pressed("2")
        till.words.language = dialogs.words.language = language
        assert run(find_flow.pick(Station(till, dialogs, None), till.journal.sales(9))).number == sale.number
        rows = [row[0] for row in port.seen[0] if "¥" in row[0]]
        assert [row.endswith(told) for row in rows] == [False, True] and rows[0].endswith("4890"), rows
        assert told in slip.render(till, sale) and "****" not in slip.render(till, sale)
    assert till.refund(sale, 10_00, s.DONE).state == s.IS_DONE
