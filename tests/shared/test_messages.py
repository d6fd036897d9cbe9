"""Requests byte for byte from docs/wire.md, and what an answer must be to be believed."""

from parts import APPROVED, Card, Random, answer_to, keys_at, octets, settings
from raises import raises
from yuanlu.crypto import Dukpt
from yuanlu.crypto.cmac import cmac
from yuanlu.errors import BadMessage
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Draft, Transaction
from yuanlu.wire import messages

CONFIG = settings()
CARD_BLOCK = bytes(range(0x80, 0x80 + 47))
HEAD = (8, octets("1122334455667788"))
KEYS = keys_at(0x10203)
SEALING = Dukpt(None)

# All written by hand from the tables of docs/wire.md sections 1 and 2; what stands before field 64.
SALE = octets(
    "00B5"  # length of all that follows: 181
    "60 0003 0000"  # TPDU: to NII 0003
    "60 31 00 000000"  # header: application type, version, states, sub-version
    "0200"  # sale
    "3020048000C08091"  # bitmap: 3 4 11 22 25 41 42 49 57 60 64
    "000000"  # 3: sale
    "000000001234"  # 4: 12.34
    "000007"  # 11: trace
    "0710"  # 22: 071 and a padding nibble
    "00"  # 25
    "594C303030303031"  # 41: YL000001
    "5955414E4C55303030303030303031"  # 42: YUANLU000000001
    "313536"  # 49: 156
    "0101"  # 57: 101 bytes of tags
    "01 16 594C303030303031 2D 30303031 2D 3030303030303039"  # sale number: YL000001-0001-00000009
    "02 0C 746573742D6B6579 00010203"  # KSN: initial key id "test-key", counter 0x10203
    "03 0C 00000008 1122334455667788"  # journal head: record 8 and its tag
    "04 2F 808182838485868788898A8B8C8D8E8F"  # card block: 47 bytes
    "909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAE"
    "0011 22 000001 000 0"  # 60: 11 digits: kind 22, batch 1, network 000, padding
)
REFUND = octets(
    "00A3"  # length of all that follows: 163
    "60 0003 0000"  # TPDU
    "60 31 00 000000"  # header
    "0220"  # refund
    "302000800CC0809B"  # bitmap: 3 4 11 25 37 38 41 42 49 57 60 61 63 64
    "200000"  # 3: refund
    "000000000500"  # 4: 5.00
    "123456"  # 11: trace
    "00"  # 25
    "313132323130313530373030"  # 37: the original's RRN, 112210150700
    "413142324333"  # 38: the original's approval code, A1B2C3
    "594C303030303031"  # 41
    "5955414E4C55303030303030303031"  # 42
    "313536"  # 49
    "0052"  # 57: 52 bytes of tags
    "01 16 594C303030303031 2D 42454546 2D 3030303132333435"  # refund number: YL000001-BEEF-00012345
    "02 0C 746573742D6B6579 00010203"  # KSN: initial key id "test-key", counter 0x10203
    "03 0C 00003038 FFEEDDCCBBAA9988"  # journal head: record 12344 and its tag
    "0011 25 000042 000 0"  # 60: kind 25, batch 42
    "0016 000041 999999 1122"  # 61: original: batch 41, trace 999999, 22 November
    "0003 303030"  # 63
)
VOID = octets(
    "009E"  # length of all that follows: 158
    "60 0003 0000 60 31 00 000000"  # TPDU and header
    "0200"  # void
    "302000800CC08099"  # bitmap: 3 4 11 25 37 38 41 42 49 57 60 61 64
    "200000"  # 3: void
    "000000001234"  # 4: the whole sale
    "000008"  # 11: trace
    "00"  # 25
    "313132323130313530373030 413142324333"  # 37, 38: the original's
    "594C303030303031 5955414E4C55303030303030303031 313536"  # 41, 42, 49
    "0052"  # 57: 52 bytes of tags
    "01 16 594C303030303031 2D 30303031 2D 3030303030303039"  # number
    "02 0C 746573742D6B6579 00010203"  # KSN: initial key id "test-key", counter 0x10203
    "03 0C 00000008 1122334455667788"  # journal head
    "0011 23 000001 000 0"  # 60: kind 23, batch 1
    "0016 000041 999999 1122"  # 61: original
)
REVERSAL = octets(
    "008E"  # length of all that follows: 142
    "60 0003 0000 60 31 00 000000"  # TPDU and header
    "0400"  # reversal
    "3020008002C08099"  # bitmap: 3 4 11 25 39 41 42 49 57 60 61 64
    "000000"  # 3: of a sale
    "000000001234"  # 4: its amount
    "000007"  # 11: its trace
    "00"  # 25
    "3938"  # 39: 98, no answer in time
    "594C303030303031 5955414E4C55303030303030303031 313536"  # 41, 42, 49
    "0052"  # 57: 52 bytes of tags
    "01 16 594C303030303031 2D 30303031 2D 3030303030303039"  # the sale's number
    "02 0C 746573742D6B6579 00010203"  # KSN: initial key id "test-key", counter 0x10203
    "03 0C 00000008 1122334455667788"  # journal head
    "0011 22 000001 000 0"  # 60: kind 22 of the sale, batch 1
    "0016 000001 000007 1122"  # 61: what it reverses
)
QUERY = octets(
    "0092"  # length of all that follows: 146
    "60 0003 0000 60 31 00 000000"  # TPDU and header
    "0600"  # query
    "3020000000C00099"  # bitmap: 3 4 11 41 42 57 60 61 64
    "200000"  # 3: of a refund
    "000000000500"  # 4: its amount
    "000012"  # 11: its trace
    "594C303030303031 5955414E4C55303030303030303031"  # 41, 42
    "0062"  # 57: 62 bytes of tags
    "01 16 594C303030303031 2D 30303031 2D 3030303030303131"  # the refund's number
    "02 0C 746573742D6B6579 00010203"  # KSN: initial key id "test-key", counter 0x10203
    "03 0C 00000008 1122334455667788"  # journal head
    "05 08 0102030405060708"  # nonce
    "0011 00 000001 000 0"  # 60: no money moves, batch 1
    "0016 000001 000012 0000"  # 61: the refund attempt
)


def original():
    """The done sale that the refund gives back."""
    sale = Transaction(9, 9)
    sale.batch, sale.trace, sale.date = 41, 999_999, 20261122
    sale.rrn, sale.approval = b"112210150700", b"A1B2C3"
    return sale


def a_sale(amount=1234):
    """The sale above as the firmware makes it."""
    return messages.request(CONFIG, Draft(KIND_SALE, amount, card=Card()), 9, (1, 7), HEAD, None, KEYS)


def a_refund(trace=123_456):
    """The refund above as the firmware makes it."""
    head, draft = (12_344, octets("FFEEDDCCBBAA9988")), Draft(KIND_REFUND, 500, original=9)
    return messages.request(settings(epoch=0xBEEF), draft, 12_345, (42, trace), head, original(), KEYS)


def sent(number, kind, amount, trace):
    """A transaction of batch 1 that went out on 22 November."""
    transaction = Transaction(number, 9)
    transaction.kind, transaction.amount = kind, amount
    transaction.batch, transaction.trace, transaction.date = 1, trace, 20261122
    return transaction


def sealed(made, expected):
    """These bytes, then the MAC over message type to the last field."""
    assert made[:-8] == expected, made.hex()
    assert made[-8:] == cmac(KEYS.request, expected[13:])[:8]


def resealed(content, request, key=KEYS.answer):
    """A frame around changed content with the length and MAC that it calls for."""
    body = content[11:-8]
    content = content[:-8] + cmac(key, request[-8:] + body)[:8]
    return len(content).to_bytes(2, "big") + content


def complaint(frame, request):
    """Why an answer is not believed."""
    with raises(BadMessage) as caught:
        messages.read_answer(frame, request, KEYS.answer, SEALING)
    return str(caught.value)


def test_a_sale_is_these_bytes():
    """Field by field."""
    sealed(a_sale(), SALE)


def test_a_refund_is_these_bytes():
    """Field by field."""
    sealed(a_refund(), REFUND)


def test_a_void_is_these_bytes():
    """Field by field."""
    draft = Draft(KIND_VOID, 1234, original=9)
    sealed(messages.request(CONFIG, draft, 9, (1, 8), HEAD, original(), KEYS), VOID)


def test_a_reversal_is_these_bytes():
    """Field by field; of a void it differs in the processing code and the kind."""
    sealed(messages.reversal(CONFIG, sent(9, KIND_SALE, 1234, 7), b"98", HEAD, KEYS), REVERSAL)
    of_a_void = messages.reversal(CONFIG, sent(9, KIND_VOID, 1234, 7), b"98", HEAD, KEYS)
    differs = [at for at in range(len(REVERSAL)) if of_a_void[at] != REVERSAL[at]]
    assert differs == [23, 120] and of_a_void[23] == 0x20 and of_a_void[120] == 0x23


def test_a_query_is_these_bytes():
    """Field by field."""
    sealed(messages.query(CONFIG, sent(11, KIND_REFUND, 500, 12), HEAD, bytes(range(1, 9)), KEYS), QUERY)


def test_sign_on_and_echo_are_these_bytes():
    """Whole frames: they have no MAC."""
    merchant = "594C303030303031 5955414E4C55303030303030303031"
    sign_on = "003C 6000030000603100000000 0800 0020000000C00012 000007" + merchant + "0011 00 000001 003 0 0003 303031"
    assert messages.sign_on(CONFIG, 1, 7) == octets(sign_on), messages.sign_on(CONFIG, 1, 7).hex()
    echo = "0037 6000030000603100000000 0820 0020000000C00010 000007" + merchant + "0011 00 000001 301 0"
    assert messages.echo(CONFIG, 1, 7) == octets(echo), messages.echo(CONFIG, 1, 7).hex()


def test_L8_a_refund_carries_no_card_data():
    """Nothing of the sale's card, in clear or not."""
    assert CARD_BLOCK not in a_refund() and CARD_BLOCK in a_sale()


def test_L2_the_same_refund_is_the_same_bytes():
    """And another trace is other bytes under another MAC."""
    assert a_refund() == a_refund()
    assert a_refund(123_457)[-8:] != a_refund()[-8:]


def test_the_refund_number_is_terminal_epoch_and_record():
    """Of 22 characters, from the first record to the last that eight digits hold."""
    assert messages.refund_number(settings(), 12) == "YL000001-0001-00000012"
    assert messages.refund_number(settings(terminal="A1B2C3D4", epoch=65535), 99_999_999) == "A1B2C3D4-FFFF-99999999"


def test_an_answer_says_what_became_of_it():
    """Approved, with all that a later refund needs; declined, without."""
    request = a_refund()
    answer = messages.read_answer(answer_to(request), request, KEYS.answer, SEALING)
    assert (answer.code, answer.amount, answer.rrn, answer.approval) == (b"00", 500, APPROVED.rrn, APPROVED.approval)
    assert (answer.date, answer.time) == (1122, 101500)
    answer = messages.read_answer(memoryview(answer_to(request, b"05")), request, KEYS.answer, SEALING)
    assert (answer.code, answer.rrn, answer.approval) == (b"05", bytes(12), bytes(6))
    assert messages.read_answer(answer_to(a_sale()), a_sale(), KEYS.answer, SEALING).amount == 1234


def test_every_approval_brings_its_reference():
    """Also those with a remark, or the refund of that sale could not name it. A "no" and a partial approval need none."""
    for request in (a_sale(), a_refund()):
        for code in (b"00", b"11", b"A2", b"A4", b"A5", b"A6"):
            assert messages.read_answer(answer_to(request, code), request, KEYS.answer, SEALING).approval == APPROVED.approval
            for missing in ("f37", "f38"):
                assert "missing in an approval" in complaint(answer_to(request, code, **{missing: None}), request), code
        for code in (b"05", b"10", b"A7"):
            assert messages.read_answer(answer_to(request, code), request, KEYS.answer, SEALING).code == code


def test_L6_an_answer_with_another_amount_is_read_as_it_is():
    """The forwarder compares it: an amount that differs is an alarm, not an unreadable message."""
    request = a_refund()
    assert messages.read_answer(answer_to(request, f4="000000000501"), request, KEYS.answer, SEALING).amount == 501


def test_an_answer_to_another_message_is_not_ours():
    """Another trace, terminal, merchant, batch or kind, each with a right MAC."""
    request = a_refund()
    changes = {"f11": "123457", "f41": b"YL000002", "f42": b"YUANLU000000002", "f60": "25000043000"}
    for name in sorted(changes):
        assert "another message" in complaint(answer_to(request, **{name: changes[name]}), request), name
    assert "another message" in complaint(answer_to(request, f60="22000042000"), request)


def test_an_answer_of_another_type_is_not_ours():
    """A sale's answer to a refund, a request, an answer to something else."""
    request = a_refund()
    answer = answer_to(request)
    for wrong in ("0210", "0220", "0200", "0231", "0330", "0000"):
        content = answer[2:13] + bytes.fromhex(wrong) + answer[15:]
        assert "does not answer" in complaint(resealed(content, request), request), wrong


def test_L6_an_answer_without_a_right_mac_is_not_believed():
    """Wrong key, one bit, the request's key, no MAC at all."""
    request = a_refund()
    answer = answer_to(request)
    for bit in range(64):
        broken = bytearray(answer)
        broken[len(broken) - 8 + (bit >> 3)] ^= 1 << (bit & 7)
        assert "MAC" in complaint(broken, request)
    assert "MAC" in complaint(answer_to(request, key=KEYS.request), request)
    without = bytearray(answer[:-8])
    without[22] ^= 1  # bit 64 of the bitmap
    without[0:2] = (len(without) - 2).to_bytes(2, "big")
    assert "field 64: missing" in complaint(without, request)


def test_an_answer_is_bound_to_one_request():
    """The answer to other bytes under the same trace has a right MAC, but for another request."""
    first = a_sale(1234)
    second = a_sale(1235)
    answer = answer_to(first)
    assert messages.read_answer(answer, first, KEYS.answer, SEALING).code == b"00"
    assert "MAC" in complaint(answer, second)


def test_a_missing_field_is_no_answer():
    """Each that the decision needs."""
    request = a_refund()
    for number in (4, 11, 39, 41, 42, 60):
        assert "field {}".format(number) in complaint(answer_to(request, **{"f" + str(number): None}), request), number


def test_every_changed_bit_is_refused():
    """Of the message proper; TPDU and header are not covered by the MAC."""
    request = a_refund()
    answer = answer_to(request)
    for bit in list(range(16)) + list(range(8 * 13, 8 * len(answer))):
        broken = bytearray(answer)
        broken[bit >> 3] ^= 1 << (bit & 7)
        complaint(broken, request)


def test_every_cut_is_refused():
    """With the length that was sent, and with the length of what is left."""
    request = a_refund()
    answer = answer_to(request)
    for end in range(len(answer)):
        complaint(answer[:end], request)
        if end >= 2:
            complaint((end - 2).to_bytes(2, "big") + answer[2:end], request)
    complaint(answer + b"\x00", request)
    complaint((len(answer) - 1).to_bytes(2, "big") + answer[2:] + b"\x00", request)


def test_garbage_gives_badmessage_and_nothing_else():
    """Random bytes behind a right length, some with a right beginning."""
    request = a_refund()
    answer = answer_to(request)
    random = Random(220)
    for turn in range(300):
        size = 20 + random.below(60)
        content = bytes([random.below(256) for _ in range(size)])
        if turn & 1:
            content = answer[2:23] + content
        complaint(len(content).to_bytes(2, "big") + content, request)
