"""`yuanluctl explain`: a response code, a reason of the terminal's or a trouble of these tools, in words."""

from __future__ import annotations

from collections.abc import Iterator

import rich_click as click

from host_tools.yuanluctl.cli_target import Voice, spoken
from host_tools.yuanluctl.explain import Explanation, Unknown, known
from host_tools.yuanluctl.explain import explain as look_up
from host_tools.yuanluctl.refusal import why_told
from host_tools.yuanluctl.words import LANGUAGES


@click.command()
@click.argument("code", required=False)
@click.option("--list", "as_list", is_flag=True, help="Every code and name there is, one a line.")
@spoken()
def explain(code: str | None, as_list: bool, voice: Voice) -> None:
    """Say what a response code (like 51) or a refusal (like no_paper) means, and what to do. Needs no line and no terminal.

    Why something waits, as `queue list --json` has it (like why.no_answer), and the codes of this tool's own errors (like
    no_consent) are explained too.

    Exit codes: 0 explained, 2 not known, or wrong use.
    """
    if as_list:
        voice.answer({"codes": known()}, known())
        return
    if not code:
        raise click.UsageError("name a code or a reason, like yuanluctl explain 51; --list has all")
    try:
        found = look_up(code)
    except Unknown as problem:
        raise click.UsageError(f"{problem}: no response code, no reason and no trouble of that name; see --list") from problem
    also = [one.name for one in found[1:]]
    voice.answer({**_as_json(found[0]), "also": also}, [line for one in found for line in _lines(voice, one)])


def _as_json(found: Explanation) -> dict[str, object]:
    texts = {
        name: dict(zip(LANGUAGES, getattr(found, name), strict=True)) for name in ("what", "means", "repeat_means", "advice")
    }
    return {"name": found.name, "first": found.first or None, "repeat": found.repeat or None, **texts}


def _lines(voice: Voice, found: Explanation) -> Iterator[str]:
    which = LANGUAGES.index(voice.language)
    yield f"{found.name}  {found.what[which]}"
    if found.first:
        yield why_told(voice.language, "explain.first").format(found.means[which])
        yield why_told(voice.language, "explain.repeat").format(found.repeat_means[which])
    if found.advice[which]:
        yield found.advice[which]
