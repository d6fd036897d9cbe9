"""What a person has decided stays decided when its slip is still owed, a sector is opened and power goes."""

from parts import APPROVED, Card, NorFlash, Terminal
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.wire.messages import Answer


def after_a_cut(terminal):
    """(unsettled states, trouble) of the next life, after a sector whose SUMMARY names what is owed."""
    terminal.journal.log.open_next(terminal.journal)
    journal = Terminal(terminal.flash).journal
    return [s.STATE_NAMES[transaction.state] for transaction in journal.live], journal.trouble


def test_L5_a_reversal_that_a_person_gave_up_is_not_sent_again():
    terminal = Terminal(NorFlash())
    sale = terminal.settle(terminal.desk.open(Draft(KIND_SALE, 5000, card=Card())), s.SILENT)
    terminal.desk.reverse(sale, b"98")
    for verdict in (s.SILENT, s.SILENT, s.PERSON):
        terminal.settle(sale, verdict)
    terminal.desk.resolve(sale, False, 1, b"statement")
    assert after_a_cut(terminal) == ([], [])


def test_L5_an_alarm_that_a_person_has_settled_does_not_come_back():
    terminal = Terminal(NorFlash())
    refund = terminal.refund(terminal.sell(), 1000)
    terminal.settle(refund, s.OTHERWISE, Answer(b"00", 1001, APPROVED.rrn, APPROVED.approval, 0, 0))
    terminal.desk.resolve(refund, True, 1, b"statement")
    assert after_a_cut(terminal) == ([], [])
