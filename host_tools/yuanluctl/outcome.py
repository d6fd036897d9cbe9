"""How a verb ends: the exit codes of docs/technician.md, and troubles that say what happened and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from host_tools.yuanluctl.journal.card_numbers import masked
from host_tools.yuanluctl.phrases import in_chinese
from host_tools.yuanluctl.words import say

DONE, FINDINGS, USAGE, NO_TERMINAL, BUSY_PORT, TIMEOUT, NOT_ALLOWED = 0, 1, 2, 3, 4, 5, 6
LOSES_MONEY, OTHER_VERSION, INTERRUPTED = 8, 12, 130

# Each trouble by its name, which programs may rely on: its exit code, and whether the same command may succeed later.
TROUBLES: dict[str, tuple[int, bool]] = {
    "usage": (USAGE, False),
    "target": (USAGE, False),
    "image": (USAGE, False),
    "blank": (USAGE, False),
    "file": (USAGE, False),
    "no_file": (USAGE, False),
    "far_date": (USAGE, False),
    "output": (USAGE, False),
    "no_record": (USAGE, False),
    "no_refund": (USAGE, False),
    "lost_refund": (USAGE, False),
    "evidence": (USAGE, False),
    "evidence_card": (USAGE, False),
    "statement": (USAGE, False),
    "font": (USAGE, False),
    "settings": (USAGE, False),
    "refused_settings": (USAGE, False),
    "bundle": (USAGE, False),
    "unsigned": (USAGE, False),
    "public_key": (USAGE, False),
    "other_authority": (USAGE, False),
    "checkout": (USAGE, False),
    "not_following": (USAGE, False),
    "not_kept": (TIMEOUT, True),
    "no_emulator": (NO_TERMINAL, True),
    "no_image": (NO_TERMINAL, True),
    "silent": (TIMEOUT, True),
    "holds_records": (LOSES_MONEY, False),
    "no_port": (NO_TERMINAL, True),
    "port": (BUSY_PORT, True),
    "taken": (BUSY_PORT, True),
    "unanswered": (BUSY_PORT, True),
    "line_lost": (TIMEOUT, True),
    "restless": (TIMEOUT, True),
    "busy": (TIMEOUT, True),
    "session_over": (TIMEOUT, True),
    "shut": (TIMEOUT, True),
    "request": (USAGE, False),
    "ticket_text": (USAGE, False),
    "key_file": (USAGE, False),
    "name_taken": (USAGE, False),
    "components": (USAGE, False),
    "key_block": (USAGE, False),
    "short_passphrase": (USAGE, False),
    "no_psec": (USAGE, False),
    "nobody_types": (USAGE, False),
    "no_screen": (USAGE, False),
    "capsule": (USAGE, False),
    "receipt": (USAGE, False),
    "warrant": (USAGE, False),
    "is_request": (USAGE, False),
    "is_ticket": (USAGE, False),
    "is_warrant": (USAGE, False),
    "is_word": (USAGE, False),
    "other_terminal": (USAGE, False),
    "other_installation": (USAGE, False),
    "not_its_journal": (LOSES_MONEY, False),
    "given_away": (LOSES_MONEY, False),
    "no_pass": (NOT_ALLOWED, False),
    "no_warrant": (NOT_ALLOWED, False),
    "no_ticket": (NOT_ALLOWED, False),
    "no_consent": (NOT_ALLOWED, False),
    "not_allowed": (NOT_ALLOWED, False),
    "impostor": (NOT_ALLOWED, False),
    "alive": (LOSES_MONEY, False),
    "refused": (LOSES_MONEY, False),
    "not_whole": (LOSES_MONEY, False),
    "out_of_use": (OTHER_VERSION, False),
    "protocol": (OTHER_VERSION, False),
    "no_board": (USAGE, False),
    "other_board": (OTHER_VERSION, False),
    "wrong_board": (OTHER_VERSION, False),
    "same_version": (OTHER_VERSION, False),
    "went_back": (OTHER_VERSION, False),
    "no_rom": (OTHER_VERSION, False),
    "board_failed": (TIMEOUT, True),
    "board_runs": (TIMEOUT, True),
    "image_only": (OTHER_VERSION, False),
    "pull_first": (OTHER_VERSION, False),
}


# The last of what completes the words of these is a sentence, in English.
_REASONED = ("file", "key_file", "components", "bundle", "no_port", "port")


class Trouble(Exception):
    """Why a verb cannot do what was asked. `name` is one of TROUBLES, `about` completes its words."""

    def __init__(self, name: str, *about: object) -> None:
        super().__init__(name, *about)
        self.name, self.about = name, about
        self.exit, self.retryable = TROUBLES[name]

    def text(self, language: str) -> str:
        """What happened; of a card number that somebody typed only what may be shown."""
        about = self.about
        if language == "zh" and self.name in _REASONED:
            about = (*about[:-1], in_chinese(str(about[-1])))
        return masked(say(language, f"trouble.{self.name}", *about))

    def hint(self, language: str) -> str:
        """What to do."""
        return say(language, f"hint.{self.name}")

    def as_json(self, language: str) -> dict[str, object]:
        """For programs."""
        told = {"message": self.text(language), "hint": self.hint(language)}
        return {"error": {"code": self.name, "exit": self.exit, **told, "retryable": self.retryable}}


class PerhapsDone(Trouble):
    """The answer to what was to be done did not come: it may have been done. So a program does not ask for it again unseen. look:
    the hint that says where to look first."""

    def __init__(self, trouble: Trouble, look: str) -> None:
        super().__init__(trouble.name, *trouble.about)
        self.retryable, self.look = False, look

    def hint(self, language: str) -> str:
        """Look first."""
        return say(language, self.look)


@contextmanager
def perhaps_done(look: str) -> Iterator[None]:
    """Around what is not to be done twice: PerhapsDone where its answer was lost."""
    try:
        yield
    except Trouble as trouble:
        raise PerhapsDone(trouble, look) if trouble.name in ("line_lost", "silent", "session_over") else trouble from None
