"""Has somebody else to agree? A refund within the operator's limits needs nobody. Where nobody has to log in, nobody is asked."""

from hashlib import sha256
from struct import pack

from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.refund.money import yuan
from yuanlu.refund.rules import days
from yuanlu.refund.transaction import BY_CODE, KIND_SALE, ROAD_CASH, Draft
from yuanlu.ui.describe import masked
from yuanlu.ui.menu import enter

_STANDS_MS = 60_000  # for one refund, and no longer
_BY_PIN, _BY_CODE = 1, 2  # how, in an APPROVAL record
_STEPS = ("yuanlu.ui.pin_page", "yuanlu.store.operators")


async def run(till, draft, sale, found_by):
    """Sets `draft.approver` and `draft.approval` where an approval is due. Raises Cancelled, or Refused when there is none."""
    if not till.config.login:
        return
    why, only_authority = _why(till, draft, sale, found_by)
    if not why:
        return
    await _ask(till, draft, why, only_authority, sale)


async def resolve(till, transaction, amount, word, evidence):
    """The id under which a person's decision is recorded. It may give money out a second time, so it is a supervisor's, and never
    that of who made the transaction. word: which decision. Raises as `run` does."""
    if not till.config.login:
        return till.operator
    alone, other_than = _decider(till, transaction.operator)
    if alone:
        return alone
    draft = Draft(transaction.kind, amount, transaction.number, operator=other_than)
    await _ask(till, draft, [word, "approval.decision"], False, None, word, evidence)
    return draft.approver


async def add(till, word, number, person):
    """A supervisor is made, or given a PIN: who could then agree to his own refunds as that one does not decide it alone. number:
    his id. Raises as `run` does."""
    draft = Draft(KIND_SALE, 0, number, operator=till.operator)
    await _ask(till, draft, [word, "approval.supervisor"], False, None, word, bytes((person,)))


def _decider(till, maker):
    """(the id of who is logged in, if he may decide alone; the id that another person must not have)."""
    supervisor, operators = visit("yuanlu.store.operators").SUPERVISOR, visit("yuanlu.ui.pin_page").table(till)
    here, maker = operators.find(till.operator), operators.known(maker)
    leave(*_STEPS)
    alone = here.role == supervisor and not (maker and maker.person == here.person)
    return here.id if alone else 0, maker.id if maker else till.operator


async def _ask(till, draft, why, only_authority, sale=None, word="kind.refund", evidence=b""):
    """Until somebody has agreed: what was refused is told, and another person or way may be tried. word, evidence: what is agreed
    to. Raises Cancelled."""
    ways = ["approval.by_code"] if only_authority else ["approval.by_pin", "approval.by_code"]
    above = ([("approval.refund", yuan(draft.amount))] if draft.amount else []) + why
    if draft.card:
        above.insert(1, ("line.card", masked(draft.card.number)))
    while not draft.approval:
        choice = await till.dialogs.choose("approval.title", ways, above)
        try:
            await _agree(till, draft, ways[choice] == "approval.by_pin", word, evidence)
        except Refused as error:
            error.sale = sale
            await enter(till, "yuanlu.ui.refusal_page", error)


async def _agree(till, draft, by_pin, word, evidence):
    digest = digest_of(till.config.terminal, till.journal.log.number, draft, word, evidence)
    try:
        if by_pin:
            how, code = _BY_PIN, b""
            draft.approver = await _supervisor(till, draft.operator)
        else:
            how, code = _BY_CODE, await _telephone(till, draft.amount, digest, word)
            draft.approver = BY_CODE
    finally:
        leave(*_STEPS)
    draft.approval = (how, digest, code, till.board.clock.deadline(_STANDS_MS))


def _why(till, draft, sale, found_by):
    """(the reasons as texts, what came to it before; whether it takes the authority)."""
    journal, config = till.journal, till.config
    today, time, trusted = till.board.clock.date()
    counted = visit("yuanlu.store.shift").given(journal, _ids(till, draft.operator), journal.counters.batch, today)
    leave("yuanlu.store.shift")
    rights = visit("yuanlu.refund.rights")
    age = (days(today) - days(sale.date) if sale else 0) if trusted else None
    if age is not None and age < 0:
        age = None  # a clock before the sale is no clock
    why = rights.approval_due(config, draft.amount, age, found_by, counted, till.is_offline())
    if not rights.is_open(config.open_hours, time):
        why.append(("approval.closed", config.open_hours))
    if draft.road == ROAD_CASH:
        why.insert(0, "approval.cash")
    only_authority = rights.by_authority_only(config, draft.amount)
    leave("yuanlu.refund.rights")
    if why and counted:
        why.append(("approval.so_far", counted[0], yuan(counted[1])))
    return why, only_authority


def _ids(till, operator):
    """Every id of that human being, those that were removed too: limits are a person's."""
    rows = [row for row in visit("yuanlu.ui.pin_page").table(till).rows if row.id]
    leave(*_STEPS)
    person = [row.person for row in rows if row.id == operator]
    return [row.id for row in rows if row.person in person] or [operator]


async def _supervisor(till, operator):
    """The id of the other person who agrees, by his PIN. Refused for the same person, whatever ids he has."""
    operators, row = await enter(till, "yuanlu.ui.pin_page", "approval.title", "approval.id")
    mine = operators.known(operator)
    if row.role != visit("yuanlu.store.operators").SUPERVISOR or row.initial:
        raise Refused("refused.no_supervisor")
    if operators.logins_left(row, till.config) == 0:
        raise Refused("refused.pin_term")
    if mine is None or row.person == mine.person:
        raise Refused("refused.same_person")
    return row.id


async def _telephone(till, amount, digest, word):
    """The code of eight bytes that the authority says for what the screen shows."""
    pin_page, operators = visit("yuanlu.ui.pin_page"), visit("yuanlu.store.operators")
    key = till.board.vault.load(operators.AUTHORITY_KEY)
    if not key:
        raise Refused("refused.no_authority")
    shown = operators.digits(digest)
    above = ["approval.call", ("approval.shown", till.config.terminal, shown[:4], shown[4:], yuan(amount))]
    purpose = word.split(".")[1]
    above.append(("approval.purpose", (word,)))
    said = await pin_page.ask_digits(till, "approval.title", "approval.code", 8, hidden=False, above=above)
    outcome = pin_page.table(till).check_code(said, operators.code_of(key, till.config.terminal, shown, amount, purpose))
    pin_page.refuse(till, BY_CODE, outcome, "refused.code")
    return said.encode()


def digest_of(terminal, number, draft, word="kind.refund", evidence=b""):
    """8 bytes that stand for this one refund or decision: SHA-256 over terminal, the next record's number, kind and road, amount,
    original, reason and operator, the card's fingerprint where one is read; of a decision its word and evidence too, of a
    supervisor's row its person. The number never comes again: an approval serves once."""
    values = (number, draft.kind | draft.road << 4, draft.amount, draft.original, draft.reason, draft.operator)
    card = draft.card.fingerprint if draft.card else b""
    said = b"" if word == "kind.refund" else word.encode() + evidence
    return sha256(b"yuanlu approval" + terminal.encode() + pack("<IBIIBB", *values) + card + said).digest()[:8]
