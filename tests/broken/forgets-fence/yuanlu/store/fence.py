# Broken on purpose: what was handed over is sent from here all the same.
_SHUT = ()
