"""The emulator's page in a real browser: the story by clicking only, and what the page must never do."""

import base64
import io
import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.picture import Clerk, emulator, free_port

State = dict[str, Any]


def doctored(page: Page, change: Callable[[State], None]) -> None:
    """Between the emulator and the page: change each state before the page hears it."""

    def connect(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            message = json.loads(text)
            state = message.get("state") or message.get("result")
            if state:
                change(state)
            route.send(json.dumps(message))

        server.on_message(pass_on)

    page.route_web_socket(re.compile("/control$"), connect)


# ---- the story


def test_the_story_by_clicking_only(clerk: Clerk) -> None:
    sell_and_refund(clerk)
    pull_the_network_cable(clerk)
    only_the_serial_cable(clerk)
    lose_an_answer(clerk)
    pull_the_plug_when_sent(clerk)
    pull_the_plug_while_it_waits(clerk)
    count_the_money(clerk)


def sell_and_refund(clerk: Clerk) -> None:
    clerk.sell("10000", drag=True)
    clerk.slip(1, "交易成功", "¥100.00", "622202****0007")
    clerk.newest("done", "agree")
    clerk.press("ENTER")
    clerk.refund("3000")
    clerk.see("退货成功")
    clerk.slip(2, "退货成功", "-¥30.00", "模拟终端")
    expect(clerk.newest("done", "agree")).to_contain_text("−30.00")
    clerk.press("ENTER")


def pull_the_network_cable(clerk: Clerk) -> None:
    clerk.switch("network", False)
    clerk.see("断")
    clerk.refund("2000")
    clerk.see("退款待上送")
    clerk.slip(3, "待上送")
    expect(clerk.newest("queued", "waiting")).to_contain_text("未入账")
    expect(clerk.verdict).to_have_attribute("data-verdict", "waiting")
    clerk.press("ENTER")
    clerk.switch("network", True)
    clerk.newest("done", "agree")
    clerk.slip(4, "退货成功", "-¥20.00")
    expect(clerk.verdict).to_have_attribute("data-verdict", "agree")


def only_the_serial_cable(clerk: Clerk) -> None:
    clerk.switch("network", False)
    clerk.switch("serial", True)
    clerk.see("断")
    clerk.refund("500")
    expect(clerk.newest("done", "agree")).to_contain_text("−5.00")
    expect(clerk.slips.first).to_contain_text("退货成功")  # a slip 待上送 before it, when the bridge was not up yet
    expect(clerk.page.locator("#network")).to_have_attribute("aria-checked", "false")
    clerk.press("ENTER")
    clerk.switch("serial", False)
    clerk.switch("network", True)
    clerk.see("原路退款终端", "网")


def lose_an_answer(clerk: Clerk) -> None:
    clerk.mood("loses", "once")
    clerk.refund("700")
    expect(clerk.newest("done", "agree")).to_contain_text("入账1次")
    expect(clerk.page.locator("#mood")).to_have_value("normal")
    clerk.page.locator("#tab-wire").click()
    expect(clerk.page.locator("#wire details.lost")).to_have_count(1)
    expect(clerk.page.locator("#wire details").first).to_contain_text("replay")
    clerk.press("ENTER")


def pull_the_plug_when_sent(clerk: Clerk) -> None:
    page = clerk.page
    page.locator("#cut").click()
    expect(page.locator("#cut")).to_have_attribute("aria-pressed", "true")
    clerk.refund("800")
    expect(page.locator("#power")).to_have_attribute("aria-checked", "false")
    expect(page.locator("#screen-text")).to_be_empty()
    expect(page.locator("#cut")).to_have_attribute("aria-pressed", "false")
    clerk.newest("sending", "waiting")
    clerk.switch("power", True)
    expect(clerk.newest("done", "agree")).to_contain_text("入账1次")
    expect(clerk.slips.first).to_contain_text("-¥8.00")
    clerk.see("原路退款终端", "网")


def pull_the_plug_while_it_waits(clerk: Clerk) -> None:
    clerk.mood("silent")
    clerk.refund("900")
    clerk.see("退款处理中")
    clerk.newest("sending", "waiting")
    clerk.switch("power", False)
    clerk.newest("sending", "waiting")
    clerk.mood("normal")
    clerk.switch("power", True)
    expect(clerk.newest("done", "agree")).to_contain_text("入账1次")
    expect(clerk.slips.first).to_contain_text("-¥9.00")


def count_the_money(clerk: Clerk) -> None:
    expect(clerk.rows).to_have_count(7)
    expect(clerk.page.locator("#rows tr[data-check='agree']")).to_have_count(7)
    assert clerk.page.locator("#sums .amount").all_text_contents() == ["21.00", "21.00"]
    expect(clerk.verdict).to_have_attribute("data-verdict", "agree")
    expect(clerk.page.locator("#verdict-lines li")).to_have_count(0)
    done = [slip for slip in clerk.slips.all_text_contents() if "退货成功" in slip]
    told = [re.search(r"-¥(\d+\.\d\d)", slip) for slip in done]
    assert sorted(found[1] for found in told if found) == ["20.00", "30.00", "5.00", "7.00", "8.00", "9.00"]
    clerk.page.locator("#tab-guide").click()
    expect(clerk.page.locator("#steps li.done")).to_have_count(6)


# ---- that the ledgers can disagree


def test_what_only_the_acquirer_knows_is_not_shown_as_settled(clerk: Clerk) -> None:
    clerk.sell("10000")
    clerk.press("ENTER")
    clerk.mood("loses")
    clerk.refund("3000")
    expect(clerk.rows.first).to_contain_text("入账1次")
    clerk.switch("power", False)
    row = clerk.rows.first
    expect(row).to_have_attribute("data-state", re.compile("sending|unknown"))
    expect(row).to_have_attribute("data-check", "waiting")
    expect(clerk.verdict).to_have_attribute("data-verdict", "waiting")
    expect(clerk.page.locator("#sums tr")).to_have_attribute("data-check", "waiting")
    assert clerk.page.locator("#sums .amount").all_text_contents() == ["100.00", "70.00"]


def test_a_discrepancy_is_shown(page: Page, address: str) -> None:
    def book_twice(state: State) -> None:
        for sale in state["acquirer"]["ledger"]["sales"][:1]:
            state["acquirer"]["ledger"]["sales"].append({**sale, "rrn": "112200000000", "booking": 2})
            state["discrepancies"] = [f"{sale['number']}: the acquirer booked it 2 times"]

    doctored(page, book_twice)
    clerk = Clerk(page)
    clerk.arrive(address)
    clerk.sell("10000")
    expect(clerk.newest("done", "disagree")).to_contain_text("入账2次")
    expect(clerk.verdict).to_have_attribute("data-verdict", "disagree")
    expect(clerk.verdict).to_contain_text("DISAGREE")
    expect(clerk.page.locator("#verdict-lines li")).to_have_text(re.compile("booked it 2 times"))
    assert page.locator("#sums .amount").all_text_contents() == ["100.00", "200.00"]


def test_what_the_terminal_does_not_know_has_a_row(page: Page, address: str) -> None:
    def forget(state: State) -> None:
        state["discrepancies"] = [f"{row['number']}: the terminal does not know it" for row in state["terminal"]]
        state["terminal"] = []

    doctored(page, forget)
    clerk = Clerk(page)
    clerk.arrive(address)
    clerk.sell("100")
    expect(clerk.newest("", "disagree")).to_contain_text("不知道")


def test_an_attached_acquirer_keeps_its_ledger_to_itself(page: Page) -> None:
    with emulator(free_port(), "--acquirer", "127.0.0.1:9") as address:
        clerk = Clerk(page)
        clerk.arrive(address)
        expect(clerk.verdict).to_have_attribute("data-verdict", "hidden")
        expect(clerk.verdict).to_contain_text("127.0.0.1:9")
        expect(page.locator("#mood")).to_be_disabled()
        page.locator("#tab-wire").click()
        expect(page.locator("#wire")).to_contain_text("not visible")


# ---- touching it


def test_the_keyboard_and_the_language(clerk: Clerk) -> None:
    keyboard = clerk.page.keyboard
    keyboard.press("L")
    clerk.see("yuanlu refunds", "NET")
    clerk.press("LANG")
    clerk.see("原路退款终端")
    for key in "1 5 6 7 Backspace".split():
        keyboard.press(key)
    clerk.see("消费金额", "¥0.56")
    keyboard.press("Enter")
    clerk.see("请挥卡")
    keyboard.press("Escape")
    clerk.see("原路退款终端")
    for key in "ArrowDown ArrowDown ArrowDown ArrowUp Enter".split():
        keyboard.press(key)
    clerk.see("未了结清单", "没有未了结的交易")


def test_enter_on_a_control_is_not_a_key_of_the_terminal(clerk: Clerk) -> None:
    page = clerk.page
    page.locator("#network").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#network")).to_have_attribute("aria-checked", "false")
    clerk.see("原路退款终端", "断")
    # After the mouse, Enter belongs to the terminal: the button that was clicked is not hit again.
    page.locator("#network").click()
    expect(page.locator("#network")).to_have_attribute("aria-checked", "true")
    clerk.see("网")
    page.keyboard.press("Enter")
    clerk.see("消费金额")
    expect(page.locator("#network")).to_have_attribute("aria-checked", "true")


def test_a_card_dropped_beside_the_reader_is_not_read(clerk: Clerk) -> None:
    clerk.press("1 1 ENTER")
    clerk.see("请挥卡")
    box = clerk.page.locator("[data-card='visa']").bounding_box()
    assert box
    mouse = clerk.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 20)
    mouse.down()
    mouse.move(40, 400, steps=5)
    mouse.up()
    clerk.see("请挥卡")
    clerk.drag("mastercard")
    clerk.see("消费成功")
    clerk.slip(1, "555555****4444")


def test_reloading_keeps_the_state(clerk: Clerk) -> None:
    clerk.sell("12345")
    clerk.switch("network", False)
    clerk.slip(1)
    clerk.page.reload()
    clerk.see("消费成功", "¥123.45")
    clerk.newest("done", "agree")
    clerk.slip(1, "¥123.45")
    expect(clerk.page.locator("#network")).to_have_attribute("aria-checked", "false")


def test_paper_runs_out_is_torn_off_and_printed_again(clerk: Clerk) -> None:
    clerk.switch("paper-in", False)
    clerk.sell("100")
    clerk.see("缺纸")
    expect(clerk.page.locator("#paper-word")).to_contain_text("缺纸")
    clerk.slip(0)
    clerk.press("ENTER")
    clerk.switch("paper-in", True)
    clerk.refund("50")
    clerk.slip(2, "¥0.50")  # and the slip that was owed
    clerk.press("ENTER")
    clerk.see("原路退款终端")
    clerk.page.locator("#tear").click()
    clerk.slip(0)
    expect(clerk.page.locator("#tear")).to_be_disabled()
    clerk.press("4")
    clerk.slip(1, "重打印")
    code = clerk.page.locator("#paper .slip:not(.torn) canvas")
    expect(code).to_have_count(1)
    clerk.page.wait_for_timeout(1500)  # until the paper has come out
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(code.screenshot())).convert("L"))
    assert len(found) == 1
    digits = found[0].text[8:32]  # the terminal stands before them
    said = clerk.page.locator("#paper .slip:not(.torn)").inner_text()
    assert " ".join(digits[at : at + 4] for at in range(0, 24, 4)) in said
    clerk.press("ENTER")
    for key in ("2", "CLEAR", "1"):
        clerk.press(key)
    clerk.see("请扫小票上的二维码")
    code.click()
    clerk.see("查得方式：小票码")


def test_the_wire_is_taken_apart_and_shows_no_card_number(clerk: Clerk) -> None:
    page = clerk.page
    clerk.sell("10000")
    page.locator("#tab-wire").click()
    request = page.locator("#wire details").last
    request.locator("summary").click()
    expect(request).to_contain_text("000000010000")
    expect(request).to_contain_text("流水号")
    expect(request).to_contain_text("622202****0007")
    clerk.see("消费成功")
    assert request.get_attribute("open") is not None, "a new state must not close what is being read"
    assert "6222020000000000007" not in (page.locator("body").text_content() or "")


def test_the_flash_is_a_living_map(clerk: Clerk) -> None:
    first = clerk.page.locator("#sectors li").first
    expect(clerk.page.locator("#sectors li")).to_have_count(16)
    before = first.get_attribute("title")
    clerk.sell("100")
    expect(first).not_to_have_attribute("title", before or "")


# ---- trouble


def test_a_refused_command_is_told_in_one_line(clerk: Clerk) -> None:
    page = clerk.page
    page.evaluate("document.querySelector('[data-key=\"9\"]').dataset.key = 'Q'")
    clerk.press("Q")
    expect(page.locator("#trouble")).to_contain_text("no key 'Q'")
    box = page.locator("#trouble").bounding_box()
    assert box and box["height"] < 50


def test_the_page_says_that_the_emulator_is_gone_and_comes_back_by_itself(page: Page) -> None:
    port = free_port()
    clerk = Clerk(page)
    with emulator(port) as address:
        clerk.arrive(address)
        clerk.sell("100")
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#link")).to_contain_text("disconnected")
    with emulator(port):
        expect(page.locator("#offline")).to_be_hidden()
        clerk.see("原路退款终端", "网")
        expect(clerk.rows).to_have_count(0)
        clerk.sell("200")


def test_what_comes_from_outside_is_text(page: Page, address: str) -> None:
    spell = "<img src=x onerror=\"document.title='pwned'\"><b id=spell>"

    def bewitch(state: State) -> None:
        state["log"] = state["paper"] = state["discrepancies"] = [spell]
        state["tray"][0]["name"] = state["tray"][0]["number"] = spell
        state["terminal"] = [
            {"number": spell, "kind": spell, "original": "", "amount": 1, "state": spell, "trace": 1, "sends": 1, "rrn": spell}
        ]
        state["acquirer"]["ledger"]["alarms"] = [{"what": spell, "number": spell}]
        state["acquirer"]["events"] = [
            {
                "number": 1,
                "when": spell,
                "direction": "in",
                "mti": spell,
                "summary": spell,
                "fields": {"57": {spell: spell}, spell: spell},
                "hex": spell,
            }
        ]

    doctored(page, bewitch)
    clerk = Clerk(page)
    clerk.arrive(address)
    expect(clerk.rows).to_have_count(1)
    for tab in ("wire", "log"):
        page.locator(f"#tab-{tab}").click()
        expect(page.locator(f"#{tab}")).to_contain_text("onerror")
    assert page.locator("img, #spell").count() == 0
    assert "pwned" not in page.title()


# ---- how it looks


def test_the_glass_is_drawn_pixel_for_pixel(page: Page, address: str) -> None:
    states: list[State] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: states.append(json.loads(frame))))
    clerk = Clerk(page)
    clerk.arrive(address)
    page.evaluate("new Promise(requestAnimationFrame)")
    drawn = page.evaluate("""() => {
        const canvas = document.getElementById('screen');
        const data = canvas.getContext('2d').getImageData(0, 0, 240, 160).data;
        const box = canvas.getBoundingClientRect();
        return [Array.from({ length: 240 * 160 }, (_, at) => data[4 * at] < 100 ? 1 : 0).join(''), box.width, box.height];
    }""")
    heard = [message["state"] for message in states if message.get("event") == "state"][-1]
    pixels = base64.b64decode(heard["pixels"])
    assert drawn == ["".join(f"{byte:08b}" for byte in pixels), 480, 320]
    assert 0 < drawn[0].count("1") < 240 * 160


def test_a_han_character_on_a_slip_is_two_columns_wide(clerk: Clerk) -> None:
    clerk.sell("100")
    clerk.slip(1)
    widths = clerk.page.evaluate("""() => {
        const width = (element) => element.getBoundingClientRect().width;
        const wide = [...document.querySelectorAll('.slip .wide')].map(width);
        const lines = [...document.querySelectorAll('.slip .line')];
        const rule = lines.find((line) => /^-{32}$/.test(line.textContent));
        const range = document.createRange();
        range.selectNodeContents(rule);
        const longest = Math.max(...lines.map((line) => line.scrollWidth));
        return [Math.min(...wide), Math.max(...wide), width(range) / 32, longest, width(rule)];
    }""")
    narrowest, widest, column, longest, paper = widths
    assert abs(narrowest - 2 * column) < 0.1 and abs(widest - 2 * column) < 0.1
    assert longest <= paper + 1


def test_every_control_can_be_named_and_reached(clerk: Clerk) -> None:
    nameless = clerk.page.evaluate("""() => [...document.querySelectorAll('button, select')]
        .filter((control) => !(control.getAttribute('aria-label') || control.textContent.trim()))
        .map((control) => control.outerHTML)""")
    assert nameless == []
    for name in "CANCEL CLEAR ENTER UP DOWN LANG Power Network Serial Paper Acquirer Tear UnionPay".split():
        expect(clerk.page.get_by_label(name).first).to_be_visible()
    expect(clerk.page.locator("#screen-text")).to_have_attribute("aria-live", "polite")
    expect(clerk.page.get_by_text("EMULATOR").first).to_be_in_viewport()


_ARROW = 20  # pixels of a box of choices that are not for its text


def test_the_acquirer_s_moods_are_not_cut_off(clerk: Clerk) -> None:
    """The longest one has room in its box; in half of it, as a control, it has not."""
    longest, room = clerk.page.evaluate("""() => {
        const box = document.querySelector('#mood'), draw = document.createElement('canvas').getContext('2d');
        draw.font = getComputedStyle(box).font;
        return [Math.max(...[...box.options].map((option) => draw.measureText(option.text).width)), box.clientWidth]; }""")
    assert room / 2 < longest <= room - _ARROW


def test_a_phone_gets_one_column(chrome: Browser, address: str) -> None:
    page = chrome.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=3, has_touch=True)
    clerk = Clerk(page)
    clerk.arrive(address)
    clerk.sell("100")
    clerk.press("ENTER")
    clerk.refund("50")
    clerk.newest("done", "agree")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    tops = [page.locator(name).bounding_box() for name in (".glass", ".keypad", ".cards", ".printer", ".ledger", ".tabs")]
    assert all(above and below and above["y"] + above["height"] <= below["y"] for above, below in pairwise(tops))
    page.close()
