"""What an authority signed, settings or firmware, as docs/bundles.md draws it. A visiting module.

manifest | 64 signature, Ed25519 over the SHA-256 of the manifest | the files' bytes, one after the other
"""

from hashlib import sha256
from struct import unpack_from

from yuanlu.compat import const, leave, visit
from yuanlu.errors import BadConfig

SETTINGS = const(1)
FIRMWARE = const(2)
HEAD = const(100)

_SIGNATURE = const(64)
_HEAD = "<4sBBH8s8sIIQI24s32s"
_FILE = const(84)  # path 48, u32 length, SHA-256
_FILES = const(16)
_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789_./"


def size(data):
    """Bytes of manifest and signature, told by the first `HEAD` of them; BadConfig."""
    if len(data) < HEAD or bytes(data[:4]) != b"YLB1" or not 1 <= data[5] <= _FILES:
        raise BadConfig("bundle: none is here")
    return HEAD + data[5] * _FILE + _SIGNATURE


class Bundle:
    """From manifest and signature; what follows them is not looked at. `places`: (path, length, SHA-256) of each file. BadConfig.

    `terminal` that settings are for, or board of firmware. `version` has to rise; `lowest`: firmware that is older is not taken
    any more. `journal`, `records`: the journal format that firmware reads, and bit by bit its record types. `before`: digest of
    the settings before. `digest`: SHA-256 of the manifest. `length`: bytes of all files.
    """

    def __init__(self, data, kind):
        end = size(data) - _SIGNATURE
        if len(data) < end + _SIGNATURE:
            raise BadConfig("bundle: it ends early")
        manifest = bytes(data[:end])
        found = unpack_from(_HEAD, manifest, 0)
        if found[1] != kind or found[4] != b"yuanlu\0\0":
            raise BadConfig("bundle: of another kind or product")
        self.journal, self.terminal = found[3], _text(found[5])
        self.version, self.lowest, self.records, self.date, _, self.before = found[6:]
        self.operator = _text(found[10])
        self.places = [_place(manifest[at : at + _FILE]) for at in range(HEAD, end, _FILE)]
        self.length = sum([place[1] for place in self.places])
        self._signature = bytes(data[end : end + _SIGNATURE])
        self.digest = sha256(manifest).digest()

    def check(self, key):
        """BadConfig when that 32-byte key did not sign it."""
        good = visit("yuanlu.crypto.ed25519").verify(key, self.digest, self._signature)
        leave("yuanlu.crypto.ed25519", "yuanlu.crypto.sha512")
        if not good:
            raise BadConfig("bundle: it is not signed by this shop's authority")

    def is_whole(self, read):
        """Every file is what was signed. read(at, count): bytes, counted from where the files begin."""
        at = 0
        for _, length, digest in self.places:
            found = sha256()
            for start in range(at, at + length, 256):
                found.update(read(start, min(256, at + length - start)))
            if found.digest() != digest:
                return False
            at += length
        return True


def _text(data):
    """UTF-8 that fills up with zeros, at least one character."""
    text = data.rstrip(b"\0")
    try:
        text = str(text, "utf-8")
    except ValueError:  # UnicodeError
        text = ""
    if not text or "\0" in text:
        raise BadConfig("bundle: a text in it is none")
    return text


def _place(data):
    path = data[:48].rstrip(b"\0")
    if path[:1] == b"/" or b".." in path or any(char not in _PLAIN for char in path):
        raise BadConfig("bundle: a path in it is none")
    return _text(path), int.from_bytes(data[48:52], "little"), data[52:]
