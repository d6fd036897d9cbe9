"""What an answer, or its absence, means for a transaction. Pure: the profile and the code table decide, nothing is sent here."""

from yuanlu.refund import codes as c
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, ROAD_WALLET

REVERSAL_TRIES = 3
# Answers to a reversal that mean: it does not stand. Not booked: the acquirer had never booked it.
_REVERSED = (c.APPROVED, c.NEVER_BOOKED, c.NOT_BOOKED)
# Under session keys: the seal is of an older key, the message was not looked at.
_SEAL_REFUSED = (c.BAD_MAC, c.KEYS_DIFFER)


def after_silence(config, transaction, batch):
    """The verdict on a send without a conclusive answer. `batch`: the open one.

    A sale or void is reversed (SILENT, an ATTEMPT follows). A refund has no reversal: the acquirer is asked where it can be
    asked; the same bytes go again where the profile says that a repeat is known; otherwise a person must find out.
    """
    if transaction.state == s.IS_REVERSING:
        return s.SILENT if transaction.sends < REVERSAL_TRIES else s.PERSON
    if transaction.kind != KIND_REFUND:
        return s.SILENT
    if can_ask(config, transaction):
        return s.ASK
    if transaction.tries >= config.budget:
        return s.PERSON
    return s.SILENT if knows_repeat(config, transaction, batch) else s.PERSON


def knows_repeat(config, transaction, batch):
    """The acquirer recognises the same bytes when they come again: they cannot be booked twice."""
    if transaction.batch != batch and needs_open_batch(config):
        return False
    return config.repeat in ("replays", "duplicate", "open_batch")


def needs_open_batch(config):
    """A repeat is known only while its batch is open."""
    return config.repeat == "open_batch" or not config.old_batches


def forgets_batches(config):
    """A repeat is known while its batch is open, and perhaps booked again later."""
    return config.repeat != "nothing" and needs_open_batch(config)


def of_answer(config, transaction, answer, codes, batch):
    """The verdict on an authenticated answer to the transaction's own message. `codes`: refund.codes.Codes."""
    if transaction.state == s.IS_REVERSING:
        return s.REVERSED if answer.code in _REVERSED else after_silence(config, transaction, batch)
    if answer.amount != transaction.amount:
        return s.OTHERWISE if answer.code in c.APPROVALS else s.PERSON
    if is_wallets(config, transaction):
        if answer.code in c.APPROVALS or answer.code == c.IN_PROGRESS:
            return s.ACCEPTED
        if answer.code in c.BALANCE_SHORT:
            return s.LATER if transaction.tries < config.budget else s.PERSON
    if refuses_seal(config, answer.code):
        if transaction.kind != KIND_REFUND:
            return s.DECLINED
        return s.LATER if not transaction.doubt and transaction.tries < config.budget else s.PERSON
    conclusive = config.repeat in ("replays", "open_batch")
    verdict = codes.verdict(answer.code, transaction.doubt, conclusive)
    doubt = transaction.doubt or transaction.sends > 1  # of these bytes: an older "not now" may have hidden an approval
    if verdict != s.LATER:
        verdict = codes.verdict(answer.code, doubt, conclusive)
    # "Not now" or "not in this batch" to a sale or void: nothing was decided, it never goes again, and a copy that comes later
    # could be booked. A reversal stops it.
    if verdict == s.UNSURE or (verdict in (s.LATER, s.RENEW) and transaction.kind != KIND_REFUND):
        return after_silence(config, transaction, batch)
    if verdict == s.HOLD and transaction.kind != KIND_REFUND:
        return s.DECLINED  # by the time that it could go, its customer is gone
    if verdict in (s.LATER, s.RENEW) and transaction.tries >= config.budget:
        return s.PERSON
    unclear = doubt or answer.code == c.DUPLICATE  # a line may have doubled a first send
    if verdict == s.PERSON and unclear and can_ask(config, transaction):
        return s.ASK
    return verdict


def of_query(config, refund, answer, codes, batch):
    """The verdict on the answer to a query. Not booked, asked late enough, is as good as "not now"; when its batch is closed, a
    new attempt may be made. ASK: this answer tells nothing yet."""
    if answer.code == c.APPROVED:
        return s.DONE if answer.amount == refund.amount else s.OTHERWISE
    if is_wallets(config, refund):
        if answer.code == c.IN_PROGRESS:
            return s.ACCEPTED
        # Only the profile says which codes are the wallet's "no"; others may be about the query itself.
        if answer.code in config.wallet_no:
            return s.DECLINED
    if codes.verdict(answer.code, True, False) == s.UNSURE:
        return s.ASK
    if refund.state == s.IS_ACCEPTED:
        return s.PERSON
    if answer.code != c.NOT_BOOKED or refund.tries >= config.budget:
        return s.PERSON
    return s.LATER if refund.batch == batch or config.old_batches else s.RENEW


def wants_sign_on(config, transaction, batch):
    """Whether the open batch has to be known first: before a new attempt, and before a repeat that is known in its own alone."""
    if transaction.kind != KIND_REFUND:
        return False
    asked = transaction.state == s.IS_UNKNOWN and can_ask(config, transaction)
    repeats = transaction.state in (s.IS_UNKNOWN, s.IS_WAITING) and not asked and knows_repeat(config, transaction, batch)
    return transaction.stale or (repeats and needs_open_batch(config))


def needs_attempt(config, refund, batch):
    """Whether it goes as a new attempt, or as the same bytes. `batch`: the open one.

    After "not now" the same bytes go where a repeat is known: an older "not now" would pass for the answer to these, and the next
    ones would be booked again. A wallet knows a refund by its number.
    """
    if refund.kind != KIND_REFUND:
        return False
    if refund.state == s.IS_QUEUED:  # its batch closed before it was ever sent: the acquirer would refuse it unseen
        return refund.batch != batch or refund.stale
    if refund.state != s.IS_WAITING or is_wallets(config, refund):
        return refund.state == s.IS_WAITING and refund.stale
    known = knows_repeat(config, refund, batch)
    return refund.stale or (not known and (config.repeat == "nothing" or refund.code == c.NOT_BOOKED))


def instead_of_repeat(config, refund, batch):
    """ASK or PERSON where the same bytes would follow on silence and may not go again; 0 where what goes next may. "Not now" is
    silence once its batch is closed: only one of its sends is known to have come to nothing. Whether it is closed a sign-on alone
    says, which anybody can forge: where it can be asked, it is."""
    if refund.kind != KIND_REFUND or refund.state not in (s.IS_UNKNOWN, s.IS_WAITING):
        return 0
    if refund.state == s.IS_WAITING and is_wallets(config, refund):
        return 0
    told = refund.code == c.NOT_BOOKED or not (needs_open_batch(config) and can_ask(config, refund))
    if refund.state == s.IS_WAITING and told and knows_repeat(config, refund, batch):
        return 0
    if can_ask(config, refund):
        return s.ASK
    return 0 if knows_repeat(config, refund, batch) else s.PERSON


def is_contradicted(refund, batch):
    """It was refused as of another batch than the open one, and after a sign-on that batch is open all the same: it is being
    closed, or the acquirer errs. A second copy of the message, on its way still, could be booked beside a new attempt."""
    return refund.stale and refund.code == c.OTHER_BATCH and refund.batch == batch


def can_ask(config, transaction):
    """There is a query for it: the acquirer's, or the wallet's own."""
    return transaction.kind == KIND_REFUND and bool(config.query or is_wallets(config, transaction))


def is_wallets(config, transaction):
    """Its approval means "accepted": it is asked for until the money has gone back."""
    return config.wallet_accepts and transaction.road == ROAD_WALLET and transaction.kind == KIND_REFUND


def refuses_seal(config, code):
    """A sign-on has to bring another session key before anything is sent again."""
    return config.mac != "dukpt" and code in _SEAL_REFUSED
