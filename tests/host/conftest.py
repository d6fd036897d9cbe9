"""The tests of the tools begin in a bare shell: what a technician has set (docs/technician.md) changes what a verb does."""

import os

OF_A_TECHNICIAN = ("TARGET", "TICKET", "AUTHORITY", "PASSPHRASE", "TECHNICIAN", "LANG")

for name in OF_A_TECHNICIAN:
    os.environ.pop(f"YUANLU_{name}", None)
