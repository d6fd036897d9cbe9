"""What settings must be beyond their type and range: rules that bind several, and texts that have a form. A visiting module."""

from yuanlu.errors import BadConfig
from yuanlu.settings import FOUND, MACS, PRODUCTS, REPEATS

_NAME, _HOTLINE = 16, 16
_SENT = bytes((3, 4, 11, 25, 37, 38, 41, 42, 49, 57, 60, 61, 62, 63, 64))  # fields that a refund has
_SECRET = bytes((2, 35, 36, 45, 52, 53, 55))  # card number, tracks, PIN, chip data with the card number in it


def check(values):
    """Raise BadConfig, which names the setting; where a text stands for several values, put these in its place."""
    _check_acquirer(values)
    _check_texts(values)
    _check_fields(values)
    _check_fees(values)
    if values["no_original"] and not values["login"]:
        raise BadConfig("config: 'no_original' is 0 where 'login' is: another person has to agree to such a refund")
    ways = values["approve_found"].split() if values["approve_found"] != "-" else []
    if any(way not in FOUND for way in ways):
        raise BadConfig("config: 'approve_found' is '-', or some of {}".format(", ".join(FOUND)))
    values["approve_found"] = [FOUND.index(way) for way in ways]


def _check_acquirer(values):
    if values["repeat"] not in REPEATS:
        raise BadConfig("config: 'repeat' is one of {}".format(", ".join(REPEATS)))
    if values["mac"] not in MACS:
        raise BadConfig("config: 'mac' is one of {}".format(", ".join(MACS)))
    if values["mac"] != MACS[0] and (values["query"] or values["wallet_accepts"]):
        raise BadConfig("config: 'query' and 'wallet_accepts' are 0 where 'mac' is {}: no answer is bound".format(values["mac"]))
    open_only = values["repeat"] == "open_batch" or not values["old_batches"]
    late_is_new = values["query"] if values["repeat"] == "nothing" else open_only
    if late_is_new and not values["ask_ms"]:
        text = "config: 'ask_ms' is not 0 where 'repeat' is {} and 'old_batches' {}: what comes late is new to it"
        raise BadConfig(text.format(values["repeat"], values["old_batches"]))
    values["wallet_asks"] = _seconds(values["wallet_asks"])
    values["wallet_no"] = tuple([code.encode() for code in values["wallet_no"].split()])
    if any(len(code) != 2 or code in (b"00", b"09") for code in values["wallet_no"]):
        raise BadConfig("config: 'wallet_no' is response codes of two characters with blanks between, and none that approves")


def _check_fields(values):
    for field in values["fields"].split() if values["fields"] != "-" else []:
        number = min(int(field), 255) if _is_digits(field) and field[0] != "0" else 0
        if number in _SECRET:
            raise BadConfig("config: 'fields' demands {}: a PIN, a track or a card number in clear is never read".format(field))
        if number not in _SENT:
            raise BadConfig("config: 'fields' demands {}, which no refund of this terminal has".format(field))


def _check_texts(values):
    for name in ("terminal", "merchant", "host"):
        if any(not 32 < ord(char) < 127 for char in values[name]):
            raise BadConfig("config: '{}' is printable ASCII without blanks".format(name))
    for name in ("shop", "acquirer_name"):
        if len(values[name]) > _NAME or any(not 32 <= ord(char) <= 0xFFFF for char in values[name]):
            raise BadConfig("config: '{}' is at most {} characters that a screen or printer here can show".format(name, _NAME))
    _check_digits(values)
    for name in ("min_version", "refuse_below"):
        if not all(_is_digits(part) for part in values[name].split(".")):
            raise BadConfig("config: '{}' is a version like 0.1.0".format(name))
    if values["notices"] != "-" and not all(_is_notice(line) for line in values["notices"].split("\n")):
        raise BadConfig("config: each line of 'notices' is yyyymmdd, a blank and a text, like 20261231 Closed tomorrow")
    for name in ("merchant", "acquirer", "network", "authority"):
        number = values["hotline_" + name]
        if len(number) > _HOTLINE or any(char not in "0123456789+- " for char in number):
            raise BadConfig("config: 'hotline_{}' is a telephone number of at most {} characters".format(name, _HOTLINE))


def _check_fees(values):
    for line in values["fees"].split(";"):
        parts = line.split()
        fits = len(parts) in (3, 5) and parts[0] in PRODUCTS and all(_is_digits(part) and len(part) < 9 for part in parts[1:])
        if not fits or int(parts[1]) > 10_000:
            raise BadConfig("config: 'fees' is rows like 'debit 55 2000 20260101 20261231' with ; between, not {}".format(line))
    if values["fee_card"] not in PRODUCTS:
        raise BadConfig("config: 'fee_card' is one of {}".format(", ".join(PRODUCTS)))


def _check_digits(values):
    for name in ("tpdu", "header"):
        if not _is_digits(values[name]):
            raise BadConfig("config: '{}' is digits only".format(name))
    hours = values["open_hours"]
    if hours[4] != "-" or not _is_digits(hours[:4] + hours[5:]) or max(hours[:4], hours[5:]) > "2400":
        raise BadConfig("config: 'open_hours' is like 0900-2200")


def _is_digits(text):
    """Of 0 to 9; elsewhere `isdigit` takes others too."""
    return bool(text) and all(char in "0123456789" for char in text)


def _is_notice(line):
    return len(line) > 9 and _is_digits(line[:8]) and line[8] == " "


def _seconds(text):
    """A tuple of rising whole numbers."""
    found = tuple([int(part) if _is_digits(part) and len(part) < 7 else 0 for part in text.split()])
    if not found or found[0] < 1 or any(found[at] >= found[at + 1] for at in range(len(found) - 1)):
        raise BadConfig("config: 'wallet_asks' is seconds with blanks between, each more than the one before")
    return found
