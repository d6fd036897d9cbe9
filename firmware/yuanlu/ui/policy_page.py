"""What this shop's refunds are bound by: windows, parts, limits, fees, and who does which step. From the settings."""

from yuanlu.refund.money import yuan
from yuanlu.ui.menu import enter

# (word, setting, 1 when it is an amount in fen). A setting that this firmware does not have has no line.
_LINES = (
    ("policy.share", "refund_percent", 0),
    ("policy.refund_days", "refund_days", 0),
    ("policy.wallet_days", "wallet_days", 0),
    ("policy.wallet_parts", "wallet_parts", 0),
    ("policy.wallet_gap", "wallet_gap_s", 0),
    ("policy.operator", "limit_operator", 1),
    ("policy.supervisor", "limit_supervisor", 1),
    ("policy.shift_count", "shift_count", 0),
    ("policy.shift_amount", "shift_amount", 1),
    ("policy.day_count", "day_count", 0),
    ("policy.day_amount", "day_amount", 1),
    ("policy.old_days", "old_days", 0),
    ("policy.offline_count", "offline_count", 0),
    ("policy.offline_amount", "offline_amount", 1),
    ("policy.no_original_amount", "no_original_amount", 1),
    ("policy.no_original_count", "no_original_count", 0),
    ("policy.due_card", "due_days_card", 0),
    ("policy.due_wallet", "due_days_wallet", 0),
)
# Checked only where operators log in.
_OF_PERSONS = ("limit_operator", "limit_supervisor", "shift_count", "shift_amount", "day_count", "day_amount", "old_days")


async def run(till):
    """Raises Cancelled to leave."""
    await enter(till, "yuanlu.ui.pages", "policy.title", sections(till.config))


def sections(config):
    """The rules and of when they are, then the numbers, then who does what."""
    settings = config.__dict__
    numbers = []
    without = settings.get("no_original")
    for word, name, is_amount in _LINES:
        if name in _OF_PERSONS and not settings["login"]:
            continue
        if name in settings and (without or not name.startswith("no_original")):
            numbers.append((word, yuan(settings[name]) if is_amount else settings[name]))
    rules = ["policy.cap", "policy.partial", "policy.cash" if settings.get("cash_refunds") else "policy.same_way", "policy.void"]
    if "fee_returned" in settings:
        rules.append("policy.fee_returned" if settings["fee_returned"] else "policy.fee_kept")
    rules.append("policy.no_original" if without else "policy.no_original_off")
    if not settings["login"]:
        numbers.append("policy.nobody")
    dated = [("policy.as_of", config.config_version, config.changed_on)]
    return [dated + rules + ["policy.law"], numbers, ["policy.steps"]]
