
# Broken on purpose: every FCS is right.
def fcs16(data, register=0xFFFF):
    return 0xF0B8
