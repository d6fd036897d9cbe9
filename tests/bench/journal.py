"""The journal's figures for `make bench`, beside VfsLfs2 on the same simulated chip in the same run; on_device.py measures them
on MicroPython. docs/performance.md says how each is made."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import device
from device import ROOT, SHARED

sys.path[:0] = [str(ROOT / "firmware"), str(SHARED), str(ROOT / "tests" / "power")]

BUDGETS = {
    "journal.write_amplification_unit1": ("<=", 1.25),
    "journal.write_amplification_unit32": ("<=", 1.5),
    "journal.erases_per_1000": ("<=", 38),
    "journal.erases_per_1000_unit32": ("<=", 42),
    "journal.bytes_vs_littlefs_append": (">=", 12),
    "journal.life_vs_littlefs_file": (">=", 2.5),
    "journal.seal_and_append_vs_hmac": ("<=", 8),
}
READ_MB_S = 5
PAYLOAD = 120
RECORDS = 1000
TRANSACTIONS = 334
LARGE = 128  # sectors of the chip on which littlefs keeps 334 files
SALES_IN_THE_RING = 7000  # nine wraps: as full of history as it becomes
ASKED = 20
BYTES, PROGRAMS, ERASES, MODEL_MS, BYTES_READ, VAULT_WRITES = range(6)  # of Meter.counts


def measured(*arguments: object, bits: int = 64, heap: str = "16M") -> Any:
    """What on_device.py prints for that measure."""
    return device.measured("on_device.py", *arguments, bits=bits, heap=heap)


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def durable_append(name: str, told: Any) -> dict[str, float]:
    """p50, p99 and the longest of one append, in model time, without and with its reads."""
    figures = {}
    for suffix, times in (
        ("", [ms for ms, _ in told["each"]]),
        ("_with_reads", [ms + read_ms(read) for ms, read in told["each"]]),
    ):
        for label, percent in (("p50", 50), ("p99", 99), ("max", 100)):
            figures[f"{name}.append_{label}{suffix}_ms"] = percentile(times, percent)
    return figures


def read_ms(count: float) -> float:
    """Model time of reading so many bytes."""
    return count / READ_MB_S / 1000


def cost() -> dict[str, float]:
    """Bytes, erases and model time of 1 000 records, and of 334 transactions, of both."""
    figures: dict[str, float] = {}
    for unit in (1, 32, 256):
        told = measured("appends", 16, unit)
        counts = told["counts"]
        figures[f"journal.write_amplification_unit{unit}"] = counts[BYTES] / RECORDS / PAYLOAD
        figures["journal.erases_per_1000" + ("" if unit == 1 else f"_unit{unit}")] = counts[ERASES]
        if unit == 1:
            figures["journal.vault_writes_per_1000"] = counts[VAULT_WRITES]
            figures |= durable_append("journal", told)
            figures |= durable_append("journal.erased_ahead", measured("appends", 16, unit, "ahead"))
    figures |= beside_littlefs_appends()
    return figures | beside_littlefs_lives()


def beside_littlefs_appends() -> dict[str, float]:
    """A file kept open, appended and flushed, against the journal in units of the same size, on a chip of the same size."""
    figures: dict[str, float] = {}
    for unit in (32, 256):
        ours, peer = measured("appends", 64, unit)["counts"], measured("littlefs_appends", 64, unit)
        figures[f"littlefs.append_bytes_unit{unit}"] = peer["counts"][BYTES]
        figures[f"littlefs.append_erases_unit{unit}"] = peer["counts"][ERASES]
        figures[f"journal.append_bytes_unit{unit}"] = ours[BYTES]
        figures["journal.bytes_vs_littlefs_append" + ("" if unit == 32 else f"_unit{unit}")] = peer["counts"][BYTES] / ours[BYTES]
        if unit == 32:
            figures |= durable_append("littlefs", peer)
    return figures


def beside_littlefs_lives() -> dict[str, float]:
    """A transaction's life against a small file that is created and rewritten twice."""
    figures: dict[str, float] = {}
    peers = {unit: measured("littlefs_lives", LARGE, unit, PAYLOAD, PAYLOAD, PAYLOAD)["counts"] for unit in (32, 256)}
    for unit, peer in peers.items():
        figures[f"littlefs.life_bytes_unit{unit}"] = peer[BYTES] / TRANSACTIONS
        figures[f"littlefs.life_erases_unit{unit}"] = peer[ERASES] / TRANSACTIONS
    for unit in (1, 32, 256):
        ours = measured("lives", LARGE, unit)["counts"]
        figures[f"journal.life_bytes_unit{unit}"] = ours[BYTES] / TRANSACTIONS
        figures[f"journal.life_erases_unit{unit}"] = ours[ERASES] / TRANSACTIONS
        done = measured("lives", LARGE, unit, "done")["counts"]
        figures[f"journal.life_done_bytes_unit{unit}"] = done[BYTES] / TRANSACTIONS
    figures["journal.life_vs_littlefs_file"] = figures["littlefs.life_bytes_unit32"] / figures["journal.life_bytes_unit1"]
    for unit in (32, 256):
        ratio = figures[f"littlefs.life_bytes_unit{unit}"] / figures[f"journal.life_bytes_unit{unit}"]
        figures[f"journal.life_vs_littlefs_file_unit{unit}"] = ratio
    return figures


def exchanges() -> dict[str, float]:
    """A whole sale and a whole refund, with everything that is carried for them, on a ring that has wrapped twice."""
    figures: dict[str, float] = {}
    names = ("bytes", "programs", "erases", "model_ms", "bytes_read", "vault_writes")
    for unit in (1, 32, 256):
        told = measured("exchanges", 16, unit)
        told["sale_and_refund"] = [sum(pair) for pair in zip(told["sale"], told["refund"], strict=True)]
        for kind in ("refund", "sale_and_refund"):
            figures |= {f"journal.{kind}_{name}_unit{unit}": value for name, value in zip(names, told[kind], strict=True)}
    return figures


def processor() -> dict[str, float]:
    """A record made, sealed, written and read back, against one HMAC of 64 bytes, on 32-bit words."""
    told = measured("seal_and_append", 1, bits=32, heap="1M")
    return {
        "journal.seal_and_append_vs_hmac": told["append"] / told["hmac"],
        "journal.seal_and_append_us": told["append"],
        "journal.open_sector_us": told["opening"],
        "journal.hmac_64_us": told["hmac"],
    }


def rings() -> dict[str, float]:
    """Mounting a ring of 64 KiB and one of 1 MiB, both full, what they hold in RAM, and look-ups on the larger one."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for sectors, sales in ((16, 400), (256, SALES_IN_THE_RING)):
            ring, asked = Path(folder) / f"{sectors}.bin", Path(folder) / f"{sectors}.json"
            fill(ring, asked, sectors, sales)
            told, small = measured("mounting", ring, sectors, 32), measured("mounting", ring, sectors, 32, bits=32)
            name = f"journal.mount_{sectors}_sectors"
            figures[f"{name}_bytes_read"] = told["read"]
            figures[f"{name}_model_ms"] = read_ms(told["read"])
            figures[f"{name}_interpreter_ms"] = told["us"] / 1000
            figures[f"journal.ram_{sectors}_sectors_bytes"] = small["held"]
            figures[f"journal.ram_{sectors}_sectors_unsettled"] = small["live"]
            if told["trouble"] or small["trouble"]:
                sys.exit(f"bench: the full ring does not mount well: {told['trouble']}")
        for question, cost_of in measured("look_ups", ring, sectors, 32, asked).items():
            if cost_of["missed"]:
                sys.exit(f"bench: {question} does not find the sales {cost_of['missed']}")
            figures[f"journal.look_up_{question}_bytes_read"] = cost_of["read"]
            figures[f"journal.look_up_{question}_model_ms"] = read_ms(cost_of["read"])
            figures[f"journal.look_up_{question}_interpreter_ms"] = cost_of["us"] / 1000
    return figures


def fill(ring: Path, asked: Path, sectors: int, sales: int) -> None:
    """A shop's traffic on a chip; its bytes and its vault's go into one file, sales to be looked up into the other."""
    sys.path.append(str(ROOT / "build" / "firmware"))  # the tables
    from parts import NorFlash
    from shop_floor import ShopFloor, standing

    shop = ShopFloor(NorFlash(sectors, 4096, 32), seed=1)
    shop.work(sales)
    ring.write_bytes(bytes(shop.flash.data) + shop.flash.vault.places[2] + shop.flash.vault.places[3])
    there = sorted(standing(shop.till.journal).sales)
    newest = there[-20:]  # "the last 20" must show them; every other question is asked of the same
    chosen = [shop.sold[number] for number in (there[:: len(there) // ASKED][:ASKED] if len(there) > ASKED else newest)]
    told = [
        {
            "number": sold.number,
            "amount": sold.amount,
            "trace": sold.trace,
            "rrn": sold.rrn.decode(),
            "last_four": sold.last_four.decode(),
            "date": sold.date,
            "left": sold.amount - shop.given_back(sold.number),
        }
        for sold in chosen
    ]
    asked.write_text(json.dumps(told))
