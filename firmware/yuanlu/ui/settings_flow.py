"""The settings, to be read only: which they are, who changed them, each in words, amounts in yuan."""

from yuanlu import VERSION
from yuanlu.refund import rules
from yuanlu.refund.money import yuan
from yuanlu.ui.menu import enter

_YES_OR_NO = "cash_refunds date_only fee_returned login no_original old_batches query refunds wallet_accepts".split()
_FEN = "doubt_from limit_operator limit_supervisor no_original_amount offline_amount shift_amount day_amount".split()
_MS = "answer_ms ask_ms base_ms cap_ms".split()
_OFF_AT_0 = "closing_days doubt_digits doubt_largest doubt_minutes doubt_times self_test_days".split()
# With the notices, what has a page or a line of its own.
_ELSEWHERE = "notices config_version changed_by changed_on".split()


async def run(till):
    """Raises Cancelled to leave."""
    await enter(till, "yuanlu.ui.pages", "settings.title", [heading(till.config), values(till.config)])


def heading(config):
    """Versions, and who signed which settings when."""
    lines = [
        ("settings.software", VERSION),
        ("settings.version", config.config_version),
        ("settings.signed", config.changed_by, config.changed_on),
        ("settings.terminal", config.terminal),
        ("settings.merchant", config.merchant),
    ]
    if rules.is_older(VERSION, config.refuse_below):
        lines.append(("settings.refused", config.refuse_below))
    elif rules.is_older(VERSION, config.min_version):
        lines.append(("settings.old", config.min_version))
    else:
        lines.append("settings.current")
    return lines


def values(config):
    """A line for each setting, in the order of the alphabet of their names."""
    settings = config.__dict__
    return [("config.{:s}".format(name), _text(name, settings[name])) for name in sorted(settings) if name not in _ELSEWHERE]


def _text(name, value):
    """As a person reads it: a text, or a text to say."""
    if value in ("-", []) or (name in ("min_version", "refuse_below") and value == "0") or (name in _OFF_AT_0 and not value):
        return ("config.none",)
    if name in _YES_OR_NO:
        return ("config.yes",) if value else ("config.no",)
    if name in _FEN:
        return yuan(value)
    if name in _MS:
        return "{:d}.{:03d}".format(value // 1000, value % 1000).rstrip("0").rstrip(".")
    if name == "repeat":
        return ("config.repeat." + value,)
    if name == "fee_card":
        return ("product." + value,)
    if name == "approve_found":
        return _one_after_another([("found.{}".format(way),) for way in value])
    return _plain(value)


def _one_after_another(texts):
    said = texts[0]
    for text in texts[1:]:
        said = ("config.one_and_more", said, text)
    return said


def _plain(value):
    if isinstance(value, tuple):
        return " ".join([_plain(part) for part in value])
    return str(value, "ascii") if isinstance(value, bytes) else str(value)
