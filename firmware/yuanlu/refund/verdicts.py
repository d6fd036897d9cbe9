"""What an answer, or its absence, means for a transaction. Pure: the profile and the code table decide, nothing is sent here."""

from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND

REVERSAL_TRIES = 3
_APPROVED = b"00"
_NOT_BOOKED = b"25"
# Answers to a reversal that mean: it does not stand. 12 and 25: the acquirer had never booked it.
_REVERSED = (b"00", b"12", b"25")


def after_silence(config, transaction, batch):
    """The verdict on a send without a conclusive answer. `batch`: the open one.

    A sale or void is reversed (SILENT, an ATTEMPT follows). A refund has no reversal: the acquirer is asked where it can be
    asked; the same bytes go again where the profile says that a repeat is known; otherwise a person must find out.
    """
    if transaction.state == s.IS_REVERSING:
        return s.SILENT if transaction.sends < REVERSAL_TRIES else s.PERSON
    if transaction.kind != KIND_REFUND:
        return s.SILENT
    if transaction.sends >= config.budget:
        return s.PERSON
    if config.query:
        return s.ASK
    return s.SILENT if knows_repeat(config, transaction, batch) else s.PERSON


def knows_repeat(config, transaction, batch):
    """The acquirer recognises the same bytes when they come again: they cannot be booked twice."""
    if config.repeat == "open_batch":
        return transaction.batch == batch
    return config.repeat in ("replays", "duplicate")


def may_repeat(config, transaction, batch):
    """The same bytes may go again now: the acquirer knows them, or has said that it never booked them."""
    return bool(config.query) or knows_repeat(config, transaction, batch)


def of_answer(config, transaction, answer, codes, batch):
    """The verdict on an authenticated answer to the transaction's own message. `codes`: refund.codes.Codes."""
    if transaction.state == s.IS_REVERSING:
        return s.REVERSED if answer.code in _REVERSED else after_silence(config, transaction, batch)
    if answer.amount != transaction.amount:
        return s.PERSON
    conclusive = config.repeat in ("replays", "open_batch")
    verdict = codes.verdict(answer.code, transaction.doubt, conclusive)
    if verdict == s.UNSURE:
        return after_silence(config, transaction, batch)
    if verdict == s.LATER and transaction.sends >= config.budget:
        return s.PERSON
    if verdict == s.RENEW and transaction.kind != KIND_REFUND:
        return s.DECLINED  # its card, or its open batch, is gone
    if verdict == s.RENEW and transaction.attempt >= config.budget:
        return s.PERSON
    may_ask = config.query and transaction.kind == KIND_REFUND and transaction.sends < config.budget
    if verdict == s.PERSON and transaction.doubt and may_ask:
        return s.ASK
    return verdict


def of_query(config, refund, answer):
    """The verdict on the answer to a query. Not booked, asked late enough, means that the same bytes may go again."""
    if answer.code == _APPROVED and answer.amount == refund.amount:
        return s.DONE
    return s.SILENT if answer.code == _NOT_BOOKED and refund.sends < config.budget else s.PERSON
