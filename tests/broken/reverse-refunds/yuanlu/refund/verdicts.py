# Broken on purpose: a refund without an answer is reversed as if it were a sale.
def after_silence(config, transaction, batch):
    return s.SILENT if transaction.state != s.IS_REVERSING or transaction.sends < REVERSAL_TRIES else s.PERSON
