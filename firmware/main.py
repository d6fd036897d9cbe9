"""Start the board named in this_board.py."""

from this_board import NAME

board = __import__("yuanlu.boards." + NAME, None, None, ("start",))
board.start()
