# Broken on purpose: the same bytes go again although nothing is known of what this acquirer does with a repeat.
def after_silence(config, transaction, batch):
    return s.SILENT


def knows_repeat(config, transaction, batch):
    return True
