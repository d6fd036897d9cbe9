"""An acquirer simulator: it speaks docs/wire.md, keeps a ledger of its own, and fails in the ways a real one does."""

from .acquirer import MOODS, Acquirer, Reply
from .card import seal_card
from .ledger import Entry, Ledger
from .message import BadMessage
from .server import Server, start

__all__ = ["MOODS", "Acquirer", "BadMessage", "Entry", "Ledger", "Reply", "Server", "seal_card", "start"]
