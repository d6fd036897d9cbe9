"""What a terminal refuses, told in the terminal's own words: the tables that `explain` reads."""

from __future__ import annotations

from functools import cache

from host_tools.yuanluctl.journal.card_numbers import masked
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.tables import read_words
from host_tools.yuanluctl.words import say


class Refusal(Trouble):
    """Trouble `refused`. told: the id of the words why and, behind blanks, what fills their places or is known besides."""

    def __init__(self, where: str, told: str) -> None:
        name, *self.details = masked(told).split() or ["?"]  # from a line anything comes
        self.reason = name.removeprefix("refused.")
        if self.details[:1] == [f"{self.reason}:"]:  # what the firmware refuses of a bundle begins so, too
            del self.details[0]
        super().__init__("refused", where, self.reason)
        self.args = (*self.args, " ".join(self.details))

    def text(self, language: str) -> str:
        """The sentence that the terminal's screen has for it; the bare reason where the tables lack it."""
        sentence = _words(language).get(f"refused.{self.reason}")
        if sentence is None:
            return " ".join([super().text(language), *self.details])
        places = sentence.count("{}")
        words = [*self.details, *["..."] * (places - len(self.details))]
        filled = sentence.format(*words[: places - 1], " ".join(words[places - 1 :])) if places else sentence  # a text comes last
        besides = "" if places else " ".join(words)
        return super().text(language) + ": " + filled + (f" ({besides})" if besides else "")

    def hint(self, language: str) -> str:
        """What the terminal advises. That nothing is open, held or on trial may come of a call whose answer was lost."""
        if self.reason in ("not_open", "not_held", "no_trial"):
            return say(language, f"hint.{self.reason}")
        return _words(language).get(f"advice.refused.{self.reason}") or super().hint(language)

    def as_json(self, language: str) -> dict[str, object]:
        """The reason stands beside the code, for `explain` and for programs."""
        error = super().as_json(language)["error"]
        assert isinstance(error, dict)
        return {"error": {**error, "reason": self.reason}}


def why_told(language: str, name: str) -> str:
    """The terminal's own words by their id, as of why a transaction waits."""
    return _words(language).get(name, name)


@cache
def _words(language: str) -> dict[str, str]:
    """By id."""
    return {word.id: word.zh if language == "zh" else word.en for word in read_words()}
