"""What a KSN may be used for: one message, by the terminal whose key it names, in any order."""

from datetime import timedelta

import pytest

from emulator.acquirer import Acquirer, BadMessage
from emulator.clerk import Clerk
from emulator.shop import Shop
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import frame_of, key_id, ksn_at, number, refund, refund_fields, sale, tag, under, variable_bytes
from tests.wire.acquirers import NOW, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

USED = "other bytes under a used KSN"


def ksn(counter: int) -> bytes:
    return key_id() + counter.to_bytes(4, "big")


def test_the_same_bytes_again_are_a_repeat():
    acquirer = an_acquirer_with_a_sale("a")
    answers = {ask(acquirer, under(ksn(5), refund(RRN))) for _ in range(3)}
    assert len(answers) == 1 and acquirer.ledger.alarms == []
    assert acquirer.ledger.refunded(RRN.decode()) == 500


@pytest.mark.parametrize("kind", ["a", "b", "c", "d"])
def test_other_bytes_under_a_used_ksn_are_refused_and_raise_an_alarm(kind):
    """Another attempt too, which nothing else would notice, whatever the acquirer thinks of repeats."""
    acquirer = an_acquirer_with_a_sale(kind)
    assert code_of(acquirer, under(ksn(5), refund(RRN, 500, 12))) == "00"
    for trace, amount in ((12, 400), (13, 500)):
        changed = under(ksn(5), refund(RRN, amount, trace))
        assert code_of(acquirer, changed) == "A0"
        assert acquirer.events[-1]["summary"] == f"0230 refund {amount / 100:.2f} code A0: {USED}"
        alarm = acquirer.view()["ledger"]["alarms"][-1]
        assert (alarm["what"], alarm["trace"]) == (USED, f"{trace:06d}")
        assert alarm["number"] == number(trace).decode()
    assert len(acquirer.ledger.alarms) == 2
    assert acquirer.ledger.refunded(RRN.decode()) == 500
    assert code_of(acquirer, under(ksn(6), refund(RRN, 500, 13))) == "00", "under a key of its own it is fine"


def test_a_refused_message_has_used_its_ksn_and_one_with_a_wrong_mac_has_not():
    acquirer = an_acquirer_with_a_sale()
    good = under(ksn(5), refund(RRN))
    assert code_of(acquirer, good[:-1] + bytes([good[-1] ^ 1])) == "A0"
    assert (code_of(acquirer, good), acquirer.ledger.alarms) == ("00", [])
    acquirer.set_mood("declines", 1)
    assert code_of(acquirer, under(ksn(6), refund(RRN, trace=13))) == "05"
    assert code_of(acquirer, under(ksn(6), refund(RRN, trace=14))) == "A0"
    malformed = frame_of("0220", refund_fields(RRN, trace=15) | {63: variable_bytes(b"0000")})
    assert code_of(acquirer, under(ksn(7), malformed)) == "30"
    assert code_of(acquirer, under(ksn(7), refund(RRN, trace=16))) == "A0"
    assert [alarm["trace"] for alarm in acquirer.ledger.alarms] == ["000014", "000016"]


def test_the_order_of_counters_does_not_matter():
    acquirer = an_acquirer()
    counters = [0x0001FFFE, 3, 0xFFFF0000, 2, 0x00020000, 1, 70]
    for trace, counter in enumerate(counters, 1):
        for _ in range(2):
            assert code_of(acquirer, under(ksn(counter), sale(trace=trace))) == "00"
    assert (len(acquirer.ledger.entries), acquirer.ledger.alarms) == (len(counters), [])


def test_the_key_of_another_terminal_is_refused_and_raises_an_alarm():
    acquirer = an_acquirer()
    other = key_id(b"YUANLU000000002", b"YL000002")
    frame = frame_of("0200", by_hand.sale_fields(), whose=other)
    assert code_of(acquirer, frame) == "A0"
    [alarm] = acquirer.ledger.alarms
    assert (alarm["what"], alarm["terminal"], acquirer.ledger.entries) == ("the key of another terminal", "YL000001", [])
    its_own = by_hand.sale_fields() | {42: b"YUANLU000000002", 41: b"YL000002"}
    assert code_of(acquirer, frame_of("0200", its_own, whose=other)) == "00"


GIVEN = b"GIVEN-ID"


def given(fields: dict[int, bytes], key: bytes) -> bytes:
    """A sale under the first counter of that initial key; put together here, from the page alone."""
    frame = frame_of("0200", fields, whose=GIVEN)
    at = ksn_at(frame)
    assert at is not None
    signed = frame[13:at] + GIVEN + (1).to_bytes(4, "big") + frame[at + 12 : -8]
    transaction = by_hand.block(key, "8000", GIVEN[4:] + (1).to_bytes(4, "big"))
    mac = by_hand.mac_of(by_hand.block(transaction, "2000", GIVEN[4:] + (1).to_bytes(4, "big")), signed)
    return by_hand.framed(frame[2:13] + signed + mac)


def code(acquirer: Acquirer, frame: bytes) -> str:
    """What is answered, whatever its MAC is: the page's own keys are those of the base key."""
    return by_hand.fields_of(ask(acquirer, frame))[39].decode()


def test_a_key_that_a_terminal_was_given_counts_for_it_alone_beside_those_it_had():
    """Control: before it was given, and under another key of that id, there is no such MAC."""
    acquirer, key = an_acquirer(), bytes(range(70, 86))
    frame = given(by_hand.sale_fields(), key)
    assert code(acquirer, frame) == "A0"
    acquirer.give_key("YL000001", GIVEN, key)
    acquirer.give_key("YL000001", GIVEN, key)
    assert code(acquirer, given(by_hand.sale_fields(), bytes(16))) == "A0"
    assert code_of(acquirer, sale(trace=8)) == "00", "the key before still counts"
    its_own = by_hand.sale_fields() | {42: b"YUANLU000000002", 41: b"YL000002"}
    assert acquirer.ledger.alarms == [] and code(acquirer, given(its_own, key)) == "A0"
    assert [alarm["what"] for alarm in acquirer.ledger.alarms] == ["the key of another terminal"]
    acquirer = an_acquirer()
    acquirer.give_key("YL000001", GIVEN, key)
    assert code(acquirer, frame) == "00"


def test_what_is_no_key_of_a_terminal_is_not_given():
    acquirer, key = an_acquirer(), bytes(16)
    acquirer.give_key("YL000001", GIVEN, key)
    for terminal, name, initial in (
        ("YL000009", GIVEN, key),
        ("YL000001", GIVEN[:7], key),
        ("YL000001", b"OTHER-ID", bytes(15)),
        ("YL000001", GIVEN, bytes(15) + b"1"),
        ("YL000002", GIVEN, key),
        ("YL000001", key_id(), key),
    ):
        with pytest.raises(ValueError):
            acquirer.give_key(terminal, name, initial)
    with pytest.raises(ValueError, match="session keys"):
        an_acquirer(session=("sm4", bytes(16))).give_key("YL000001", GIVEN, key)


@pytest.mark.parametrize(
    "private",
    [
        b"",
        tag(2, b""),
        tag(2, ksn(5)[:-1]),
        tag(2, ksn(5) + b"\0"),
        tag(2, ksn(0)),
        tag(2, ksn(0x0001FFFF)),
        tag(2, ksn(0xFFFFFFFF)),
        tag(2, ksn(5)) + tag(2, ksn(5)),
    ],
)
def test_without_a_ksn_there_is_no_answer(private):
    acquirer, good = an_acquirer(), sale()
    at = ksn_at(good)
    assert at is not None and code_of(acquirer, good) == "00"
    rest = good[at + 12 :]
    length = len(private) + 87
    head = good[13 : at - 4] + bytes.fromhex(f"{length:04d}")
    signed = head + private + rest[:-8]
    with pytest.raises(BadMessage) as refusal:
        acquirer.answer(by_hand.framed(good[2:13] + signed + bytes(8)), NOW + timedelta(hours=1))
    assert refusal.value.place == "field 57"
    assert len(acquirer.ledger.entries) == 1


def restored_terminal(restore_vault: bool) -> Shop:
    """A terminal sells, is put back to its state before that, chip with or without vault, and sells again."""
    shop = Shop(real=False)
    clerk, terminal = Clerk(shop), shop.terminal
    terminal.power_on()
    clerk.see("原路退款终端", "网")
    terminal.power_off()
    chip, slots = (bytes(terminal.flash.data), bytes(terminal.flash.programmed)), dict(terminal.vault.slots)
    terminal.power_on()
    clerk.see("原路退款终端", "网")
    clerk.start_sale(1000)
    clerk.see("消费成功")
    terminal.power_off()
    terminal.flash.data[:], terminal.flash.programmed[:] = chip
    if restore_vault:
        terminal.vault.slots = slots
    terminal.power_on()
    clerk.see("原路退款终端", "网")
    clerk.start_sale(2000)
    clerk.settle()
    shop.close()
    return shop


@pytest.mark.micropython
def test_a_terminal_put_back_with_its_vault_is_found_by_the_acquirer():
    shop = restored_terminal(restore_vault=True)
    assert [alarm["what"] for alarm in shop.acquirer.ledger.alarms] == [USED]
    assert len(shop.acquirer.ledger.entries) == 1, "nothing is booked under a key that was used before"


@pytest.mark.micropython
def test_control_a_chip_put_back_without_its_vault_uses_no_key_twice():
    """The vault has gone on, and with it the keys; what the terminal makes of such a chip is the seal's affair."""
    shop = restored_terminal(restore_vault=False)
    assert USED not in [alarm["what"] for alarm in shop.acquirer.ledger.alarms]
