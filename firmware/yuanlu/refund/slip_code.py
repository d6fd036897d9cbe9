"""The code on a slip by which its transaction is found again. Pure; a visiting module.

    typed    number 8 | trace 6 | amount in fen 8 | check 2                             24 digits, also in letters on the slip
    scanned  terminal 8 | typed 24 | number 8 and tag 20 of the seal | check 2          62 characters, the QR code

number: the record number, its last 8 digits; tag: the 8 bytes of the seal as one decimal number. Both checks are ISO/IEC 7064
MOD 97-10, over all before them; a character of the terminal counts as the three digits of its ASCII code, and the terminal
stands before what is typed too, so that the slip of another one shows. One wrong character and two that changed places, wherever
they stand, are always found: with fixed places both change the number by a multiple of a power of ten that 97 does not divide.
"""

from yuanlu.compat import const
from yuanlu.errors import Refused

TYPED = const(24)
SCANNED = const(62)
_TERMINAL = const(8)
_NUMBERS = 100_000_000


def typed(terminal, number, trace, amount):
    """The digits that a person can type; amount: fen."""
    text = "{:08d}{:06d}{:08d}".format(number % _NUMBERS, trace, amount)
    return text + check(terminal + text, _TERMINAL)


def encode(terminal, number, trace, amount, seal):
    """What the QR code says. seal: (record number, 8 bytes tag) of the journal's newest record."""
    found = terminal + typed(terminal, number, trace, amount)
    found += "{:08d}{:020d}".format(seal[0] % _NUMBERS, int.from_bytes(seal[1], "big"))
    return found + check(found, _TERMINAL)


def read(text, terminal):
    """(number, trace, fen) of a code that was typed or scanned at this terminal; blanks count nothing. Refused says what is
    wrong with it."""
    text = text.replace(" ", "")
    if len(text) == SCANNED:
        if not _is_whole(text, _TERMINAL):
            raise Refused("refused.code_check")
        if text[:_TERMINAL] != terminal:
            raise Refused("refused.code_terminal", text[:_TERMINAL])
        text = text[_TERMINAL : _TERMINAL + TYPED]
    if len(text) != TYPED:
        raise Refused("refused.code_form", TYPED)
    if not _is_whole(terminal + text, _TERMINAL):
        raise Refused("refused.code_check")
    return int(text[:8]), int(text[8:14]), int(text[14:22])


def check(text, letters=0):
    """The two digits that make text and them 1 modulo 97; letters: so many characters at its beginning take three digits each."""
    return "{:02d}".format(98 - _remainder(text, letters) * 100 % 97)


def _is_whole(text, letters):
    return all(char in "0123456789" for char in text[letters:]) and _remainder(text, letters) == 1


def _remainder(text, letters):
    """Of the number that the text stands for, modulo 97."""
    rest = 0
    for at, char in enumerate(text):
        rest = (rest * 1000 + ord(char)) % 97 if at < letters else (rest * 10 + int(char)) % 97
    return rest
