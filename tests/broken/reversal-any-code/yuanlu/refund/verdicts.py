

# Broken on purpose: a declined reversal is taken for a reversal.
_REVERSED = (b"00", b"12", b"25", b"05", b"96")
