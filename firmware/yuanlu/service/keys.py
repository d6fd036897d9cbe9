"""The keys in the vault, for a technician who never sees one: which are there, and a new one for messages in a key block of
TR-31. A visiting module; functions as in commands.

A block is taken once: its version has to rise, durably before its key counts, and its key has to be one that was never in force
here, or counters would come twice (L4).
"""

import json
from binascii import hexlify, unhexlify

from yuanlu.compat import const
from yuanlu.crypto import dukpt, key_ids, tr31, transport
from yuanlu.errors import BadMessage, Refused
from yuanlu.wire import service

_HEADER = b"B1AX"  # an initial key of AES-DUKPT, to derive from alone
_KEY, _KEY_ID = const(16), const(8)
# What else the vault holds, a place each: session keys' master, PINs, codes by telephone, tickets, signatures.
_OTHERS = (("master", 8), ("pins", 12), ("telephone", 13), ("service", 14), ("signatures", 15))


def do(door, command, given):
    """The bytes that answer it."""
    if command == service.KEYS and not given:
        return json.dumps(_standing(door.till.board.vault)).encode()
    if command == service.INJECT and tr31.SHORTEST <= len(given) <= tr31.LONGEST:
        return _inject(door, bytes(given))
    raise BadMessage("service: no such command {}".format(command))


def _standing(vault):
    """[name, there, check value or id, counter] of each; never a key."""
    kept, messages = transport.standing(vault), dukpt.standing(vault)
    rows = [["transport", 1, transport.check(kept[1]), kept[0]] if kept else ["transport", 0, "", 0]]
    rows.append(["messages", 1, str(hexlify(messages[0]), "ascii").upper(), messages[1]] if messages else ["messages", 0, "", 0])
    for name, place in _OTHERS:
        key = vault.load(place)
        rows.append([name, int(bool(key)), transport.check(key) if len(key) in (16, 32) else "", 0])
    return rows


def _inject(door, given):
    till = door.till
    vault = till.board.vault
    kept = transport.standing(vault)
    if kept is None or till.config.mac != "dukpt":
        raise Refused("refused.no_transport")
    if till.journal.live:
        raise Refused("refused.keys_open")
    try:
        version, key, key_id = _read(tr31.unwrap(kept[1], given))
    except BadMessage:
        door.end()  # one try a ticket
        raise Refused("refused.key_block") from None
    if version <= kept[0]:
        raise Refused("refused.key_old")
    key_ids.refuse(vault, key_id)
    check = transport.check(key)
    door.note(door.ticket, service.INJECT, int(check, 16))
    transport.take(vault, version)
    key_ids.replace(vault, key, key_id)
    return check.encode()


def _read(block):
    """(version, key, key id) of an initial key; BadMessage for any other key."""
    version = block.header[4:6]
    key_ids = [text for name, text in block.options if name == b"IK"]
    odd = [name for name, _ in block.options if name not in (b"IK", b"PB")]
    if block.header[:4] != _HEADER or block.header[6:] != b"N" or odd or len(key_ids) != 1 or len(block.key) != _KEY:
        raise BadMessage("keys: a block of another kind")
    if len(key_ids[0]) != 2 * _KEY_ID or [byte for byte in key_ids[0] if byte not in b"0123456789ABCDEF"]:
        raise BadMessage("keys: no id of an initial key")
    if [byte for byte in version if not 0x30 <= byte <= 0x39]:
        raise BadMessage("keys: no version")
    return int(version), block.key, unhexlify(key_ids[0])
