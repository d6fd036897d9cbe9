"""A terminal one can touch: real MicroPython in a child process, everything around it here."""
