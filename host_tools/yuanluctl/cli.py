"""The command `yuanluctl`. Chatter goes to stderr, data to stdout; the verbs' own modules are in verbs.py.

Here is plain click, there rich-click: what lists the verbs should not wait for what draws boxes.
"""

from __future__ import annotations

import click

from host_tools.yuanluctl.verbs import Verbs, lost


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yuanlu")
def yuanluctl() -> None:
    """Work with yuanlu terminals from this computer."""


@yuanluctl.command(short_help="Print what makes a shell complete yuanluctl.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete yuanluctl: eval "$(yuanluctl completion bash)".

    Exit codes: 0 printed, 2 wrong use.
    """
    from click.shell_completion import get_completion_class  # loaded where it is used, so that --help is quick

    from host_tools.yuanluctl.completing import BASH

    found = get_completion_class(shell)
    assert found is not None  # click has all three
    asked = found(yuanluctl, {}, "yuanluctl", "_YUANLUCTL_COMPLETE")
    if shell == "bash":
        asked.source_template = BASH  # type: ignore[misc]
    click.echo(asked.source())


def main() -> None:
    """Run the command line of this process."""
    try:
        yuanluctl(prog_name="yuanluctl")
    except OSError as problem:  # while click told of wrong use
        lost(problem)
