# Broken on purpose: a refund without an answer is reversed as if it were a sale.
KIND_REFUND = 0
