"""What technician and terminal say to each other on channel 2 of the serial line: docs/service-protocol.md. Both ends use this.

Everything is one frame of wire.serial; its session number is the first four bytes of the terminal's nonce.
"""

from collections import namedtuple
from struct import calcsize, pack, unpack

from yuanlu.compat import const
from yuanlu.crypto.cmac import equal
from yuanlu.crypto.ctr import ctr
from yuanlu.crypto.hkdf import hkdf_sha256
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.errors import BadMessage

VERSION = const(1)

# Kinds of frames: technician to terminal ASK, TICKET, COMMAND; the others are answers.
ASK = const(1)
HELLO = const(2)
TICKET = const(3)
OPENED = const(4)
WAIT = const(5)
COMMAND = const(6)
ANSWER = const(7)
NO = const(8)

# Why NO, one byte.
NO_TICKET = const(1)  # of another terminal, for another HELLO, or not from the authority
NO_CONSENT = const(2)  # somebody at the keypad said no, or nobody said yes
NO_SESSION = const(3)
NO_ROOM = const(4)  # the terminal is busy or its journal full: try again
SHUT = const(5)  # too many bad tickets: a minute's rest
OUT_OF_USE = const(6)  # it was erased, or is about to be

ERASED = const(2)  # in HELLO, in the place that is 1 while a session is open: nobody ever comes in

# What a ticket may allow, one bit each.
DIAG = const(1)
PULL = const(2)
QUEUE = const(4)
RESOLVE = const(8)
HANDOVER = const(16)
CONFIG = const(32)
KEYLOAD = const(64)
FIRMWARE = const(128)
WIPE = const(256)
CAPABILITIES = "DIAG PULL QUEUE RESOLVE HANDOVER CONFIG KEYLOAD FIRMWARE WIPE".split()
ALL = const(511)

# Commands, and the bit that each one takes.
BYE = const(0)
PING = const(1)
STATUS = const(2)
SCREEN = const(3)
TIME = const(4)
LOGS = const(5)
GEOMETRY = const(16)
READ = const(17)
DIGEST = const(18)
SEND_NOW = const(32)
WITHDRAW = const(33)
RELEASE = const(34)
HOLD = const(35)
DONE = const(48)
NOT_DONE = const(49)
AGAIN = const(50)
EXPORT = const(64)
CAPSULE = const(65)
IMPORT = const(66)
TAKE = const(67)
FINISH = const(68)
ABORT = const(69)
DECLINE = const(70)
OWNER = const(71)
MEND = const(72)
SETTINGS_INFO = const(80)
BRING = const(81)
INSTALL = const(82)
KEYS = const(96)
INJECT = const(97)
FIRMWARE_INFO = const(112)
FIRMWARE_FITS = const(113)
FIRMWARE_HERE = const(114)
FIRMWARE_BRING = const(115)
FIRMWARE_INSTALL = const(116)
RESTART = const(117)
CONFIRM = const(118)
BACK = const(119)
SELF_TEST = const(120)
ERASE = const(128)
COMMANDS = {
    BYE: 0,
    PING: DIAG,
    STATUS: DIAG,
    SCREEN: DIAG,
    TIME: CONFIG,
    LOGS: DIAG,
    GEOMETRY: PULL,
    READ: PULL,
    DIGEST: PULL,
    SEND_NOW: QUEUE,
    WITHDRAW: QUEUE,
    RELEASE: QUEUE,
    HOLD: QUEUE,
    DONE: RESOLVE,
    NOT_DONE: RESOLVE,
    AGAIN: RESOLVE,
    EXPORT: HANDOVER,
    CAPSULE: HANDOVER,
    IMPORT: HANDOVER,
    TAKE: HANDOVER,
    FINISH: HANDOVER,
    ABORT: HANDOVER,
    DECLINE: HANDOVER,
    OWNER: HANDOVER,
    MEND: HANDOVER,
    SETTINGS_INFO: CONFIG,
    BRING: CONFIG,
    INSTALL: CONFIG,
    KEYS: DIAG,
    INJECT: KEYLOAD,
    FIRMWARE_INFO: FIRMWARE,
    FIRMWARE_FITS: FIRMWARE,
    FIRMWARE_HERE: FIRMWARE,
    FIRMWARE_BRING: FIRMWARE,
    FIRMWARE_INSTALL: FIRMWARE,
    RESTART: FIRMWARE,
    CONFIRM: FIRMWARE,
    BACK: FIRMWARE,
    SELF_TEST: FIRMWARE,
    ERASE: WIPE,
}

# First byte of an answer.
OK = const(0)
MALFORMED = const(1)
NOT_ALLOWED = const(2)
REFUSED = const(3)  # followed by the id of its words and, behind a blank, what else is known

MOST_READ = const(1024)  # bytes of one READ
_TAG = const(16)
_HELLO = "<B8sI16sI8s16sB"
_TICKET = "<B8sIHHH16s16s"
HELLO_SIZE = const(58)
TICKET_SIZE = const(67)

Hello = namedtuple("Hello", ("version", "terminal", "boot", "firmware", "number", "tag", "nonce", "busy"))
Ticket = namedtuple("Ticket", ("version", "terminal", "technician", "allowed", "commands", "seconds", "nonce", "theirs", "tag"))


def action_of(table, command, given):
    """What carries a command out. table: (action, fewest bytes, most bytes) of each; BadMessage for another number of them."""
    action, least, most = table[command]
    if not least <= len(given) <= most:
        raise BadMessage("service: command {} takes {} to {} bytes".format(command, least, most))
    return action


def encode_hello(terminal, boot, firmware, number, tag, nonce, busy):
    """All that a stranger gets to know: who this is, its firmware, and the head of its journal, number and tag."""
    return pack(_HELLO, VERSION, terminal.encode(), boot, firmware.encode()[:16], number, tag, nonce, busy)


def decode_hello(body):
    """A Hello; BadMessage."""
    if len(body) != calcsize(_HELLO) or body[0] != VERSION:
        raise BadMessage("service: no HELLO of version {}".format(VERSION))
    return Hello(*unpack(_HELLO, body))


def issue(key, terminal, technician, allowed, commands, seconds, nonce, theirs):
    """The bytes of a ticket. key: the terminal's service key, 32 bytes; nonce: of its HELLO, theirs: the authority's, 16 each."""
    body = pack(_TICKET, VERSION, terminal.encode(), technician, allowed, commands, seconds, nonce, theirs)
    return body + hmac_sha256(key, b"yuanlu ticket" + body)[:_TAG]


def decode_ticket(body):
    """A Ticket, its tag not checked; BadMessage."""
    if len(body) != TICKET_SIZE or body[0] != VERSION:
        raise BadMessage("service: no ticket of version {}".format(VERSION))
    fields = list(unpack(_TICKET, body[:-_TAG]))
    fields.append(bytes(body[-_TAG:]))
    return Ticket(*fields)


def is_issued(key, body):
    """The ticket is the authority's."""
    return equal(hmac_sha256(key, b"yuanlu ticket" + bytes(body[:-_TAG]))[:_TAG], body[-_TAG:])


def session_keys(key, ticket):
    """64 bytes: 32 for MACs, 16 to encrypt commands, 16 to encrypt answers."""
    return hkdf_sha256(key, ticket.nonce + ticket.theirs, b"yuanlu session" + ticket.tag, 64)


def proof(keys, side, ticket_bytes):
    """16 bytes that show that this side (b"L" the laptop, b"T" the terminal) has the session's keys. No MAC of `seal` has its
    beginning, so that neither stands for the other."""
    return hmac_sha256(keys[:32], b"proof" + side + ticket_bytes)[:_TAG]


def seal(keys, side, sequence, plain):
    """A COMMAND's (side b"L") or ANSWER's (b"T") body: u32 sequence, the encrypted bytes, 16 bytes of MAC."""
    sealed = sequence.to_bytes(4, "little") + _crypt(keys, side, sequence, plain)
    return sealed + hmac_sha256(keys[:32], side + sealed)[:_TAG]


def unseal(keys, side, sequence, body):
    """What was sealed under that sequence number; BadMessage."""
    if len(body) <= 4 + _TAG or int.from_bytes(body[:4], "little") != sequence:
        raise BadMessage("service: another sequence number")
    if not equal(hmac_sha256(keys[:32], side + bytes(body[:-_TAG]))[:_TAG], body[-_TAG:]):
        raise BadMessage("service: another MAC")
    return _crypt(keys, side, sequence, bytes(body[4:-_TAG]))


def _crypt(keys, side, sequence, data):
    return ctr(keys[32:48] if side == b"L" else keys[48:64], sequence << 32, data)
