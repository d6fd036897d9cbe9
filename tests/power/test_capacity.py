"""How much a chip of 1 MiB keeps: 256 sectors of 4 KiB in units of 32 bytes, 6 000 sales and 600 refunds at least, after the ring
has wrapped three times and more; and what leaves it leaves whole, a sale with all its refunds. The controls of these tests are
mutants: history that leaves only when a sector overflows, and a carry that forgets refunds."""

from __future__ import annotations

from typing import Any

from parts import NorFlash, Terminal, intent_of
from shop_floor import ShopFloor, Sold, differences, standing
from yuanlu.refund import state as s
from yuanlu.store import history
from yuanlu.store.journal import Journal

SALES, REFUNDS = 6000, 600
WRAPS = 3
SAMPLE = 60


def chip() -> NorFlash:
    """1 MiB."""
    return NorFlash(256, 4096, 32)


def is_found(journal: Journal, sold: Sold) -> list[str]:
    """The look-ups that do not find that sale."""
    questions: dict[str, dict[str, Any]] = {
        "trace": {"trace": sold.trace},
        "rrn": {"rrn": sold.rrn},
        "last four": {"last_four": sold.last_four},
        "day and amount": {"date": sold.date, "amount": sold.amount},
    }
    missed = [
        name for name, asked in questions.items() if not any(sale.number == sold.number for sale in journal.sales(20, **asked))
    ]
    sale = journal.sale(sold.number)
    return missed if sale is not None and sale.amount == sold.amount else [*missed, "number"]


def test_L3_a_shop_keeps_6000_sales_and_600_refunds() -> None:
    """Real traffic, 8 300 sales of it: at every 500 the whole ring is what the model says, and never too little of it."""
    shop, least = ShopFloor(chip(), seed=1), (10**9, 10**9)
    shop.work(6300)
    for _ in range(4):
        shop.work(500)
        found = standing(shop.till.journal)
        assert list(differences(shop, found)) == []
        least = min(least, (len(found.sales), len(found.refunds)))
    wraps, lowest = shop.flash.erases / shop.flash.sectors, shop.till.journal.log.lowest
    print(f"{len(shop.sold)} sales, {len(shop.returned)} refunds, {wraps:.1f} wraps: at least {least} of them stand")
    assert lowest > 0 and wraps >= WRAPS, "nothing had to leave: this proves nothing"
    assert least[0] >= SALES and least[1] >= REFUNDS
    for number in shop.random.sample(sorted(found.sales), SAMPLE) + sorted(found.sales)[:1] + sorted(found.sales)[-1:]:
        assert is_found(shop.till.journal, shop.sold[number]) == []
        assert shop.till.journal.spent(number) == shop.given_back(number)
    for number in shop.random.sample(sorted(found.refunds), SAMPLE // 10):
        refund, (original, amount) = shop.till.journal.transaction(number), found.refunds[number]
        assert (refund.state, refund.original, refund.amount) == (s.IS_DONE, original, amount)
        assert shop.till.journal.spent(original) == shop.given_back(original) >= amount


def record_sales(count: int) -> tuple[int, list[int], float]:
    """A stream of SALE records alone, as a guest of another payment application writes them: how many stand at least, once
    the ring is full; those that should and do not; wraps."""
    flash = chip()
    journal, size = Terminal(flash).journal, 96
    written: dict[int, int] = {}
    least, missing = count, []
    for turn in range(1, count + 1):
        journal.make_room(size)
        number = journal.log.number
        values = (*intent_of(number, amount=turn, trace=turn), b"%012d" % turn, b"A1B2C3")
        assert journal.append(s.SALE, values) == number
        written[number] = turn
        if journal.log.lowest and turn % 500 == 0:
            there = standing(journal).sales
            least = min(least, len(there))
            missing += [number for number in written if number >= journal.log.lowest and there.get(number) != written[number]]
    return least, missing, flash.erases / flash.sectors


def test_a_stream_of_sales_alone_keeps_6000() -> None:
    """No dip when the ring wraps either."""
    least, missing, wraps = record_sales(32_000)
    print(f"SALE records alone, {wraps:.1f} wraps: at least {least} of them stand")
    assert missing == [] and wraps >= WRAPS
    assert least >= SALES


def test_small_rings_agree_with_the_model_too() -> None:
    """Of 64 KiB, wrapped many times, in units of 1, 32 and 256 bytes."""
    for unit in (1, 32, 256):
        shop = ShopFloor(NorFlash(16, 4096, unit), seed=unit)
        for _ in range(8):
            shop.work(50)
            wrong = list(differences(shop, standing(shop.till.journal)))
            assert not wrong, wrong[0]
            assert any(True for _ in history.sales(shop.till.journal.log, 5))
        assert shop.flash.erases > WRAPS * 16
