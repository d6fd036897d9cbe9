"""AES-DUKPT, ANSI X9.24-3:2017, AES-128: a key for each transaction that cannot be made again from what stays here.

What the vault keeps of it: u32 next counter (0: all are used up) | 8 bytes initial key id | 32 registers of 16 bytes, zeros when
used up. It is durable before a key of it is used, so no counter ever comes twice; one that is lost by a power cut costs nothing.

A visiting module: see crypto.Dukpt.
"""

from struct import pack, unpack_from

from yuanlu.compat import const
from yuanlu.crypto.aes import ecb
from yuanlu.crypto.cmac import cmac, equal
from yuanlu.crypto.two_places import TwoPlaces, first
from yuanlu.errors import Refused, StoreDamaged

PLACES = (4, 5)  # of the vault
MAC_OF_REQUEST = const(0x2000)
MAC_OF_ANSWER = const(0x2001)
DATA = const(0x3000)
_DERIVATION = const(0x8000)
_REGISTERS = const(32)
_LENGTH = const(524)
_MOST_ONES = const(16)  # counters with more one-bits are passed over
_EMPTY = bytes(16)


class Keys:
    """Of one transaction. ksn: 12 bytes, initial key id and counter; request, answer, data: 16 bytes each."""

    def __init__(self, ksn, request, answer, data):
        self.ksn, self.request, self.answer, self.data = ksn, request, answer, data

    def mac(self, body):
        """Field 64 of a request over all before it."""
        return cmac(self.request, body)[:8]


def loaded(initial_key, key_id):
    """What a vault holds at first. initial_key: 16 bytes; key_id: 8 bytes, the first half of every KSN's id."""
    return first(_of(initial_key, key_id))


def load(vault, initial_key, key_id):
    """Durable: the keys that come from this one take the place of those that are there. Its id must be a new one."""
    kept(vault).store(_of(initial_key, key_id))


def _of(initial_key, key_id):
    registers = bytearray(16 * _REGISTERS)
    _fill(registers, _REGISTERS, initial_key, key_id, 0)
    return pack("<I", 1) + key_id + registers


def standing(vault):
    """(initial key id, next counter), or None without keys."""
    state = kept(vault).state
    return state and (bytes(state[4:12]), unpack_from("<I", state, 0)[0])


def derive(key, usage, key_id, counter):
    """The key of that usage under `key`. Derivation data: 01, block 1, usage, AES-128, 128 bits, id and counter."""
    data = pack(">BBHHH", 1, 1, usage, 2, 128) + key_id[4:] + pack(">I", counter)
    return ecb(key, data)


def _fill(registers, count, key, key_id, counter):
    """The registers below `count` get the keys of the counters that differ from `counter` in one more bit."""
    for at in range(count):
        registers[16 * at : 16 * at + 16] = derive(key, _DERIVATION, key_id, counter | 1 << at)


def kept(vault):
    """What the vault keeps, as TwoPlaces."""
    return TwoPlaces(vault, PLACES, _LENGTH)


def next_keys(vault):
    """The Keys of the next transaction, never given again. Refused when all are used up."""
    state = kept(vault)
    if state.state is None:
        raise StoreDamaged("vault: it holds no key for messages; the terminal must be provisioned")
    if state.torn:  # the state that is lost may have been the newer one: one key was given out then, and is passed over
        _advance(state)
    ksn, key = _advance(state)
    return Keys(ksn, *[derive(key, usage, ksn[:8], _counter(ksn)) for usage in (MAC_OF_REQUEST, MAC_OF_ANSWER, DATA)])


def fits(answer_key, mac_of_request, body, mac):
    """Whether that is the MAC of the answer to that request; body: all before it."""
    return equal(cmac(answer_key, mac_of_request + body)[:8], mac)


def _advance(kept):
    """(KSN, transaction key) of the next transaction; what is kept is durable beyond it."""
    counter, key_id = unpack_from("<I8s", kept.state, 0)
    registers = bytearray(kept.state[12:])
    counter, lowest = _usable(counter, registers)
    at = 16 * lowest
    key = bytes(registers[at : at + 16])
    after = counter + (1 << lowest)
    if _ones(counter) < _MOST_ONES:
        _fill(registers, lowest, key, key_id, counter)
        after = counter + 1
    registers[at : at + 16] = _EMPTY
    kept.store(pack("<I", after & 0xFFFFFFFF) + key_id + registers)
    return key_id + pack(">I", counter), key


def _counter(ksn):
    return unpack_from(">I", ksn, 8)[0]


def _usable(counter, registers):
    """(counter, its lowest one-bit) of the next key that is there."""
    while True:
        if counter == 0 or counter >> 32:
            raise Refused("refused.keys_used_up")
        lowest = 0
        while not counter >> lowest & 1:
            lowest += 1
        if registers[16 * lowest : 16 * lowest + 16] != _EMPTY:
            return counter, lowest
        counter += 1 << lowest


def _ones(number):
    count = 0
    while number:
        number &= number - 1
        count += 1
    return count
