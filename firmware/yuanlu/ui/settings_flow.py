"""The settings, to be read only: which they are, who changed them, each with its value."""

from yuanlu import VERSION
from yuanlu.refund import rules
from yuanlu.ui.menu import enter


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
    """A line for each setting, in the order of the alphabet. Notices have a page of their own."""
    settings = config.__dict__
    return [("settings.value", name, _text(settings[name])) for name in sorted(settings) if name != "notices"]


def _text(value):
    if isinstance(value, tuple):
        return " ".join([_text(part) for part in value])
    return str(value, "ascii") if isinstance(value, bytes) else str(value)
