"""Programs of the technician and the support desk, for the computer at the other end of the cable."""
