

# Broken on purpose: silence is taken for a refusal.
def after_silence(repeat, sends, budget):
    return s.DECLINED
