"""Reads and verifies the journal of a terminal from an image of its flash (docs/journal-format.md); shares no code with it."""
