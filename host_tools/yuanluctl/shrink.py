"""A step of the image build: takes out of the firmware's source the names that cost a terminal memory and tell it nothing.

MicroPython keeps every name it meets in a table that doubles when it is full, and every public name of a module in the module's
dictionary; both lie in the heap. What CPython alone runs goes first: a module's `except ImportError` becomes `raise`, and its
`else` where the implementation is asked for becomes `pass`. Then four kinds of names can go:

    constants   `DONE = const(1)` of a module: the 1 stands wherever the name stood, in this module and in others
    parameters  of a function, unless a call, an attribute or a text anywhere in the firmware has the name: a letter each
    publics     functions and classes of a module, when all who use them import them by their name or ask the imported module for
                them: `_a`, `_b` ... too, the same for those of several modules that do not meet
    privates    `_name` of a module or of its classes, when no other module has an attribute of that name: `_a`, `_b` ...

Every line keeps its number.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from string import ascii_letters

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Scope = _Function | ast.ClassDef | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_IS_DEVICE = "sys.implementation.name == 'micropython'"
_NUMBER_OR_BYTES = re.compile(r"-?[0-9]+|b'\w+'")


def shrink(sources: dict[Path, bytes]) -> dict[Path, bytes]:
    """All modules of the firmware, by their path under firmware/; SyntaxError when one is not Python."""
    modules = {_dotted(path): Module(_for_the_device(source)) for path, source in sources.items()}
    asked = {name for module in modules.values() for name in module.asked_for()}
    named = asked | {name for module in modules.values() for name in module.read(modules)}
    for module in modules.values():
        others = [other for other in modules.values() if other is not module]
        elsewhere = {name for other in others for name in other.attributes | other.own_attributes}
        module.replace_constants(modules, named)
        module.rename_parameters(named)
        module.elsewhere = elsewhere
    for (owner, name), short in _publics(modules, asked).items():
        for module in modules.values():
            module.rename_public(owner, name, short, modules)
    for module in modules.values():
        module.rename_privates(named, asked | module.elsewhere)
    return {path: modules[_dotted(path)].result() for path in sources}


def _publics(modules: "dict[str, Module]", asked: set[str]) -> dict[tuple[str, str], str]:
    """A short name for each function or class (its module and name) of which every use is known. Not of what the boards' main.py
    asks for, nor of the errors, whose names a log tells."""
    unknown = asked | {name for module in modules.values() for name in module.asked_of_others(modules)}
    short: dict[tuple[str, str], str] = {}
    for owner, module in modules.items():
        if owner.startswith("yuanlu.boards") or owner == "yuanlu.errors":
            continue
        for name in module.functions_and_classes():
            users = [other for other in modules.values() if other.imported.get(name) == f"{owner}.{name}"]
            if name in unknown or any(name in other.bound for other in users):
                continue
            taken = {used for other in [module, *users] for used in other.names | other.attributes}
            short[owner, name] = next(letters for letters in _SHORT if letters not in taken)
            for other in [module, *users]:
                other.names.add(short[owner, name])
    return short


_SHORT = [f"_{letter}" for letter in ascii_letters] + [f"_{one}{two}" for one in ascii_letters for two in ascii_letters]


class Module:
    """One source, what it binds, and what is to be exchanged in it."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0]  # byte at which each line begins
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.tree, self.nodes = _parsed(source)
        self.named: dict[str, list[ast.AST]] = {}
        for node in self.nodes:
            if name := _name_of(node):
                self.named.setdefault(name, []).append(node)
        self.methods = {id(child) for node in self.nodes if isinstance(node, ast.ClassDef) for child in node.body}
        self.edits: dict[int, tuple[int, str]] = {}  # first byte: the byte behind it, and what comes to stand there
        self.imports = [node for node in self.nodes if isinstance(node, ast.ImportFrom)]
        self.imported = {name.asname or name.name: f"{node.module}.{name.name}" for node in self.imports for name in node.names}
        self.bound = list(_bound(self.nodes))
        self.names = {node.id for node in self.nodes if isinstance(node, ast.Name)} | set(self.bound) | set(self.imported)
        self.attributes = {node.attr for node in self.nodes if isinstance(node, ast.Attribute)}
        self.import_names: dict[ast.ImportFrom, dict[str, str]] = {}
        self.elsewhere: set[str] = set()  # attributes in other modules
        self.own_attributes = set(filter(_is_private, self._own_attributes()))
        self.constants = {}
        for node in self.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="const"), args=[value])):
                    if _NUMBER_OR_BYTES.fullmatch(ast.unparse(value)) and self.bound.count(name) == 1:
                        self.constants[name] = ast.unparse(value)

    def functions_and_classes(self) -> list[str]:
        """The public ones that are bound once."""
        nodes = [node for node in self.tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
        return [node.name for node in nodes if node.name[0] != "_" and self.bound.count(node.name) == 1]

    def asked_of_others(self, modules: "dict[str, Module]") -> Iterator[str]:
        """Attributes, and names that are imported, of anything but the module of the firmware that binds them; and imported ones
        that have another name here."""
        asked = [(self._owner(node), node.attr) for node in self.nodes if isinstance(node, ast.Attribute)]
        asked += [(node.module or "", name.name) for node in self.imports for name in node.names]
        for owner, name in asked:
            if owner not in modules or name not in modules[owner].bound:
                yield name
        yield from (name.name for node in self.imports for name in node.names if name.asname)

    def _owner(self, node: ast.Attribute) -> str:
        """The imported thing of which that is an attribute."""
        base = node.value.id if isinstance(node.value, ast.Name) else ""
        return "" if base in self.bound else self.imported.get(base, "")

    def rename_public(self, owner: str, name: str, short: str, modules: "dict[str, Module]") -> None:
        """A function or class of that module, here: as its own, as imported by name, and of the module."""
        imported = self.imported.get(name) == f"{owner}.{name}"
        if imported or modules[owner] is self:
            self._rename(name, short, ast.Name)
        for statement in self.imports if imported else []:
            if statement.module == owner:
                self.import_names[statement] = self.import_names.get(statement, {}) | {name: short}
                self._exchange_import(statement, modules)
        for node in self.named.get(name, []):
            if isinstance(node, ast.Attribute) and self._owner(node) == owner:
                end = self._offset(node.end_lineno, node.end_col_offset)
                self.edits[end - len(name)] = end, short

    def _exchange_import(self, node: ast.ImportFrom, modules: "dict[str, Module]") -> None:
        """Without the constants, and with short names."""
        owner, short = modules.get(node.module or ""), self.import_names.get(node, {})
        kept = [name for name in node.names if owner is None or name.name not in owner.constants]
        if len(kept) < len(node.names) or short:
            names = ", ".join(short.get(name.name) or ast.unparse(name) for name in kept)
            self._exchange(node, f"from {node.module} import {names}" if kept else "pass")

    def _own_attributes(self) -> Iterator[str]:
        """Methods of its classes, and what an object stores in itself."""
        for node in self.nodes:
            match node:
                case ast.ClassDef(body=body):
                    yield from _bound(body)
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    yield name

    def asked_for(self) -> Iterator[str]:
        """Arguments that calls name, and the words of texts, as for getattr."""
        docstrings = {id(node.value) for node in self.nodes if isinstance(node, ast.Expr)}
        for node in self.nodes:
            match node:
                case ast.keyword(arg=str(name)):
                    yield name
                case ast.Constant(value=str(text)) if id(node) not in docstrings:
                    yield from text.split()

    def read(self, modules: "dict[str, Module]") -> Iterator[str]:
        """Attributes that are no constant of a known module."""
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and self._value(node, modules) is None:
                yield node.attr

    def _value(self, node: ast.AST, modules: "dict[str, Module]") -> str | None:
        """What this name or attribute stands for, if that is a constant."""
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in self.constants:
                return self.constants[name]
            case ast.Name(id=name, ctx=ast.Load()) if name in self.imported and name not in self.bound:
                owner, _, name = self.imported[name].rpartition(".")
            case ast.Attribute(value=ast.Name(id=base), attr=name) if base in self.imported and base not in self.bound:
                owner = self.imported[base]
            case _:
                return None
        return modules[owner].constants.get(name) if owner in modules else None

    def replace_constants(self, modules: "dict[str, Module]", named: set[str]) -> None:
        """Values for names. An underscore before its definition makes the compiler leave the name out."""
        for node in self.nodes:
            value = self._value(node, modules)
            if value is not None and isinstance(node, ast.Name | ast.Attribute):
                self._exchange(node, value)
            elif isinstance(node, ast.Name) and node.id in self.constants and node.id not in named and node.id[0] != "_":
                self._exchange(node, "_" + node.id)
        for node in self.imports:
            self._exchange_import(node, modules)

    def rename_parameters(self, named: set[str]) -> None:
        """A letter that the module has no other use for; one that a scope within binds anew keeps its name."""
        letters: dict[_Function, set[str]] = {}  # what must not be chosen there
        for function in (node for node in self.nodes if isinstance(node, _Function)):  # the outer before the inner
            used = letters.setdefault(function, set(self.names))
            inside = [node for child in _body(function) for node in ast.walk(child)]
            kept = named | _bound_deeper(inside)
            for argument in _arguments(function.args):
                name = argument.arg
                if name in kept or name == "self" or name.startswith("_"):
                    continue
                letter = next(letter for letter in ascii_letters if letter not in used)
                used.add(letter)
                self._exchange(argument, letter)
                for node in inside:
                    if isinstance(node, ast.Name) and node.id == name:
                        self._exchange(node, letter)
            for node in inside:
                if isinstance(node, _Function):
                    letters[node] = letters.get(node, set()) | used

    def rename_privates(self, named: set[str], elsewhere: set[str]) -> None:
        """Of the module: what nothing but its own code asks for. Of its classes: what no other module has as an attribute."""
        taken = self.names | self.attributes
        free = (f"_{letter}" for letter in ascii_letters if f"_{letter}" not in taken)
        own = list(_bound(_level(self.tree)))
        for name in dict.fromkeys(own):
            if _is_private(name) and name not in named | set(self.constants) and self.bound.count(name) == own.count(name):
                self._rename(name, next(free), ast.Name)
        for name in sorted(self.own_attributes - elsewhere):
            self._rename(name, next(free), ast.Attribute)

    def _rename(self, old: str, new: str, kind: type[ast.Name] | type[ast.Attribute]) -> None:
        for node in self.named.get(old, []):
            match node:
                case ast.Name() if kind is ast.Name:
                    self._exchange(node, new)
                case ast.Attribute() if kind is ast.Attribute:
                    end = self._offset(node.end_lineno, node.end_col_offset)
                    self.edits[end - len(old)] = end, new
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if (id(node) in self.methods) == (
                    kind is ast.Attribute
                ):
                    first = self.source.index(f" {old}".encode(), self._offset(node.lineno, 0)) + 1
                    self.edits[first] = first + len(old), new

    def _exchange(self, node: ast.expr | ast.arg | ast.ImportFrom, text: str) -> None:
        first = self._offset(node.lineno, node.col_offset)
        last = first + len(node.arg) if isinstance(node, ast.arg) else self._offset(node.end_lineno, node.end_col_offset)
        self.edits[first] = last, text + "\n" * self.source.count(b"\n", first, last)

    def _offset(self, line: int | None, column: int | None) -> int:
        return self.starts[(line or 0) - 1] + (column or 0)

    def result(self) -> bytes:
        """The source with all that was exchanged."""
        result, done = b"", 0
        for first, (last, text) in sorted(self.edits.items()):
            result += self.source[done:first] + text.encode()
            done = last
        return result + self.source[done:]


@cache  # who builds one overlay after the other changes one module each time
def _parsed(source: bytes) -> tuple[ast.Module, list[ast.AST]]:
    """The tree, and all that is in it; nothing here changes them."""
    tree = ast.parse(source)
    return tree, list(ast.walk(tree))


@cache
def _for_the_device(source: bytes) -> bytes:
    """Without what only CPython runs at a module's own level."""
    lines = source.split(b"\n")
    for node in ast.parse(source).body:
        instead: list[tuple[list[ast.stmt], bytes]] = []
        if isinstance(node, ast.Try):
            missing = [handler.body for handler in node.handlers if handler.type and ast.unparse(handler.type) == "ImportError"]
            instead += [(body, b"    raise") for body in missing]
        if isinstance(node, ast.If) and node.orelse and ast.unparse(node.test) == _IS_DEVICE:
            instead.append((node.orelse, b"    pass"))
        for body, statement in instead:
            first, end = body[0].lineno - 1, body[-1].end_lineno or body[-1].lineno
            lines[first:end] = [statement] + [b""] * (end - first - 1)
    return b"\n".join(lines)


def _name_of(node: ast.AST) -> str:
    """What a name, an attribute, a function or a class is called; nothing for all else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
    return ""


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that these nodes bind, imports apart, once for each time."""
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names


def _level(tree: ast.Module) -> Iterator[ast.AST]:
    """What stands at the module's own level: its functions and classes, but not what is in them."""
    for node in tree.body:
        yield from [node] if isinstance(node, _Scope) else ast.walk(node)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _body(function: _Function) -> list[ast.AST]:
    return [function.body] if isinstance(function, ast.Lambda) else list(function.body)


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    more = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *more]


def _bound_deeper(inside: list[ast.AST]) -> set[str]:
    """Names that scopes within a function bind, or that are bound there otherwise than by an assignment."""
    scopes = [node for node in inside if isinstance(node, _Scope)]
    deeper = {name for scope in scopes for name in _bound(ast.walk(scope))}
    statements = [node for node in inside if isinstance(node, ast.stmt | ast.ExceptHandler)]
    imported = {name.asname or name.name for node in statements if isinstance(node, ast.ImportFrom) for name in node.names}
    return deeper | set(_bound(statements)) | imported
