"""The words: that each is there, that each can be drawn, and that each fits where it is used, in both languages."""

from parts import TABLES, Display, Terminal, stay
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Transaction
from yuanlu.tables import CODES as CODES_SECTION
from yuanlu.tables import GLYPHS_NARROW, GLYPHS_WIDE, WORDS_CHINESE, WORDS_ENGLISH
from yuanlu.ui import describe, slip
from yuanlu.ui.contingency_flow import FAILURES
from yuanlu.ui.grid import width, wrap
from yuanlu.ui.menu import MENU, MORE
from yuanlu.ui.reason_page import REASONS
from yuanlu.ui.words import Words

stay("yuanlu.ui.hotlines", "yuanlu.refund.slip_code", "yuanlu.store.history", "yuanlu.ui.reason_page", "yuanlu.refund.capitals")

COLUMNS, ROWS = Display.columns, 8
LONGEST_STATUS = ("status.waiting", ("status.no_network",), 32)
STATES = {
    KIND_SALE: "queued sending unknown reversing waiting parked done declined reversed withdrawn".split(),
    KIND_VOID: "queued sending unknown reversing waiting parked done declined reversed withdrawn".split(),
    KIND_REFUND: "queued sending unknown asking waiting parked done declined withdrawn".split(),
}
TITLES = "menu.title pending.title pending.withdraw refund.pick refund.reason refund.amount refund.confirm void.confirm".split()
TITLES += "sale.amount sale.card progress.sale progress.refund line.title reprint.title refused.title".split()
TITLES += ["start.failed", "refund.case", "short.title", "sheet.title", "no_original.title", "operators.remove"]
HINTS = "hint.refusal hint.sheet hint.reason hint.menu hint.choose hint.notice hint.confirm hint.amount hint.card".split()
TITLES += "decide.done decide.not_done decide.again decide.release decide.amount note.title note.who note.case done.title".split()
TITLES += "explain.title explain.type explain.letters explain.refusals settings.title policy.title notices.title".split()
TITLES += "test.title test.passed test.failed test.reader test.keypad".split() + ["fail." + name for name in FAILURES]
HINTS += ["hint.skip", "hint.doubt"]
TITLES += "doubt.title wrong.title wrong.should".split()
ALERTS = (
    "alert.overdue alert.person alert.refused_version alert.old_version alert.notices alert.old_notices alert.self_test".split()
)
ON_THE_LINE = "why.network_down why.no_connection why.no_road why.no_bridge why.bridge_no_acquirer".split()
SENT = "why.no_answer why.line_closed why.garbage why.power why.amount".split()
NEUTRAL_CHINESE = ("不能受理", "请主管处理，不要另付现金。")
NEUTRAL_ENGLISH = ("Cannot be accepted", "Pay no cash; call the supervisor.")
TABLE = TABLES.section(CODES_SECTION)
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def languages():
    """Words in Chinese, then in English."""
    for language in (0, 1):
        words = Words(TABLES)
        words.language = language
        yield words


def a_transaction(kind, state, code=b"", why=None):
    """One with the longest amount and numbers that it can have."""
    transaction = Transaction(99_999_999, 99_999_999 if kind == KIND_SALE else 12)
    transaction.kind, transaction.state = kind, s.STATE_NAMES.index(state)
    transaction.amount, transaction.batch, transaction.trace = 99_999_999, 999_999, 999_999
    transaction.date, transaction.time, transaction.sends = 20261231, 235959, 6
    transaction.card, transaction.fingerprint = b"6228484890", bytes(8)
    transaction.rrn, transaction.approval, transaction.code, transaction.why = b"112210150700", b"A1B2C3", code, why
    return transaction


def every_transaction(chosen):
    """Each kind in each state, with each of these codes and each reason that it can have there."""
    for kind in (KIND_SALE, KIND_VOID, KIND_REFUND):
        for state in STATES[kind]:
            for code in chosen:
                found = bytes(TABLE.find(code[0] << 8 | code[1]) or (s.PERSON, s.PERSON))
                if state == "parked" or {"done": s.DONE, "declined": s.DECLINED, "waiting": s.LATER}.get(state, 0) in found:
                    yield a_transaction(kind, state, code)
            for why in ON_THE_LINE + SENT if state in ("unknown", "reversing", "asking", "waiting") else ():
                for code in (b"91", b"Y5", b"YH") if state == "waiting" else (b"",):
                    yield a_transaction(kind, state, code, why)
            for why in ON_THE_LINE if state == "queued" else SENT if state == "parked" else ():
                yield a_transaction(kind, state, b"00" if why == "why.amount" else b"", why)
            yield a_transaction(kind, state)


def codes():
    """Every code that stands in the table, and one that nobody knows."""
    for first in CHARACTERS:
        for second in CHARACTERS:
            if TABLE.find(ord(first) << 8 | ord(second)) is not None:
                yield (first + second).encode()
    yield b"Q7"


CODES = list(codes())


def page(words, lines):
    """The rows that these lines take."""
    return [row for line in lines for row in wrap(words(line), COLUMNS)]


def test_every_state_has_its_words():
    """Title, slip and next step of each kind, the name in the list, and the progress screen (L7)."""
    for words in languages():
        for kind in (KIND_SALE, KIND_VOID, KIND_REFUND):
            names = ["progress." + describe.KIND_NAMES[kind], "kind." + describe.KIND_NAMES[kind]]
            for state in STATES[kind]:
                word = describe.state_word(a_transaction(kind, state))
                names += ["title." + word, "slip." + word, "next." + word]
                names += [] if s.is_final(s.STATE_NAMES.index(state)) else ["state." + state]
            for name in names:
                assert words(name) != name, name


def test_every_reason_has_its_words_and_its_next_step():
    """L7: what happened, why, what to do next."""
    reasons = "zero too_large too_many_open no_original nothing_left over_cap no_void busy nothing_to_choose already_sent".split()
    for words in languages():
        for reason in reasons + "traces_used_up keys_used_up no_paper journal".split():
            assert words.knows("refused." + reason) and words.knows("advice.refused." + reason), reason
        for name in ON_THE_LINE + SENT + TITLES + HINTS:
            assert words(name) != name, name
        for code in CODES[:-1]:
            name = "code." + code.decode()
            assert words.knows(name) and (code == b"00" or words.knows("advice." + code.decode())), name


def test_L7_a_code_that_nobody_knows_gets_no_words_of_another():
    """Keys of words are 16 bits: an unknown code must not hit the key of something else."""
    words = Words(TABLES)
    known = [code.decode() for code in CODES[:-1]]
    wrong = []
    for first in CHARACTERS:
        for second in CHARACTERS:
            code = first + second
            if code not in known:
                unknown = a_transaction(KIND_REFUND, "parked", code.encode())
                lines = describe.told(words, unknown)
                if len(lines) != 3 or lines[1] != ("line.code", code, ("code.other",)):
                    wrong.append(code)
    assert wrong == [], wrong


def test_every_character_has_its_glyph():
    """Wide ones among the wide, narrow ones among the narrow; what is missing would be a blank cell."""
    wide, narrow = TABLES.section(GLYPHS_WIDE), TABLES.section(GLYPHS_NARROW)
    missing = []
    chinese, english = TABLES.section(WORDS_CHINESE), TABLES.section(WORDS_ENGLISH)
    for index in range(chinese.count):
        key = chinese.key(index)
        for text in (Words(TABLES).chinese(chinese.find(key)), str(english.find(key), "utf-8")):
            for char in text:
                if (wide if width(char) == 2 else narrow).find(ord(char)) is None and char not in missing:
                    missing.append(char)
    assert missing == [], missing


def test_titles_fit_beside_the_longest_status():
    """Nothing of them is cut off."""
    for words in languages():
        room = COLUMNS - width(words(LONGEST_STATUS)) - 1
        assert width(words("status.training")) <= width(words(LONGEST_STATUS))
        names = list(TITLES)
        for kind in (KIND_SALE, KIND_VOID, KIND_REFUND):
            names += ["title." + describe.state_word(a_transaction(kind, state)) for state in STATES[kind]]
        wide = [name for name in names if width(words(name)) > room]
        assert wide == [], (room, wide)


def test_hints_and_items_take_one_row():
    """The hint has only one, and a list shows eight items."""
    for words in languages():
        items = [item[0] for item in MENU + MORE] + list(REASONS) + ["pending.send_now", "pending.withdraw"]
        items += "decide.ask decide.done decide.not_done decide.again decide.release note.title note.1 note.2 note.3".split()
        items += "explain.type explain.letters explain.refusals".split() + ["fail." + name for name in FAILURES]
        items += ["wrong.by_void", "wrong.by_refund", "find.nothing", "operators.own_pin", "operators.remove", "pin.later"]
        items += [
            ("line.sale", "12-31 23:59", "999,999.99", "4890"),
            ("line.sale", "12-31 23:59", "9,999.99", ("list.wallet", "4890")),
            ("line.refunded", "12-31", "999,999.99"),
            ("line.part_left", "12-31 23:59", "999,999.99"),
            ("put_off.row", "999,999.99", "12-31 23:59"),
            "put_off.now",
            "put_off.end",
        ]
        for kind in (KIND_SALE, KIND_VOID, KIND_REFUND):
            for state in STATES[kind]:
                if not s.is_final(s.STATE_NAMES.index(state)):
                    items.append(("line.pending", ("kind." + describe.KIND_NAMES[kind],), "999,999.99", ("state." + state,)))
                    items.append(("line.late_trace", ("kind." + describe.KIND_NAMES[kind],), "999,999.99", 999_999))
                    items.append(("line.late", ("kind." + describe.KIND_NAMES[kind],), "999,999.99", 30))
                    items.append(("line.aged", ("kind." + describe.KIND_NAMES[kind],), "9,999.99", ("state." + state,), 30))
        rows = [words(name) for name in HINTS] + [words((name, "0.10.0")) for name in ALERTS]
        rows += [words(("alert.close_due", 365)), words(("alert.put_off", 99)), words("alert.never_tested"), words("alert.held")]
        rows += [words((name, 10, 10)) for name in ("hint.pages", "hint.actions")]
        lists = [words(name) for name in "hint.menu hint.choose hint.find hint.reason".split()]
        assert [hint for hint in lists if width(hint) > COLUMNS - 3] == [], "beside the mark of a list that goes on below"
        rows += [words(("line.item", 1, item if isinstance(item, tuple) else (item,))) for item in items]
        wide = [row for row in rows if width(row) > COLUMNS]
        assert wide == [], wide


def test_L7_every_page_shows_its_next_step():
    """Of each kind in each state for each reason: nothing falls off the bottom, neither in the list nor after the exchange."""
    for words in languages():
        over = []
        for transaction in every_transaction(CODES):
            head = ("line.trace", transaction.trace, describe.day(transaction), transaction.sends)
            lines = [] if s.is_final(transaction.state) else [head]
            lines += describe.told(words, transaction)
            lines += ["pending.send_now", "pending.withdraw"] if transaction.state == s.IS_QUEUED else []
            rows = len(page(words, lines))
            if rows > ROWS:
                over.append((describe.state_word(transaction), transaction.code, transaction.why, rows))
        assert over == [], (words.language, len(over), over[:40])


def test_every_code_takes_one_row_and_its_advice_three():
    """The words of a code beside its number; of the advice at most three rows."""
    for words in languages():
        over = []
        for code in CODES[:-1]:
            name = code.decode()
            row = words(("line.code", name, ("code." + name,)))
            if width(row) > COLUMNS or len(page(words, ["advice." + name])) > 3:
                over.append(name)
        assert over == [], (words.language, over)


def test_L7_the_advice_of_a_code_is_told_only_where_it_is_right():
    """Advice is written for a first answer. "Try tomorrow" of a refund that may be booked, or "goes by itself" of one that waits
    for a person, would be wrong."""
    words = Words(TABLES)
    for code, state, told in (
        (b"65", "declined", True),
        (b"65", "parked", False),
        (b"91", "waiting", True),
        (b"91", "parked", False),
        (b"94", "parked", True),
        (b"96", "parked", True),
        (b"97", "held", True),
        (b"97", "parked", False),
        (b"77", "declined", False),
        (b"A2", "done", True),
        (b"00", "done", False),
    ):
        lines = describe.told(words, a_transaction(KIND_REFUND, state, code))
        assert (("advice." + code.decode(),) in lines) == told, (code, state)
        assert lines[-1] == ("next.refund." + state,)


def test_L7_silence_has_no_response_code():
    """The journal has zeros in its place: no line of a code that nobody sent."""
    till = Terminal()
    refund = till.refund(till.sell(), 300, s.SILENT)
    refund.state = s.IS_PARKED
    told = describe.told(Words(TABLES), refund)
    assert told == [("line.amount", "3.00"), ("next.refund.parked",)], told


def test_nobody_is_accused():
    """Codes of suspicion, loss and theft say on the screen and on the slip that it cannot be accepted, and no more."""
    for words in languages():
        for code in "04 07 34 35 36 37 41 43 59 67".split():
            said = words("code." + code), words("advice." + code)
            assert said == (NEUTRAL_ENGLISH if words.language else NEUTRAL_CHINESE), code


def test_every_refusal_fits_its_page():
    """Reason with the longest details, and its advice."""
    details = {"refused.too_large": ("999,999.99",), "refused.over_cap": ("999,999.99",), "refused.too_many_open": (32,)}
    for words in languages():
        for reason in "zero too_large too_many_open no_original nothing_left over_cap no_void busy journal no_paper".split():
            name = "refused." + reason
            assert len(page(words, [(name,) + details.get(name, ()), "advice." + name])) <= ROWS, name


def test_slip_lines_fit_the_paper():
    """32 columns, each kind in each state with each code, as an original and as a reprint."""
    till = Terminal()
    sale = till.sell()
    for words in languages():
        till.words = words
        for transaction in every_transaction((b"05", b"22", b"64", b"Q7")):
            transaction.original = transaction.original if transaction.kind == KIND_SALE else sale.number
            for copies in (0, 1):
                transaction.copies = copies
                text = slip.render(till, transaction)
                wide = [line for line in text.split("\n") if width(line) > 32]
                assert wide == [], (words.language, wide)
                assert text.endswith("\n") and words("slip.emulated") in text


def test_L10_the_slip_says_what_the_journal_says():
    """Number, trace, amount, reference and state, and of the card no more than first 6 and last 4 (L8)."""
    till = Terminal()
    sale = till.sell(123_450)
    refund = till.refund(sale, 23_450, s.DONE)
    for words in languages():
        till.words = words
        text = slip.render(till, refund)
        for part in ("YL000001-0001-{:08d}".format(refund.number), "{:06d} / {:06d}".format(refund.batch, refund.trace)):
            assert part in text
        for part in ("-¥234.50", "2026-11-22 10:15:07", "112210150700", "622848****4890", "YL000001", "YUANLU000000001"):
            assert part in text, part
        assert wrap(words("slip.refund.done"), 32)[0] in text


def test_the_first_slip_of_a_new_state_is_no_reprint():
    """The customer held "waiting to be sent"; now "done" is printed for the first time, then once more."""
    till = Terminal()
    refund = till.refund(till.sell(), 300)
    till.words = next(languages())
    marks = []
    for step in ("queued", "queued again", "done", "done again"):
        if step == "done":
            till.settle(refund, s.DONE)
        marks.append(till.words("slip.reprint") in slip.render(till, refund))
        till.desk.printed(refund)
    assert marks == [False, True, False, True], marks


def test_the_language_can_be_switched():
    """Back and forth; arguments that are words themselves follow."""
    words = Words(TABLES)
    text = ("line.reason", ("reason.returned",))
    chinese = words(text)
    words.switch()
    english = words(text)
    words.switch()
    assert words(text) == chinese != english and "Goods returned" in english
    assert words(("no.such.word", 1)) == "no.such.word" and not words.knows("no.such.word")
