"""The few dialogs that every flow is made of, pressed key by key."""

from parts import TABLES, Display
from raises import raises
from yuanlu.compat import run
from yuanlu.errors import Cancelled, Refused
from yuanlu.ui.dialogs import Dialogs
from yuanlu.ui.grid import Grid
from yuanlu.ui.words import Words


class Keys:
    """A Keypad and Reader port; before each key the chosen rows are noted, and the rows of the last two screens."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.chosen = []
        self.seen = []
        self.grid = Grid(Display(), TABLES)
        self.presented = None

    async def key(self):
        self.chosen.append([row[0] for row in self.grid.drawn[1:] if row[1]])
        self.seen = self.seen[-1:] + [list(self.grid.drawn)]
        key = self.keys.pop(0)
        if key == "CARD":
            self.presented = "card"
        return key

    def arm(self):
        self.presented = None

    def card(self):
        card, self.presented = self.presented, None
        return card


def pressed(*keys):
    """(dialogs, keys) with these keys to come."""
    port = Keys(*keys)
    return Dialogs(port.grid, port, port, Words(TABLES), lambda: "status.network"), port


def choose(count, *keys):
    """What is chosen of so many items."""
    dialogs, _ = pressed(*keys)
    return run(dialogs.choose("refund.reason", ["reason.other"] * count))


def amount(limit, full, *keys):
    """What amount comes out."""
    dialogs, _ = pressed(*keys)
    return run(dialogs.ask_amount("sale.amount", limit, full))


def test_a_choice_by_digit_and_by_arrows():
    """UP and DOWN stop at the ends, 0 is the tenth; a digit past the end and any other key do nothing."""
    assert (choose(12, "0"), choose(9, "0", "1")) == (9, 0)
    assert (choose(4, "3"), choose(4, "ENTER"), choose(4, "DOWN", "DOWN", "ENTER")) == (2, 0, 2)
    assert (choose(2, "DOWN", "DOWN", "DOWN", "ENTER"), choose(2, "UP", "ENTER")) == (1, 0)
    assert choose(2, "9", "0", "CARD", "REFRESH", "CLEAR", "LANG", "2") == 1
    with raises(Cancelled):
        choose(2, "CANCEL")
    with raises(Refused):
        choose(0)


def test_a_choice_may_have_a_key_for_anything_else():
    """It is told apart from the first item; without it that key does nothing."""
    dialogs, _ = pressed("DOWN", "CLEAR")
    assert run(dialogs.choose("refund.pick", ["reason.other"] * 2, otherwise="CLEAR")) is None
    assert choose(2, "CLEAR", "ENTER") == 0


def test_what_is_chosen_is_always_on_the_screen():
    """Of twenty items, going down and up again; and below lines of text."""
    for above in ((), ("line.title",) * 4):
        dialogs, port = pressed(*["DOWN"] * 25 + ["UP"] * 25 + ["ENTER"])
        items = [("line.card", number) for number in range(20)]
        assert run(dialogs.choose("refund.pick", items, above)) == 0
        seen = [int(rows[0].split(" ")[-1]) for rows in port.chosen]
        assert seen == list(range(20)) + [19] * 6 + list(range(18, -1, -1)) + [0] * 6


def test_an_amount_is_typed_from_the_right():
    """Fen first; CLEAR takes one back; leading zeros and a ninth digit count nothing."""
    assert amount(99_999_999, 0, "1", "2", "3", "ENTER") == 123
    assert amount(99_999_999, 0, "0", "0", "5", "0", "CLEAR", "ENTER") == 5
    assert amount(99_999_999, 0, *"123456789", "ENTER") == 12_345_678
    assert amount(99_999_999, 0, "CARD", "UP", "REFRESH", "7", "LANG", "ENTER") == 7


def test_an_amount_is_one_fen_to_the_limit():
    """Zero and too much are said and may be mended; ENTER alone takes all only where that is offered."""
    assert amount(500, 0, "ENTER", "5", "0", "1", "ENTER", "CLEAR", "ENTER") == 50
    assert amount(500, 500, "ENTER") == 500
    assert amount(500, 500, "0", "ENTER") == 500
    assert amount(500, 0, "5", "0", "0", "ENTER") == 500
    with raises(Cancelled):
        amount(500, 500, "5", "CANCEL")


def test_confirm_takes_enter_alone_for_a_yes():
    """A digit, a card or the language key confirms nothing."""
    dialogs, port = pressed("1", "CARD", "LANG", "REFRESH", "CLEAR", "ENTER")
    run(dialogs.confirm("refund.confirm", ["line.title"]))
    assert port.keys == [] and len(port.chosen) == 6
    dialogs, _ = pressed("1", "CANCEL")
    with raises(Cancelled):
        run(dialogs.confirm("refund.confirm", ["line.title"]))


def test_a_card_counts_only_after_the_question():
    """And CANCEL leaves."""
    dialogs, port = pressed("1", "REFRESH", "CARD")
    port.presented = "an earlier card"
    assert run(dialogs.ask_card("sale.card", [])) == "card"
    dialogs, _ = pressed("CANCEL")
    with raises(Cancelled):
        run(dialogs.ask_card("sale.card", []))


def test_the_language_key_works_in_the_middle():
    """The same page in the other language."""
    dialogs, port = pressed("LANG", "ENTER")
    run(dialogs.notice("menu.title", ["reason.other"]))
    chinese, english = port.seen
    assert "其他" in chinese[1][0] and "Other" in english[1][0]
