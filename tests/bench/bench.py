"""make bench: figures into build/bench.json and a table. docs/performance.md says how each is made.

Heap figures are exact and need 32-bit interpreters: YUANLU_MICROPYTHON_32, which imports the firmware from a ROM image, and
build/frozen32, which has it frozen in. Times are of this machine, published, not judged. The heap, and counts and ratios of
the journal and the wire, have budgets: one that is missed ends the run with 1. The heap's are kept by the frozen firmware; where
it is imported, the gate is what was reached and 3 % (docs/performance.md), and the budget is printed beside it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

import device
import journal
import tool
import wire
from emulator.clerk import Clerk, NotSeen
from emulator.shop import Shop
from host_tools.yuanluctl import image

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "build" / "firmware"
FROZEN = ROOT / "build" / "frozen"
OUT = ROOT / "build" / "bench.json"
LARGEST_HEAP_KB = 512
Measure = Callable[[], dict[str, float]]
Budgets = dict[str, tuple[str, float]]
# Gates of the heap; WANTED are the budgets of those that are not kept.
HEAP: Budgets = {
    "device.frozen.heap_idle_kb": ("<=", 48),
    "device.frozen.heap_residue_kb": ("<=", 8),
    "device.frozen.heap_peak_kb": ("<=", 80),
    "device.heap_idle_kb": ("<=", 64.8),
    "device.heap_residue_kb": ("<=", 8),
    "device.heap_peak_kb": ("<=", 92.7),
}
WANTED = {"device.heap_idle_kb": 48, "device.heap_residue_kb": 8, "device.heap_peak_kb": 80}
DAY = 30  # sales, each with a refund, that a heap must bear in one life


def on_32_bit(measure: Measure) -> dict[str, float]:
    """Run a measurement on the 32-bit interpreter that imports the firmware."""
    return _on(os.environ.get("YUANLU_MICROPYTHON_32", "build/micropython32/micropython"), measure)


def heap_when_frozen() -> dict[str, float]:
    """The same figures as `heap`, of the firmware as a port has it that freezes it in."""
    figures = _on("build/frozen32/micropython", lambda: heap(FROZEN))
    return {name.replace("device.", "device.frozen.", 1): value for name, value in figures.items()}


def _on(interpreter: str, measure: Measure) -> dict[str, float]:
    path = str(ROOT / interpreter)
    if not Path(path).exists():
        sys.exit(f"bench: no 32-bit MicroPython at {path}; run: make {interpreter}")
    before = os.environ.get("YUANLU_MICROPYTHON")
    os.environ["YUANLU_MICROPYTHON"] = path
    try:
        return measure()
    finally:
        if before is None:
            del os.environ["YUANLU_MICROPYTHON"]
        else:
            os.environ["YUANLU_MICROPYTHON"] = before


def opened(real: bool = False, heap_kb: int = LARGEST_HEAP_KB, firmware: Path = FIRMWARE) -> Clerk:
    """A terminal at its menu."""
    shop = Shop(real=real, firmware=firmware)
    shop.terminal.heap_kb = heap_kb
    clerk = Clerk(shop)
    shop.terminal.power_on()
    clerk.see("原路退款终端", "网", within_ms=5000)
    return clerk


def visit_everything(clerk: Clerk, at: Callable[[str], None] = lambda flow: None) -> None:
    """Every flow once; `at` is called while the last dialog of each stands."""
    clerk.start_sale(10000)
    clerk.see("消费成功")
    at("sale")
    clerk.back_to_menu()
    clerk.start_refund(3000)
    clerk.see("退货成功")
    at("refund")
    clerk.back_to_menu()
    clerk.terminal.plug_network(False)
    clerk.start_refund(2000)
    clerk.see("退款待上送")
    at("refund, offline")
    clerk.back_to_menu()
    clerk.press("3 1 ENTER")
    clerk.see("现在再送一次")
    at("pending list")
    clerk.press("CANCEL CANCEL CANCEL")
    clerk.see("原路退款终端")
    clerk.terminal.plug_network(True)
    clerk.settle()
    clerk.press("4")
    clerk.see("重打小票")
    at("reprint")
    clerk.back_to_menu()
    clerk.press("5")
    clerk.see("线路正常")
    at("line test")
    clerk.back_to_menu()


def heap(firmware: Path = FIRMWARE) -> dict[str, float]:
    """Alive at the menu, in each flow, and left behind after all; the smallest heap in which all of it runs."""
    clerk = opened(firmware=firmware)
    figures: dict[str, float] = {}
    idle = clerk.terminal.measure_heap()
    visit_everything(clerk, lambda flow: figures.update({f"device.heap_in.{flow}_kb": clerk.terminal.measure_heap() / 1024}))
    after = clerk.terminal.measure_heap()
    clerk.shop.close()
    figures["device.heap_idle_kb"] = idle / 1024
    figures["device.heap_residue_kb"] = (after - idle) / 1024
    figures["device.heap_peak_kb"] = smallest_heap(firmware)
    return figures


def smallest_heap(firmware: Path) -> float:
    """KB of the smallest heap in which every flow runs, by halving."""
    fails, runs = 32, 128
    if not runs_in(runs, firmware):
        sys.exit("bench: not every flow runs in 128 KB of heap")
    while runs - fails > 1:
        middle = (fails + runs) // 2
        if runs_in(middle, firmware):
            runs = middle
        else:
            fails = middle
    return runs


def runs_in(heap_kb: int, firmware: Path) -> bool:
    """Every flow, and then a day's sales and refunds, come to their end in a heap of that size; no task had to start again."""
    clerk = None
    try:
        clerk = opened(heap_kb=heap_kb, firmware=firmware)
        visit_everything(clerk)
        for _ in range(DAY):
            clerk.start_sale(100_000)
            clerk.see("消费成功")
            clerk.back_to_menu()
            clerk.start_refund(100)
            clerk.see("退货成功")
            clerk.back_to_menu()
        return not any("failed" in line for line in clerk.terminal.log)
    except NotSeen:
        return False
    finally:
        if clerk is not None:
            clerk.shop.close()


def median_ms(samples: list[float]) -> float:
    """Of seconds, in ms."""
    return statistics.median(samples) * 1000


def boot() -> dict[str, float]:
    """From power to the menu, on real time."""
    samples = []
    for _ in range(10):
        began = time.perf_counter()
        clerk = opened(real=True)
        samples.append(time.perf_counter() - began)
        clerk.shop.close()
    return {"boot_ms": median_ms(samples)}


def key_to_screen() -> dict[str, float]:
    """From a key to the last changed row of the screen, on real time."""
    clerk = opened(real=True)
    samples = []
    for key, shows in [("1", "消费金额"), ("CANCEL", "原路退款终端")] * 20:
        began = time.perf_counter()
        clerk.press(key)
        clerk.see(shows)
        samples.append(time.perf_counter() - began)
    clerk.shop.close()
    return {"key_to_screen_ms": median_ms(samples)}


def refund_exchange() -> dict[str, float]:
    """From the confirming key to the result on the screen, over loopback TCP, INTENT to RESULT and slip included."""
    clerk = opened(real=True)
    samples = []
    for _ in range(20):
        clerk.start_sale(100000)
        clerk.see("消费成功")
        clerk.back_to_menu()
        began = time.perf_counter()
        clerk.start_refund(100)
        clerk.see("退货成功")
        samples.append(time.perf_counter() - began)
        clerk.back_to_menu()
    clerk.shop.close()
    return {"refund_exchange_ms": median_ms(samples)}


def cuts() -> dict[str, float]:
    """Whole lives with a power cut in a refund, two boots each, on virtual time."""
    sys.path.insert(0, str(ROOT / "tests" / "power"))
    from cuts import Plan, run

    count = 20
    began = time.perf_counter()
    for number in range(count):
        run(Plan("flash", 1 + number % 4, "half"), "a")
    return {"cuts_per_s": count / (time.perf_counter() - began)}


def sizes() -> dict[str, float]:
    """Bytecode, tables and all, as the ROM image."""
    return {"device.image_kb": FIRMWARE.with_suffix(".romfs").stat().st_size / 1024}


HEAPS: list[Measure] = [lambda: on_32_bit(heap), heap_when_frozen]
DEVICE: list[Measure] = [sizes, boot, key_to_screen, refund_exchange, *HEAPS, lambda: on_32_bit(cuts)]
JOURNAL: list[Measure] = [journal.cost, journal.exchanges, journal.processor, journal.rings]
TOOL: list[Measure] = [tool.help_vs_import, tool.pull]
WIRE: list[Measure] = [wire.codec, wire.on_device, wire.drained, wire.serial_line]
PARTS: dict[str, tuple[list[Measure], Budgets]] = {
    "": (DEVICE + JOURNAL + WIRE + TOOL, HEAP | journal.BUDGETS | wire.BUDGETS | tool.BUDGETS),
    "heap": ([sizes, device.modules, *HEAPS], HEAP),
    "journal": (JOURNAL, journal.BUDGETS),
    "wire": (WIRE, wire.BUDGETS),
    "tool": (TOOL, tool.BUDGETS),
}


def main() -> None:
    """Measure all, or the part that was named; write build/bench.json, print the table."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    if part not in PARTS:
        sys.exit(f"bench: there is no part {part!r}; there are {', '.join(name for name in PARTS if name)}")
    measures, budgets = PARTS[part]
    image.build(FIRMWARE)
    console = Console(stderr=True)
    figures: dict[str, float] = {}
    for measure in track(measures, "measuring", console=console):
        figures |= measure()
    OUT.write_text(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=1) + "\n")
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}")
    Console().print(table)
    print(f"written to {OUT.relative_to(ROOT)}")
    sys.exit(0 if budgets_are_kept(figures, budgets) else 1)


def budgets_are_kept(figures: dict[str, float], budgets: Budgets) -> bool:
    """Print the figures that have a budget beside it."""
    table = Table("figure", "value", "gate", "budget", "ok")
    all_kept = True
    for name, (sign, limit) in budgets.items():
        kept = figures[name] <= limit if sign == "<=" else figures[name] >= limit
        wanted = WANTED.get(name, limit)
        missed = "" if figures[name] <= wanted or name not in WANTED else ", not met yet"
        table.add_row(name, f"{figures[name]:.5g}", f"{sign} {limit:g}", f"{sign} {wanted:g}{missed}", "yes" if kept else "NO")
        all_kept = all_kept and kept
    Console().print(table)
    return all_kept


if __name__ == "__main__":
    main()
