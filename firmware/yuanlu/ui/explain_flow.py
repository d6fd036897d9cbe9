"""What does a response code or a refusal mean? What happened, why, what to do: from the tables alone, without a line."""

from yuanlu.errors import Cancelled
from yuanlu.ui.describe import code_words
from yuanlu.ui.menu import enter


async def run(till):
    """Raises Cancelled to leave."""
    picked = await till.dialogs.choose("explain.title", ("explain.type", "explain.letters", "explain.refusals"))
    await (_typed, _lettered, _refused)[picked](till)


async def _typed(till):
    """Two digits, shown as they come."""
    while True:
        digits = await _two_digits(till)
        await _show(till, ("line.text", digits), code_page(till.words, digits))


async def _two_digits(till):
    digits = ""
    while len(digits) < 2:
        till.dialogs.show("explain.type", [("explain.entry", digits), "explain.enter"], "hint.amount")
        key = await till.dialogs.key()
        if key == "CANCEL":
            raise Cancelled
        if key == "CLEAR":
            digits = ""
        elif len(key) == 1 and key.isdigit():
            digits += key
    return digits


async def _lettered(till):
    """One of the codes that have a letter."""
    codes = lettered_codes(till.words.codes)
    while True:
        picked = codes[await till.dialogs.choose("explain.letters", [_item(till.words, code) for code in codes])]
        await _show(till, ("line.text", picked), code_page(till.words, picked))


def _item(words, code):
    return ("line.code", code, code_words(words, code))


def lettered_codes(section):
    """Every code of the table that is not of digits, in its order."""
    found = []
    for index in range(section.count):
        at = section.keys + 2 * index
        code = chr(section.data[at + 1]) + chr(section.data[at])
        if not code.isdigit():
            found.append(code)
    return found


def code_page(words, code):
    """Its name, what the terminal makes of it as a first answer and as the answer to a repeat, what to do."""
    section = words.codes
    found = section.find(ord(code[0]) << 8 | ord(code[1]))
    if found is None:
        return [("line.code", code, ("code.other",)), "explain.unknown"]
    lines = [("line.code", code, code_words(words, code))]
    lines.append(("explain.first", ("class.{}".format(found[0]),)))
    if found[1] != found[0]:
        lines.append(("explain.repeat", ("class.{}".format(found[1]),)))
    if words.knows("advice." + code):
        lines.append(("explain.advice", ("advice." + code,)))
    return lines


async def _refused(till):
    """One of the reasons for which this terminal says no by itself."""
    reasons = till.words(refusals()).split()
    while True:
        items = [_plain(till.words, "refused." + reason) for reason in reasons]
        reason = reasons[await till.dialogs.choose("explain.refusals", items)]
        await _show(till, "explain.refusals", refusal_page(till.words, reason))


def refusals():
    """The word that lists every reason: the build writes it (host_tools/yuanluctl/tables.py)."""
    return "explain.reasons"


def refusal_page(words, reason):
    """What it says, and what to do next."""
    return [_plain(words, "refused." + reason), ("explain.advice", ("advice.refused." + reason,))]


def _plain(words, name):
    """Its words as a text to say, with dots for what is filled in."""
    said = words(name)
    return ("line.text", said.replace("{}", "...")) if "{}" in said else (name,)


async def _show(till, title, lines):
    """One page; back to the choice on either key."""
    try:
        await enter(till, "yuanlu.ui.pages", title, [lines])
    except Cancelled:
        pass
