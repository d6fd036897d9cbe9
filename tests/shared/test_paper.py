"""What comes out of the printer: slips, the refusal slip and the request sheet, and the bytes that the printer gets."""

from parts import APPROVED, TABLES
from printing_till import Printer, Till
from raises import raises
from yuanlu.errors import Refused
from yuanlu.record import encode
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, Draft
from yuanlu.store import progress
from yuanlu.tables import GB18030
from yuanlu.ui import paper, refusal_page, request_sheet, result, slip
from yuanlu.ui.grid import width, wrap
from yuanlu.ui.reason_page import REASONS


class NoPaper(Printer):
    def print(self, *pieces):
        raise Refused("refused.no_paper")


def in_both_languages(till):
    """The till, speaking Chinese and then English."""
    for language in (0, 1):
        till.words.language = language
        yield till


def test_the_four_states_of_a_refund_are_four_things():
    """Waiting to be sent, accepted, done at the acquirer; and that it has arrived no slip ever claims.

    troubles: T-080, T-151
    """
    till = Till()
    refund = till.refund(till.sell(), 3000)
    said = []
    for state in (s.IS_QUEUED, s.IS_ACCEPTED, s.IS_DONE):
        refund.state = state
        said.append([name for name in ("待上送", "已受理", "退货成功", "已到账") if name in slip.render(till, refund)])
    assert said == [["待上送"], ["已受理"], ["退货成功"]], said


def test_a_late_refund_names_whom_to_call_and_a_done_one_does_not():
    """Numbers from the settings, '-' is none; the shop's own stands on every slip.

    troubles: T-002, T-003, T-113
    """
    till = Till(hotline_merchant="0571-88880000")
    refund = till.refund(till.sell(), 3000)
    for words in in_both_languages(till):
        for state, numbers in ((s.IS_PARKED, 3), (s.IS_UNKNOWN, 3), (s.IS_DONE, 1), (s.IS_QUEUED, 1)):
            refund.state = state
            text = slip.render(words, refund)
            assert sum([number in text for number in ("0571-88880000", "95516", "12363")]) == numbers, (state, text)
            assert "0571-88880000" in text


def test_the_amount_stands_in_figures_and_in_capitals():
    """With a minus where money goes back; capitals in Chinese alone. troubles: T-011"""
    till = Till()
    sale = till.sell(123_450)
    refund = till.refund(sale, 23_450, s.DONE)
    text = slip.render(till, refund)
    assert "-¥234.50" in text and "人民币贰佰叁拾肆元伍角" in text
    assert "-¥" not in slip.render(till, sale) and "人民币壹仟贰佰叁拾肆元伍角" in slip.render(till, sale)
    till.words.language = 1
    assert "人民币" not in slip.render(till, refund)


def test_the_request_sheet_has_every_key_that_an_acquirer_asks_for():
    """Merchant, terminal, batch and trace, RRN, date, amounts, number, approval, reason, case number, evidence; 32 columns.

    troubles: T-091, T-095
    """
    till = Till(hotline_acquirer="4008001234")
    sale = till.sell(123_450)
    refund = till.desk.open(Draft(KIND_REFUND, 23_450, original=sale.number, reason=5))
    note = (refund.number, refund.original, progress.CASE, 0, 20261122, 101507, b"2026112233")
    till.journal.append(s.NOTE, note)
    till.settle(refund, s.PERSON)
    keys = "YUANLU000000001 YL000001 112210150700 2026-11-22 1,234.50 -¥234.50 2026112233 4008001234 622848****4890".split()
    keys += ["{:06d} / {:06d}".format(sale.batch, sale.trace), "YL000001-0001-{:08d}".format(refund.number)]
    for words in in_both_languages(till):
        text = request_sheet.render(words, refund)
        assert [key for key in keys if key not in text] == [], text
        assert till.words("reason.price") in text
        for name in ("sheet.evidence", "sheet.customer", "sheet.stamp"):
            assert wrap(till.words(name), 32)[0] in text
        assert [line for line in text.split("\n") if width(line) > 32] == []
    assert len(encode(s.NOTE, note)) == 42  # the number stands in the journal, not in memory alone


def test_a_sheet_without_its_sale_has_places_to_fill_in():
    """The sale left the ring: nothing is made up."""
    till = Till()
    refund = till.refund(till.sell(), 3000)
    refund.original = 99
    text = request_sheet.render(till, refund)
    assert text.count("____________") >= 6 and "112210150700" not in text


def test_a_refusal_slip_says_what_why_and_what_next_and_that_nothing_was_recorded():
    """L7. The authority is for what is late.

    troubles: T-022, T-166
    """
    till = Till()
    error = Refused("refused.over_cap", "70.00")
    for words in in_both_languages(till):
        text = refusal_page.render(words, error)
        for name in ("refusal.slip", "advice.refused.over_cap", "refusal.nothing"):
            assert wrap(till.words(name), 32)[0] in text, name
        assert "70.00" in text and "95516" in text and "12363" not in text
        assert [line for line in text.split("\n") if width(line) > 32] == []


def test_letters_are_two_bytes_of_gb18030_and_the_yuan_stands_for_the_dollar():
    """退 is CDCB and 货 BBF5 in GB 2312; what the tables do not have is a question mark, never a command."""
    section = TABLES.section(GB18030)
    assert bytes(paper.encoded(section, "A退货-¥3\n")) == b"A\xcd\xcb\xbb\xf5-$3\n"
    assert bytes(paper.encoded(section, "$\x1b\x00\u9f98\u00e9")) == b"??????"


def test_a_slip_goes_out_whole_with_its_code():
    """Text, picture, and paper up to the tear bar; control: a refusal slip has no picture.

    troubles: T-030, T-056, T-142
    """
    till = Till()
    sale = till.sell()
    paper.put(till, "yuanlu.ui.slip", sale)
    assert till.printer.printed.startswith(b"\x1b@\x1bR\x0f\x1c&") and till.printer.printed.endswith(b"\x1bd\x04")
    assert b"\x1dv0\x03" in till.printer.printed
    paper.put(till, "yuanlu.ui.refusal_page", Refused("refused.busy"))
    assert b"\x1dv0" not in till.printer.printed


def test_what_the_printer_refuses_is_told():
    """No paper: Refused goes through."""
    till = Till()
    sale = till.sell()

    till.printer = NoPaper()
    with raises(Refused):
        paper.put(till, "yuanlu.ui.slip", sale)


def test_a_slip_that_is_owed_comes_once_by_itself_for_each_thing_it_says():
    """Without paper it is not tried again and again; who resolved it otherwise since gets a slip of that."""
    till = Till()
    refund = till.settle(till.refund(till.sell(), 3000), s.PERSON)
    evidence = b"CASE-20261122-001 "
    till.desk.resolve(refund, False, 7, evidence)
    printers = NoPaper(), Printer()
    for till.printer in printers:
        result.print_owed(till)
    assert len(till.tried) == 2 and printers[1].printed == b"", "both slips, the sale's too, were tried"
    till.desk.note(refund, s.OTHERWISE, APPROVED)
    till.desk.resolve(till.journal.find_live(refund.number), True, 7, evidence)
    result.print_owed(till)
    assert printers[1].printed and [t.number for t in till.journal.owed] == [refund.original]
    result.print_owed(till)
    assert till.tried == [(refund.original, s.IS_DONE)], "what came out is not kept in mind"


def test_a_slip_has_all_that_tells_which_payment_it_was():
    """Place, time, amount, card, RRN, approval code, batch and trace, each with its name; of a sale that came
    to nothing no number is made up.

    troubles: T-162, T-163
    """
    till = Till(shop="Corner shop")
    sale = till.sell(123_450)
    values = "Corner shop,YUANLU000000001,YL000001,2026-11-22 10:15:07,¥1,234.50,622848****4890,112210150700,A1B2C3"
    values = values.replace("¥1,2", "¥1;2").split(",") + ["{:06d} / {:06d}".format(sale.batch, sale.trace)]
    names = "merchant terminal when amount card rrn approval trace".split()
    declined = till.sell(500, s.DECLINED)
    for words in in_both_languages(till):
        text = slip.render(words, sale)
        assert [value for value in values if value.replace(";", ",") not in text] == [], text
        assert [name for name in names if till.words("slip." + name) not in text] == [], text
        assert "A1B2C3" not in slip.render(words, declined) and till.words("slip.rrn") + " " not in slip.render(words, declined)


def test_who_settles_with_the_shop_stands_on_the_slip():
    """Of a sale and of a refund; '-' is nobody. troubles: T-088"""
    for name, lines in (("Bank of the corner", 1), ("-", 0)):
        till = Till(acquirer_name=name[:16])
        sale = till.sell()
        for words in in_both_languages(till):
            for transaction in (sale, till.refund(sale, 300)):
                text = slip.render(words, transaction)
                assert text.count(till.words("slip.acquirer") + "  ") == lines and text.count("Bank of the corn") == lines, text


def test_a_correction_says_what_was_wrong_and_what_is_right():
    """Taken, given back, right; the same on a reprint after another refund. Nothing of it for other reasons. troubles: T-092"""
    till = Till()
    sale = till.sell(250_00)
    draft = Draft(KIND_REFUND, 225_00, original=sale.number, reason=REASONS.index("reason.wrong_amount"))
    correction = till.settle(till.desk.open(draft), s.DONE)
    other = till.refund(sale, 5_00, s.DONE)
    for words in in_both_languages(till):
        text, name = slip.render(words, correction), till.words("slip.put_right")
        assert "¥250.00" in text and "-¥225.00" in text
        assert [line.split()[-1] for line in text.split("\n") if line.startswith(name)] == ["¥25.00"], text
        assert name not in slip.render(words, other) and name not in slip.render(words, sale)
    declined = till.settle(till.desk.open(Draft(KIND_REFUND, 1_00, original=sale.number, reason=1)), s.DECLINED)
    assert till.words("slip.put_right") not in slip.render(till, declined)
