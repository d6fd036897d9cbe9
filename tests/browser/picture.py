"""The emulator and its page in a real browser, walked by clicking; and docs/emulator.png, taken on such a walk.

python tests/browser/picture.py
"""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "emulator.png"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run"
).split()
START_SECONDS = 90
LONG_MS = 30_000  # no step of the story takes longer


def chromium() -> str | None:
    """YUANLU_CHROMIUM, /usr/bin/chromium or the one on the PATH."""
    named = os.environ.get("YUANLU_CHROMIUM")
    for path in [named] if named else ["/usr/bin/chromium", shutil.which("chromium")]:
        if path and Path(path).exists():
            return path
    return None


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """A chromium of its own."""
    expect.set_options(timeout=LONG_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def emulator(port: int, *arguments: str) -> Iterator[str]:
    """`python -m emulator serve` on the loopback; its address."""
    paths = [str(ROOT), str(ROOT / "firmware"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "emulator", "serve", "--port", str(port), *arguments]
    serving = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield _address(serving)
    finally:
        serving.terminate()
        try:
            serving.communicate(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            serving.kill()
            serving.communicate()


def _address(serving: subprocess.Popen[str]) -> str:
    assert serving.stdout is not None
    ready, _, _ = select.select([serving.stdout], [], [], START_SECONDS)
    said = serving.stdout.readline() if ready else "nothing"
    found = re.search(r"http://([\d.]+):(\d+)/", said)
    deadline = time.monotonic() + START_SECONDS
    while found and time.monotonic() < deadline and serving.poll() is None:
        try:
            socket.create_connection((found[1], int(found[2])), timeout=START_SECONDS).close()
        except ConnectionRefusedError:
            select.select([serving.stdout], [], [], 0.02)  # told before it listens
            continue
        return found[0]
    serving.kill()
    raise RuntimeError(f"the emulator did not start: {said}{serving.communicate()[0]}")


class Clerk:
    """Hands and eyes at the page. Every wait ends; what was waited for is named when it did not come."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.rows = page.locator("#rows tr")  # the newest first
        self.slips = page.locator(".slip:not(.torn)")  # the newest first
        self.verdict = page.locator("#verdict")

    def arrive(self, address: str) -> None:
        """Open the page and wait for the main menu."""
        self.page.goto(address)
        self.see("原路退款终端", "网")

    def see(self, *texts: str) -> None:
        """The terminal's screen shows all of these."""
        for text in texts:
            expect(self.page.locator("#screen-text")).to_contain_text(text)

    def press(self, keys: str) -> None:
        """Keys of the terminal with blanks between."""
        for key in keys.split():
            self.page.locator(f"#keypad [data-key='{key}']").click()

    def switch(self, name: str, on: bool) -> None:
        """Have `power`, `network`, `serial` or `paper-in` on or off."""
        button = self.page.locator(f"#{name}")
        if button.get_attribute("aria-checked") != str(on).lower():
            button.click()
        expect(button).to_have_attribute("aria-checked", str(on).lower())

    def mood(self, mood: str, count: str = "until") -> None:
        """Choose the acquirer's mood: normal, silent, loses, declines; `once` or `until` changed."""
        page = self.page
        page.locator("#mood").select_option(mood)
        if mood != "normal":
            expect(page.locator("#mood-count")).to_be_enabled()
            page.locator("#mood-count").select_option(count)

    def drag(self, card: str) -> None:
        """Take a card of the tray and hold it to the reader."""
        source = self.page.locator(f"[data-card='{card}']").bounding_box()
        reader = self.page.locator("#reader").bounding_box()
        assert source and reader
        mouse = self.page.mouse
        mouse.move(source["x"] + 20, source["y"] + 20)
        mouse.down()
        mouse.move(reader["x"] + reader["width"] / 2, reader["y"] + reader["height"] / 2, steps=8)
        mouse.up()

    def sell(self, fen: str, drag: bool = False) -> None:
        """From the menu to the result of a sale."""
        self.see("原路退款终端")
        self.press("1")
        self.see("消费金额")
        self.press(" ".join(fen) + " ENTER")
        self.see("请挥卡")
        if drag:
            self.drag("unionpay")
        else:
            self.page.locator("[data-card='unionpay']").click()
        self.see("消费成功")

    def refund(self, fen: str) -> None:
        """From the menu to the confirmed refund of the newest sale."""
        self.see("原路退款终端")
        self.press("2")
        self.see("选原交易")
        self.press("1")
        self.see("退货：原因")
        self.press("1")
        self.see("最多")
        self.press(" ".join(fen) + " ENTER")
        self.see("请确认退款")
        self.press("ENTER")

    def newest(self, state: str, check: str) -> Locator:
        """Wait until the newest transaction is in this state, and the ledgers compared so: agree, waiting, disagree, hidden."""
        row = self.rows.first
        expect(row).to_have_attribute("data-state", state)
        expect(row).to_have_attribute("data-check", check)
        return row

    def slip(self, count: int, *texts: str) -> None:
        """There are `count` slips, and the newest says all of these."""
        expect(self.slips).to_have_count(count)
        for text in texts:
            expect(self.slips.first).to_contain_text(text)


def main() -> int:
    """Walk a while, stop where there is most to see, and take the picture."""
    path = chromium()
    if path is None:
        print("picture: there is no chromium; install it, or set YUANLU_CHROMIUM=/path/to/chromium", file=sys.stderr)
        return 2
    subprocess.run([sys.executable, "-m", "host_tools.yuanluctl.image", "build/firmware"], cwd=ROOT, check=True)
    with browser(path) as chrome, emulator(free_port()) as address:
        page = chrome.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1.5, color_scheme="light")
        clerk = Clerk(page)
        clerk.arrive(address)
        _walk(clerk)
        page.locator("#tab-wire").click()
        page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
        page.screenshot(path=PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KB")
    return 0


def _walk(clerk: Clerk) -> None:
    clerk.sell("10000", drag=True)
    clerk.press("ENTER")
    clerk.refund("3000")
    clerk.see("退货成功")
    clerk.press("ENTER")
    clerk.mood("loses", "once")
    clerk.refund("700")
    clerk.newest("done", "agree")
    clerk.see("退货成功")
    clerk.press("ENTER")
    clerk.switch("network", False)
    clerk.see("断")
    clerk.refund("2000")
    clerk.see("退款待上送")
    clerk.newest("queued", "waiting")


if __name__ == "__main__":
    sys.exit(main())
