"""Every word a person reads, in Chinese or English, from tables.bin. Switchable at any time."""

from yuanlu.tables import CODES, GLYPHS_NARROW, GLYPHS_WIDE, WORDS_CHINESE, WORDS_ENGLISH, word_key


class Words:
    """Says a text: a word id, or (word id, argument ...); an argument may itself be such a tuple."""

    def __init__(self, tables):
        self.languages = (tables.section(WORDS_CHINESE), tables.section(WORDS_ENGLISH))
        self.glyphs = (tables.section(GLYPHS_WIDE), tables.section(GLYPHS_NARROW))
        self.codes = tables.section(CODES)
        self.language = 0

    def switch(self):
        """The other language."""
        self.language = 1 - self.language

    def __call__(self, text):
        if isinstance(text, str):
            text = (text,)
        found = self.languages[self.language].find(word_key(text[0]))
        if found is None:
            return text[0]
        words = str(found, "utf-8") if self.language else self.chinese(found)
        if len(text) == 1:
            return words
        return words.format(*[self(a) if isinstance(a, tuple) else a for a in text[1:]])

    def chinese(self, found):
        """A text as the table has it, put into characters."""
        text, high = "", 0
        for byte in found:
            if high:
                text += chr(self.glyphs[high >> 6 & 1].key((high & 0x3F) << 8 | byte))
                high = 0
            elif byte < 0x80:
                text += chr(byte)
            else:
                high = byte
        return text

    def knows_code(self, code):
        """The code table has that response code; asked by its two characters, which no other entry shares."""
        return self.first_class(code) != 0

    def first_class(self, code):
        """The class of a first answer with that response code, as refund.state numbers it; 0: nobody knows it."""
        found = self.codes.find(ord(code[0]) << 8 | ord(code[1])) if len(code) == 2 else None
        return found[0] if found else 0

    def knows(self, name):
        """There are words under that id."""
        return self.languages[0].find(word_key(name)) is not None
