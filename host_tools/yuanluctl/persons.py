"""Who did something, in words: an operator, a technician, the authority by telephone, or nobody that the journal still knows."""

from __future__ import annotations

from host_tools.yuanluctl.journal.decisions import BY_TECHNICIAN, BY_TELEPHONE, WITHDREW, Decision
from host_tools.yuanluctl.journal.ledger import moment
from host_tools.yuanluctl.paper import Both, Value, said


def person(operator: int | None, technician: int = 0) -> Both:
    """Of an operator's number as records have it; of 254 the number of the technician, where it is known."""
    if operator is None:
        return said("person.gone")
    if operator == BY_TELEPHONE:
        return said("person.telephone")
    if operator == BY_TECHNICIAN:
        return said("person.technician", technician) if technician else said("person.some_technician")
    return said("person.operator", operator)


def by(operator: int | None) -> Value:
    """The same beside a label that says whose number it is."""
    return str(operator) if operator is not None and operator < BY_TECHNICIAN else person(operator)


def decider(decision: Decision) -> Both:
    """Who decided it."""
    if decision.operator:
        return person(decision.operator, decision.technician)
    return said("person.nobody_or_itself" if decision.what == WITHDREW else "person.nobody")


def decided_when(decision: Decision) -> Both:
    """Between which records that have a time."""
    parts = []
    if decision.after:
        parts.append(said("decided.after", moment(*decision.after[1:]), decision.after.record))
    if decision.until:
        parts.append(said("decided.until", moment(*decision.until[1:]), decision.until.record))
    if not parts:
        return said("decided.no_time")
    return Both("，".join(part.zh for part in parts), ", ".join(part.en for part in parts))
