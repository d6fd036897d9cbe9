"""`yuanluctl explain`: a response code, or a refusal of the terminal's, in words."""

from __future__ import annotations

import rich_click as click

from host_tools.yuanluctl.cli_image import EXIT_USAGE, end, print_json
from host_tools.yuanluctl.explain import Explanation, Unknown, known
from host_tools.yuanluctl.explain import explain as look_up
from host_tools.yuanluctl.tables import FOLDER


@click.command()
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="One object on stdout.")
@click.option("--list", "as_list", is_flag=True, help="Every code and reason there is, one a line.")
def explain(code: str | None, as_json: bool, as_list: bool) -> None:
    """Say what a response code (like 51) or a refusal (like no_paper) means, and what to do. Needs no line and no terminal.

    Exit codes: 0 explained, 2 not known, or wrong use. Needs a checkout: the tables are the firmware's sources.
    """
    if not (FOLDER / "codes.csv").exists():
        end(EXIT_USAGE, "explain reads firmware/tables, which only a checkout of yuanlu has")
    if as_list:
        if as_json:
            print_json({"codes": list(known())})
            return
        for name in known():
            click.echo(name)
        return
    if not code:
        end(EXIT_USAGE, "name a code or a reason, like yuanluctl explain 51; --list has all")
    try:
        found = look_up(code)
    except Unknown as problem:
        end(EXIT_USAGE, str(problem))
    if as_json:
        print_json(_as_json(found))
    else:
        _print(found)


def _as_json(found: Explanation) -> dict[str, object]:
    texts = {name: dict(zip(("zh", "en"), getattr(found, name), strict=True)) for name in ("what", "means", "advice")}
    return {"name": found.name, "first": found.first or None, "repeat": found.repeat or None, **texts}


def _print(found: Explanation) -> None:
    click.echo(f"{found.name}  {found.what[0]} / {found.what[1]}")
    if found.first:
        click.echo(f"first answer: {found.first}: {found.means[0]} / {found.means[1]}")
        click.echo(f"after a repeat: {found.repeat}")
    if any(found.advice):
        click.echo(f"{found.advice[0]} / {found.advice[1]}")
