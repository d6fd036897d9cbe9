"""A chromium for a module, an emulator and a page for each test. Without a chromium they are skipped; in CI they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.picture import Clerk, browser, chromium, emulator, free_port

MISSING = "there is no chromium, so the page is NOT TESTED; install it, or set YUANLU_CHROMIUM=/path/to/chromium"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """Ends with the module: while playwright runs, no other test could start an event loop."""
    path = chromium()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING, pytrace=False)
    if path is None:
        pytest.skip(MISSING)
    with browser(path) as running:
        yield running


@pytest.fixture
def address() -> Iterator[str]:
    """A fresh emulator."""
    with emulator(free_port()) as served:
        yield served


@pytest.fixture
def context(chrome: Browser) -> Iterator[BrowserContext]:
    """A browser that was never here. What the page loads from elsewhere, or complains of, fails the test."""
    opened = chrome.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    trouble: list[str] = []
    opened.on("request", lambda request: trouble.append(f"loads {request.url}") if _elsewhere(request.url) else None)
    opened.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    opened.on("weberror", lambda error: trouble.append(str(error.error)))
    yield opened
    opened.close()
    # While no emulator listens, the browser says so on its console; the page has its own words for that.
    assert [line for line in trouble if "ERR_CONNECTION_REFUSED" not in line] == []


def _elsewhere(url: str) -> bool:
    return urlsplit(url).scheme != "data" and urlsplit(url).hostname != "127.0.0.1"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page."""
    return context.new_page()


@pytest.fixture
def clerk(page: Page, address: str) -> Clerk:
    """Somebody at the page, the terminal in its main menu."""
    clerk = Clerk(page)
    clerk.arrive(address)
    return clerk
