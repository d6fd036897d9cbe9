"""`make golden`: every screen and slip of every flow, in order and in both languages, and how many keys each task takes.

The steps are tests/golden/*.yaml (counter.yaml says what its `say` mean), walked on the built firmware; a technician's visit is
walked here, since no scenario has one. docs/operators.md shows the counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from emulator import protocol as p
from emulator import scenario as scenarios
from emulator.child import Child, MicroPython
from emulator.scenario import Scenario, Step
from emulator.shop import Shop
from emulator.terminal import Terminal
from host_tools.yuanluctl.outcome import Trouble
from tests.host.service_line import Technician

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "golden"
PAGE = ROOT / "docs" / "operators.md"
LANGUAGES = ("zh", "en")  # in the order of the language key
_COUNTS = re.compile(r"(?<=<!-- make golden -->\n).*?(?=<!-- end -->)", re.DOTALL)
_UNSEEN = ("say", "see", "slip", "expect")  # steps that do nothing to the terminal


class NotWalked(Exception):
    """The steps do not hold: says where and why."""


@dataclass
class Recorder:
    """What a person would see and hold in his hands, flow by flow; and what he presses, task by task."""

    flows: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, list[int]] = field(default_factory=dict)  # keys, and cards or scans
    terminal: Terminal | None = None
    flow: str = ""
    task: str = ""
    shown: str = ""
    slips: int = 0

    def start(self, terminal: Terminal) -> Child:
        """The firmware on MicroPython, watched."""
        self.watch(terminal)
        return MicroPython(terminal)

    def watch(self, terminal: Terminal) -> None:
        """Look at what stood there each time that the firmware waited."""
        self.terminal, terminal.trace = terminal, self._trace

    def _trace(self, uptime: int, operation: int, body: bytes, answer: bytes) -> None:
        if operation == p.WAIT:
            self.look()
            for kind in _kinds(answer):
                if self.task and kind in (p.KEY, p.CARD, p.SCAN):
                    self.counts[self.task][kind != p.KEY] += 1

    def look(self) -> None:
        """Note slip and screen, where they are others than before."""
        assert self.terminal is not None
        for paper in self.terminal.paper[self.slips :]:
            self._write("", *(f"    : {line}".rstrip() for line in paper.split("\n")))
        self.slips = len(self.terminal.paper)
        text = self.terminal.screen.text.rstrip()
        if text != self.shown:
            self.shown = text
            self._write("", *(f"    | {line}".rstrip() for line in text.split("\n")))

    def step(self, step: Step) -> None:
        """One step is about to be done."""
        self.look()
        if step.verb == "say":
            what, _, name = step.value[0].partition(": ")
            if what == "flow":
                self.flow, self.shown = name, ""
                self.flows.setdefault(name, [])
            self.task = name if what == "keys" else ""
            if self.task:
                self.counts[name] = [0, 0]
        elif step.verb not in _UNSEEN:
            self._write("", f"> {step.verb} {step.value}")

    def _write(self, *lines: str) -> None:
        if self.flow:
            self.flows[self.flow] += lines

    def texts(self) -> dict[str, str]:
        """What each flow's file says."""
        return {name: "\n".join(lines[1:]) + "\n" for name, lines in self.flows.items() if name != "-"}


def _kinds(events: bytes) -> list[int]:
    """The kind of each event in the answer to a WAIT."""
    found, at = [], 0
    while at < len(events):
        kind, length = p.EVENT.unpack_from(events, at)
        found.append(kind)
        at += p.EVENT.size + length
    return found


def walk(scenario: Scenario, language: str, recorder: Recorder) -> None:
    """Walk one file of steps. Raises NotWalked."""
    first = [Step(0, "press", "LANG")] * LANGUAGES.index(language)
    scenario = replace(scenario, steps=first + scenario.steps)
    steps = {step.line: step for step in scenario.steps}
    recorder.flow, recorder.slips = "", 0

    def tell(said: str) -> None:
        recorder.step(steps[int(said.split(maxsplit=1)[0])])

    report = scenarios.play(scenario, tell=tell, child=recorder.start)
    recorder.look()
    if report.code:
        raise NotWalked(f"{scenario.path.name}:{report.line}, {language}: {report.why}")


def visit(language: str, recorder: Recorder) -> None:
    """A technician asks to come in: he is sent away, asks again and is let in; then for the right to erase."""
    shop = Shop(real=False, child=recorder.start)
    try:
        shop.terminal.power_on()
        shop.world.run(1000)
        if language == "en":
            shop.terminal.press("LANG")
            shop.world.run(200)
        recorder.flow, recorder.slips, recorder.flows["service"] = "", 0, []
        recorder.step(Step(0, "say", ["flow: service"]))
        technician = Technician(shop)
        for keys, allowed in (("CANCEL", 0b111), ("ENTER", 0b111), ("ENTER ENTER", 1 << 8)):
            recorder.step(Step(0, "technician", f"asks to come in: {keys}"))
            technician.answers_at_keypad = keys.split()
            try:
                technician.come_in(allowed)
            except Trouble:
                assert keys == "CANCEL"
            recorder.look()
    finally:
        shop.close()


def record(language: str) -> Recorder:
    """All of it in one language. Raises NotWalked."""
    recorder = Recorder()
    for path in sorted(FOLDER.glob("*.yaml")):
        walk(scenarios.load(path), language, recorder)
    visit(language, recorder)
    return recorder


def table(recorder: Recorder) -> str:
    """The counts as docs/operators.md shows them."""
    lines = ["| task | keys | besides |", "|---|---|---|"]
    for task, (keys, others) in recorder.counts.items():
        lines.append(f"| {task} | {keys} | {'a card or a scan' if others else ''} |")
    return "\n".join(lines) + "\n"


def page(recorder: Recorder) -> str:
    """docs/operators.md with the counts in it."""
    text, found = _COUNTS.subn(lambda match: table(recorder), PAGE.read_text("utf-8"))
    assert found == 1
    return text


def path_of(flow: str, language: str) -> Path:
    """Where a flow's screens and slips stand."""
    return FOLDER / language / f"{flow}.txt"


def write() -> None:
    """Everything anew; what no step shows any more goes."""
    for language in LANGUAGES:
        recorder = record(language)
        for path in (FOLDER / language).glob("*.txt"):
            path.unlink()
        for flow, text in recorder.texts().items():
            path_of(flow, language).parent.mkdir(exist_ok=True)
            path_of(flow, language).write_text(text, "utf-8")
        PAGE.write_text(page(recorder), "utf-8")


if __name__ == "__main__":
    write()
