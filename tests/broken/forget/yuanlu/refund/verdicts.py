# Broken on purpose: silence is taken for a refusal.
def after_silence(config, transaction, batch):
    return s.DECLINED
