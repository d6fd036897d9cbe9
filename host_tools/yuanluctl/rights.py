"""Which rights each verb takes on a line, as `authority ticket --allow` names them: for its --help, for who lacks one, and for a
look at a ticket before it is used up. docs/technician.md has the same table."""

from __future__ import annotations

import click

from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.words import say

# By verb; of a group all verbs that are not named themselves. Nothing: no ticket is looked at.
RIGHTS = {
    "config": "config",
    "diagnose": "diag,pull",
    "firmware": "diag,firmware",
    "handover": "diag,handover",
    "handover salvage": "diag,pull",
    "journal": "diag,pull",
    "keys inject": "diag,keyload",
    "keys status": "diag",
    "logs": "diag",
    "ping": "",
    "queue": "diag,queue",
    "queue list": "diag",
    "queue resolve": "diag,resolve",
    "report": "diag,pull",
    "rescue": "diag,pull",
    "status": "diag",
    "support": "",
    "time sync": "diag,config",
    "watch": "diag",
    "wipe": "diag,wipe",
}


def taken_by(verb: str) -> str:
    """Of a verb like `queue hold`; KeyError where nobody has said it."""
    return RIGHTS[verb] if verb in RIGHTS else RIGHTS[verb.split(maxsplit=1)[0]]


def bits(names: str) -> int:
    """As a ticket has them."""
    from yuanlu.wire.service import CAPABILITIES  # loaded where it is used, so that --help is quick

    return sum(1 << CAPABILITIES.index(name.upper()) for name in names.split(",") if name)


def named(allowed: int) -> str:
    """As `--allow` takes them."""
    from yuanlu.wire.service import CAPABILITIES  # loaded where it is used, so that --help is quick

    return ",".join(name.lower() for place, name in enumerate(CAPABILITIES) if allowed >> place & 1)


def of_this_call() -> int:
    """The rights that the verb of this command line takes; 0 where there is none."""
    path: list[str] = []
    call = click.get_current_context(silent=True)
    while call is not None and call.parent is not None:
        path.insert(0, str(call.info_name))
        call = call.parent
    return bits(taken_by(" ".join(path))) if path else 0


def write_into_help(verb: click.Command, path: str) -> None:
    """What --ticket has to allow."""
    if isinstance(verb, click.Group):
        for name, one in verb.commands.items():
            write_into_help(one, f"{path} {name}")
    for option in verb.params:
        if option.name == "ticket" and isinstance(option, click.Option):
            wanted = taken_by(path)
            option.help = f"A ticket of the authority; on a line it has to allow {wanted}." if wanted else "Not looked at here."


class NotLetIn(Trouble):
    """Trouble `no_pass`, `no_ticket` or `not_allowed`, with the rights to ask for."""

    def __init__(self, name: str, where: str, allowed: int) -> None:
        super().__init__(name, where)
        self.rights = named(allowed)

    def hint(self, language: str) -> str:
        """What to do, and which rights it takes."""
        return say(language, "hint.with_rights", super().hint(language), self.rights)

    def as_json(self, language: str) -> dict[str, object]:
        """The rights stand beside the code."""
        error = super().as_json(language)["error"]
        assert isinstance(error, dict)
        return {"error": {**error, "rights": self.rights.split(",")}}
