"""What a shell offers where a target is typed, and the bash that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from host_tools.yuanluctl.targets import ROOT

_KEPT = "chip.img"

# click's own asks with the words as bash has split them, at each colon too, so that image:FILE would be three of them. Here the
# line is split at blanks, and what bash has taken for words before is left away from each answer.
BASH = """%(complete_func)s() {
    local line="${COMP_LINE:0:$COMP_POINT}" words last begun="" type value
    read -ra words <<< "$line"
    [[ "$line" == *[[:space:]] ]] && words+=("")
    last="${words[-1]}"
    [[ "$last" == *:* && "$COMP_WORDBREAKS" == *:* ]] && begun="${last%%:*}:"
    COMPREPLY=()
    while IFS=',' read -r type value; do
        if [[ "$type" == dir ]]; then
            compopt -o dirnames 2>/dev/null
        elif [[ "$type" == file ]]; then
            compopt -o default 2>/dev/null
        elif [[ "$type" == plain ]]; then
            [[ "$value" == *[:/] ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("${value#"$begun"}")
        fi
    done < <(COMP_WORDS="$line" COMP_CWORD=$((${#words[@]} - 1)) %(complete_var)s=bash_complete "$1")
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


def targets(_context: object, _parameter: object, typed: str) -> Any:
    """Serial ports that are there, emulated terminals that were kept, files for image: once that is typed."""
    return [target for target in _targets(typed) if target.startswith(typed) and not set(target) & set(" \t\n,'\"\\")]


def sources(_context: object, _parameter: object, typed: str) -> Any:
    """The same, or a file."""
    from click.shell_completion import CompletionItem  # loaded where it is used, so that --help is quick

    found: list[str] = targets(_context, _parameter, typed)
    return [*map(CompletionItem, found)] if ":" in typed else [*map(CompletionItem, found), CompletionItem(typed, type="file")]


def _targets(typed: str) -> Iterator[str]:
    if typed.startswith("image:"):
        yield from _files(typed.removeprefix("image:"))
        return
    from serial.tools import list_ports  # loaded where it is used, so that --help is quick

    yield from sorted(port.device for port in list_ports.comports())
    yield from sorted(f"emu:{chip.parent.name}" for chip in (ROOT / "build").glob(f"*/{_KEPT}"))
    yield "image:"


def _files(typed: str) -> Iterator[str]:
    """Those of the folder that was typed so far, and its folders; hidden ones where a dot was typed."""
    folder, _, begun = typed.rpartition("/")
    front = typed[: len(typed) - len(begun)]
    try:
        there = sorted(Path(folder or ("/" if front else ".")).iterdir())
    except OSError:
        return
    for path in there:
        if path.name.startswith(begun) and (begun or not path.name.startswith(".")):
            yield f"image:{front}{path.name}{'/' if path.is_dir() else ''}"
