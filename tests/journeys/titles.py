"""Which screens there are: every title that the firmware can show, told from its source, its words and its verdicts.

A title is followed from the dialogs back through parameters, names, constants and what functions return, so that a new flow has
its screens here by itself. Titles that say the same in both languages are one screen.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from tests.journeys.reachable import states_of
from yuanlu.refund.transaction import KIND_NAMES

FIRMWARE = Path(__file__).parents[2] / "firmware"
SHOWING = {"show", "read", "notice", "confirm", "choose", "ask_amount", "ask_card"}  # of Dialogs: the title comes first
# A person must never see it, so no walk is asked to.
NEVER = {"failed.title"}
COLUMNS = 30
_STATUS = re.compile(r" +(网|断|NET|OFF|练习|TRAINEE)( [^ ]+)?$")

Node = ast.AST
Place = tuple[str, str]  # module and function


@cache
def words() -> dict[str, tuple[str, str]]:
    """Chinese and English by id."""
    found = {}
    for table in sorted((FIRMWARE / "tables" / "words").glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as file:
            found.update({row["id"]: (row["zh"], row["en"]) for row in csv.DictReader(file)})
    return found


class Source:
    """The screens' modules, parsed. `title_at`: the parameter that is a title, by function."""

    def __init__(self) -> None:
        paths = [FIRMWARE / "yuanlu" / "app.py", *sorted((FIRMWARE / "yuanlu" / "ui").glob("*.py"))]
        self.modules = {path.stem: ast.parse(path.read_text("utf-8")) for path in paths}
        self.functions: dict[Place, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.constants: dict[Place, ast.expr] = {}
        self.above: dict[Node, Node] = {}
        for module, tree in self.modules.items():
            self._index(module, tree)
        self.title_at: dict[Place, int] = {}
        self.ids: set[str] = set()

    def _index(self, module: str, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.above[child] = node
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.functions[module, node.name] = node
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[module, node.targets[0].id] = node.value

    def titles(self) -> set[str]:
        """Every word id that stands in the place of a title."""
        known = -1
        while known != len(self.title_at):  # until no more parameter turns out to be one
            known = len(self.title_at)
            for (module, name), function in self.functions.items():
                for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
                    at = self._place_of_title(module, call)
                    if at is not None and at < len(call.args):
                        self.ids |= set(self._values(module, name, call.args[at], call))
        return self.ids

    def _place_of_title(self, module: str, call: ast.Call) -> int | None:
        """Which argument of that call is a title."""
        shown = call.func
        if isinstance(shown, ast.Attribute) and shown.attr in SHOWING and _last_name(shown.value) == "dialogs":
            return 0
        name, first = _last_name(shown), call.args[1] if len(call.args) > 1 else None
        if name == "enter" and isinstance(first, ast.Constant):
            at = self.title_at.get((str(first.value).rpartition(".")[2], "run"))
            return None if at is None else at + 1
        place = (module, name) if (module, name) in self.functions else self._elsewhere(name)
        return self.title_at.get(place) if place else None

    def _elsewhere(self, name: str) -> Place | None:
        found = [place for place in self.functions if place[1] == name and name != "run"]
        return found[0] if len(found) == 1 else None

    def _values(self, module: str, name: str, value: Node, call: Node) -> Iterator[str]:
        """The ids that an expression in that function can be."""
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        elif isinstance(value, ast.Name):
            yield from self._named(module, name, value.id, call)
        elif isinstance(value, ast.BinOp) and isinstance(value.left, ast.Constant):
            yield from self._composed(module, name, value, call)
        elif isinstance(value, (ast.IfExp, ast.Tuple, ast.List, ast.BinOp, ast.Subscript)):
            for part in _parts(value):
                yield from self._values(module, name, part, call)
        elif isinstance(value, ast.ListComp):
            yield from self._composed(module, name, value.elt, call, value.generators[0].iter)
        elif isinstance(value, ast.Call):
            yield from self._called(module, name, value, call)

    def _composed(self, module: str, name: str, value: Node, call: Node, over: Node | None = None) -> Iterator[str]:
        """A prefix before a kind, a state, or one of a list of names."""
        if not isinstance(value, ast.BinOp) or not isinstance(value.left, ast.Constant):
            return
        ends: Iterable[str] = ENDS.get(_last_name(value.right.func), ()) if isinstance(value.right, ast.Call) else ()
        if over is not None:
            ends = self._values(module, name, over, call)
        yield from (str(value.left.value) + end for end in ends)

    def _named(self, module: str, name: str, wanted: str, call: Node) -> Iterator[str]:
        function = self.functions[module, name]
        parameters = [argument.arg for argument in function.args.args]
        if wanted in parameters:
            self.title_at[module, name] = parameters.index(wanted)
        only, without = self._branch(call, wanted)
        if only:
            yield only
            return
        if (module, wanted) in self.constants:
            yield from set(self._values(module, name, self.constants[module, wanted], call)) - without
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target, value in _assigned(node):
                    if isinstance(target, ast.Name) and target.id == wanted and value is not None:
                        yield from set(self._values(module, name, value, call)) - without

    def _branch(self, node: Node, name: str) -> tuple[str, set[str]]:
        """What `name` is known to be, or not to be, by the comparisons that lead to that place."""
        without: set[str] = set()
        while node in self.above:
            inside, node = node, self.above[node]
            if isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.Eq):
                compared = node.test.comparators[0]
                if _last_name(node.test.left) == name and isinstance(compared, ast.Constant):
                    if inside in node.body:
                        return str(compared.value), without
                    without.add(str(compared.value))
        return "", without

    def _called(self, module: str, name: str, value: ast.Call, call: Node) -> Iterator[str]:
        """ "a b".split(), tuple(...), or what a function of this module returns: the first of it, where that is several."""
        place, function = (module, _last_name(value.func)), value.func
        if isinstance(function, ast.Attribute) and function.attr == "split" and isinstance(function.value, ast.Constant):
            yield from str(function.value.value).split()
        elif place[1] == "tuple":
            yield from self._values(module, name, value.args[0], call)
        if place not in self.functions:
            return
        for node in ast.walk(self.functions[place]):
            if isinstance(node, ast.Return) and node.value is not None:
                first = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
                yield from self._values(*place, first, node)


def _states() -> Iterator[str]:
    """'refund.done' and all the others, as ui.describe.state_word says them."""
    for kind in KIND_NAMES[1:]:
        yield from (f"{kind}.{state}" for state in states_of(kind))
    yield "refund.renewing"


ENDS = {"kind_word": KIND_NAMES[1:], "state_word": tuple(_states())}


def _last_name(node: Node) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _parts(value: Node) -> list[ast.expr]:
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    if isinstance(value, ast.BinOp):
        return [value.left, value.right]
    if isinstance(value, ast.Subscript):
        return [value.value]
    return value.elts if isinstance(value, (ast.Tuple, ast.List)) else []


def _assigned(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """(target, value); of a call that returns several, for the first target alone."""
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Tuple):
        yield target, value
    elif isinstance(value, ast.Tuple):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target.elts[0], value


class Screen(NamedTuple):
    """Ids whose words are the same, and these words."""

    ids: tuple[str, ...]
    zh: str
    en: str


@cache
def screens() -> tuple[Screen, ...]:
    """All that a walk can come to."""
    said = words()
    found: dict[tuple[str, str], list[str]] = {}
    for name in sorted(Source().titles() - NEVER):
        found.setdefault(said[name], []).append(name)
    return tuple(Screen(tuple(ids), *texts) for texts, ids in found.items())


@lru_cache(4096)
def of(first_line: str) -> Screen | None:
    """The screen with that first line; None where it could be more than one of them, or none."""
    shown = _STATUS.sub("", first_line)
    found = {screen for screen in screens() for said in screen[1:] if said == shown or _is_cut(said, shown, first_line)}
    if not found and re.fullmatch("[0-9A-Z]{2}", shown):
        found = {screen for screen in screens() if "{" in screen.zh}  # filled in with a response code
    return found.pop() if len(found) == 1 else None


def _is_cut(said: str, shown: str, first_line: str) -> bool:
    """The status at the right left no room for all of it."""
    return len(shown) > 4 and said.startswith(shown) and len(first_line.encode("gb18030")) >= COLUMNS - 1
