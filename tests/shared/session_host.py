"""A host with session keys, and a terminal that has its master key."""

from parts import NorFlash, Terminal, answer_to, every_record
from yuanlu.crypto.weak.des import DoubleDes
from yuanlu.crypto.weak.session import mac
from yuanlu.crypto.weak.sm4 import Sm4
from yuanlu.refund import state as s
from yuanlu.wire import iso8583

TMK = bytes.fromhex("0123456789abcdeffedcba9876543210")
MAK = bytes.fromhex("00112233445566778899aabbccddeeff")
OTHER_MAK = bytes.fromhex("ffeeddccbbaa99887766554433221100")
SIGN_ON = b"\x08\x00"


def wrapped(algorithm, mak, tmk=TMK):
    """What an acquirer sends for that MAK."""
    cipher = Sm4 if algorithm == "sm4" else DoubleDes
    parts = [cipher(tmk).encrypt(mak[at : at + cipher.width]) for at in range(0, 16, cipher.width)]
    return b"".join(parts) + cipher(mak).encrypt(bytes(cipher.width))[:4]


def a_terminal(flash=None, roads=(), algorithm="x9_19", **changes):
    """Of that chip; its vault holds the master key."""
    flash = flash or NorFlash()
    flash.vault.places[8] = TMK
    return Terminal(flash, roads, mac=algorithm, wallet_accepts=0, **changes)


class Host:
    """Hands out `mak` at a sign-on; seals its answers with it. `refused`: requests whose seal was under another one."""

    def __init__(self, mak=MAK, algorithm="x9_19"):
        self.mak, self.algorithm = mak, algorithm
        self.refused = 0

    def sign_on(self, request):
        """The answer to it."""
        assert request[13:15] == SIGN_ON, "another message than a sign-on"
        return answer_to(request, b"00", f62=wrapped(self.algorithm, self.mak))

    def answer(self, code=b"00"):
        """For the script of a Road."""

        def made(request):
            body = request[13:-8]
            assert b"\x02\x0c" not in iso8583.decode(request[13:])[1][57][:30], "a KSN"
            right = mac(self.mak, body, self.algorithm) == request[-8:]
            self.refused += 0 if right else 1
            frame = answer_to(request, code if right else b"A0", key=bytes(16))
            return frame[:-8] + mac(self.mak, frame[13:-8], self.algorithm)

        return made


def types_since(journal, number):
    """The types of the records from that number on."""
    return [record.type for record in every_record(journal) if record.number >= number and not record.copy]


def seals_of(journal, number):
    """(epoch, field 64) of every SEAL of that transaction, oldest first."""
    found = []
    for record in every_record(journal):
        if record.type == s.SEAL and record.transaction == number and not record.copy:
            body = record.body()
            found.append((body.epoch, body.mac))
    return found
