"""An acquirer simulator: it speaks docs/wire.md, keeps a ledger of its own, and fails in the ways a real one does."""

from .acquirer import Acquirer
from .card import seal_card
from .dukpt import initial_key, key_id_of
from .ledger import Entry, Ledger, Reversal, StatementLine
from .message import ASKS, BadMessage
from .moods import MOODS, Reply
from .repeats import KINDS
from .server import Server, start
from .wallets import FAILURES

__all__ = [
    "ASKS",
    "FAILURES",
    "KINDS",
    "MOODS",
    "Acquirer",
    "BadMessage",
    "Entry",
    "Ledger",
    "Reply",
    "Reversal",
    "Server",
    "StatementLine",
    "initial_key",
    "key_id_of",
    "seal_card",
    "start",
]
