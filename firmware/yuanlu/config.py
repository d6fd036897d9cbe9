"""The terminal's settings as attributes, read-only. What each of them means and may be: settings.py, settings_rules.py."""

from yuanlu.compat import leave, visit


class Config:
    """Every setting is an attribute of the same name; besides, which settings these are, and who changed them when. BadConfig
    when the text is none."""

    def __init__(self, text, config_version=1, changed_by="-", changed_on="-"):
        self.config_version, self.changed_by, self.changed_on = config_version, changed_by, changed_on
        values = visit("yuanlu.settings").read(text)
        visit("yuanlu.settings_rules").check(values)
        leave("yuanlu.settings_rules", "yuanlu.settings")
        for name in values:
            setattr(self, name, values[name])

    def __getattr__(self, name):
        """A setting that does not exist: KeyError names it."""
        return self.__dict__[name]
