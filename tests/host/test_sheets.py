"""The ceremony's sheets, typed at a terminal: as they are printed, by pressed keys alone, by two people who log in."""

import re
from pathlib import Path

from emulator.clerk import Clerk
from host_tools.yuanluctl import transport_keys
from tests.conftest import FIRMWARE
from tests.host.at_a_terminal import typed as typed_at
from tests.host.service_line import Technician, on_the_line
from yuanlu.wire import service as wire

FIRST, SECOND = "00112233445566778899AABBCCDDEEFF" * 2, "FEDCBA98765432100123456789ABCDEF" * 2
PASSPHRASE = "two people in a room"
FIRST_SUPERVISOR, SECOND_SUPERVISOR = 8, 9
WRONG = "这一组不对"


class Ceremony:
    """What the command has printed: of each person the groups of his sheet and his check value, and that of the key."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "key"
        typed = [FIRST, FIRST, "", SECOND, SECOND, "", PASSPHRASE, PASSPHRASE]
        words = ["ceremony", str(self.file), "--sheets", "--lang", "en"]
        code, printed = typed_at(["keys", *words], *typed)
        assert code == 0, printed
        numbered = re.findall(r"\b(\d{1,2}): (\d{7})\b", printed)
        assert [int(number) for number, _ in numbered] == [*range(1, 17), *range(1, 17)]
        groups = [group for _, group in numbered]
        self.sheets = groups[:16], groups[16:]
        self.checks = re.findall(r"check value of component \d: ([0-9A-F]{5})", printed)
        [self.check] = re.findall(r"a transport key, check value ([0-9A-F]{5})", printed)

    def block(self, folder: Path, key: bytes) -> bytes:
        """A key block under the key of the ceremony, as the command makes it."""
        words = ["wrap", str(self.file), "--key-id", "1122334455667788", "--version", "1", "-o", str(folder / "block")]
        code, printed = typed_at(["keys", *words], key.hex(), YUANLU_PASSPHRASE=PASSPHRASE)
        assert code == 0, printed
        return (folder / "block").read_bytes().strip()


def to_the_ceremony(clerk: Clerk) -> None:
    """From the menu to the first group of the first person."""
    clerk.pick("更多")
    clerk.press("DOWN " * 10 + "ENTER")
    clerk.see("两人各输入自己的分量")
    clerk.press("ENTER")
    clerk.sign(FIRST_SUPERVISOR)
    clerk.see("第1人的分量", "第1组，共16组")


def type_group(clerk: Clerk, group: str) -> bool:
    """False where the terminal says that it is none."""
    clerk.press(" ".join(group) + " ENTER")
    return WRONG not in clerk.terminal.screen.text


def type_sheet(clerk: Clerk, sheet: list[str]) -> None:
    for at, group in enumerate(sheet, 1):
        clerk.see(f"第{at}组，共16组")
        assert type_group(clerk, group), (at, group)


def typed_by_two(technician: Technician, ceremony: Ceremony) -> str:
    """The check value that the terminal says its transport key has."""
    clerk = Clerk(technician.shop)
    for number in (FIRST_SUPERVISOR, SECOND_SUPERVISOR):
        clerk.log_in(number)
        clerk.log_out()
    clerk.sign(FIRST_SUPERVISOR)
    to_the_ceremony(clerk)
    type_sheet(clerk, ceremony.sheets[0])
    clerk.see(f"校验值 {ceremony.checks[0]}")
    clerk.press("ENTER")
    clerk.see("第一人请离开")
    clerk.press("ENTER")
    clerk.sign(SECOND_SUPERVISOR)
    clerk.see("第2人的分量")
    type_sheet(clerk, ceremony.sheets[1])
    clerk.see(f"校验值 {ceremony.checks[1]}")
    clerk.press("ENTER")
    clerk.see(f"两份合成的校验值 {ceremony.check}")
    clerk.press("ENTER")
    clerk.see("已存入")
    [found] = re.findall("现在的校验值 ([0-9A-F]{5})", clerk.terminal.screen.text)
    clerk.back_to_menu()
    return found


def test_sheets_as_they_are_printed_make_the_key_whose_check_value_was_shown(tmp_path):
    """To the end: a block that the command makes under its key file is one that the terminal opens."""
    ceremony, key = Ceremony(tmp_path), bytes(range(16))
    assert ceremony.checks[0] != ceremony.checks[1] != ceremony.check
    with on_the_line(FIRMWARE, login=1) as technician:
        assert typed_by_two(technician, ceremony) == ceremony.check
        pin = technician.shop.pins[SECOND_SUPERVISOR]
        technician.answers_at_keypad = ["ENTER", str(SECOND_SUPERVISOR), "ENTER", *pin, "ENTER"]
        answer = technician.come_in(wire.KEYLOAD).command(wire.INJECT, ceremony.block(tmp_path, key))
        assert answer.decode() == transport_keys.check_value(key)


def slips_of_a_hand(sheet: list[str], at: int) -> dict[str, str]:
    """What is typed for the group at that place of the sheet (from 0) by who makes a mistake."""
    group = sheet[at]
    swapped = next(place for place in range(6) if group[place] != group[place + 1])
    return {
        "a wrong digit": group[:3] + str((int(group[3]) + 1) % 10) + group[4:],
        "a wrong check digit": group[:6] + str((int(group[6]) + 1) % 10),
        "two that changed places": group[:swapped] + group[swapped + 1] + group[swapped] + group[swapped + 2 :],
        "the group after it": sheet[(at + 1) % 16],
        "the last group but one": sheet[(at + 14) % 16],
        "one digit too few": group[:6],
    }


def test_what_is_mistyped_is_told_at_once_and_the_same_group_is_asked_for_again(tmp_path):
    """Control: of the other groups none is complained of, and the component is right in the end."""
    ceremony = Ceremony(tmp_path)
    with on_the_line(FIRMWARE) as technician:
        clerk = Clerk(technician.shop)
        clerk.see("原路退款终端")
        clerk.press("7 " + "DOWN " * 10 + "ENTER ENTER")
        for at, group in enumerate(ceremony.sheets[0]):
            for mistake, typed in slips_of_a_hand(ceremony.sheets[0], at).items() if at in (0, 7, 15) else ():
                assert not type_group(clerk, typed), (at, mistake, typed)
                clerk.see(f"第{at + 1}组，共16组")
            assert type_group(clerk, group), (at, group)
        clerk.see(f"校验值 {ceremony.checks[0]}")
