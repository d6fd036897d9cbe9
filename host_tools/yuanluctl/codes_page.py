"""Writes docs/codes.md, the code table to be read by people, from firmware/tables/codes.csv."""

import sys
from pathlib import Path

from .tables import Code, TablesError, read_codes

PAGE = Path(__file__).parents[2] / "docs" / "codes.md"

HEAD = """\
# Response codes

What field 39 of an authenticated answer means to this terminal. Made by `make codes` from
[codes.csv](../firmware/tables/codes.csv), which is also what the firmware reads: change it there.
`yuanluctl explain 51` says the same of one code, `yuanluctl explain no_paper` of a refusal of the terminal's own (`--json` for
programs); on the terminal it is the page "Explain a code or refusal" behind "More".

The codes are those of UnionPay's terminal specification (its appendix of response codes) and, from Y3 on, the refund codes of a
wallet acquirer. Classes, words and advice are this project's own: the published ones were written for sales.

## Two columns, and why

| column | it counts when |
|---|---|
| first | no earlier send of these bytes stayed without an answer: the usual case |
| repeat | an earlier send of these bytes stayed without an answer, so it may have been booked |

After a silence a "no" is not a "no". If the first send was booked, the repeat may be told that nothing is left of the sale (64),
that there is no such original (25), that the limit of the day is used up (61, 65), that its batch is closed (77). A terminal that
takes this for a refusal frees the amount, and the clerk pays it out a second time.

- An approval in full (class *done*) settles a repeat too. It counts only with the RRN, the approval code and the very amount of
  the request; everything else goes to a person.
- *declined* in the second column is for what an issuer says of the card itself. It counts only where the profile says that a
  repeat is answered with the answer of the first (`repeat` is `replays` or `open_batch`); elsewhere a person finds out.
- *later* and *unknown* of a first answer are *unknown* to a repeat: nobody can say what became of the other sends, so it is as
  after a silence.
- Everything else in the second column is *person*. Where the acquirer has a query for refunds, it is asked first.
- A code that is not in the table is *person* in both columns.

| class | a first answer | what the terminal does |
|---|---|---|
| done | booked | prints it |
| declined | not booked, and it will not be | frees the amount for another refund; prints it |
| later | not booked for now | same bytes, or a new attempt if no repeat is known; then a person. Sale, void: reversal |
| unknown | nobody can say | as after a silence: query, repeat, reversal (sale, void) or a person, as the profile has it |
| hold | a fault that would meet every message | nothing of it goes again by itself; the acquirer is called |
| person | somebody must find out | goes on the list; the amount stays taken |
| renew | not looked at: another batch is open | a refund signs on and goes again under a new trace. Sale, void: reversal |

Advice is told only where it is right: that of a *declined* code is not shown when the same code has answered a repeat.

The codes of suspicion, loss and theft (04 07 34-37 41 43 59 67) say no more than "cannot be accepted" on the screen and on the
slip. The customer is never accused at the counter; the number tells the supervisor.

## The codes
"""


def page(codes: list[Code]) -> str:
    """The whole page."""
    rows = [("code", *Code._fields[1:3], "中文", "English", "提示", "advice"), ("---",) * len(Code._fields), *codes]
    return HEAD + "\n" + "".join("| " + " | ".join(row) + " |\n" for row in rows)


if __name__ == "__main__":
    try:
        PAGE.write_text(page(read_codes()), "utf-8")
    except TablesError as error:
        sys.exit(f"make codes: {error}")
