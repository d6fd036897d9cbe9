"""Firmware that is not in force shows one page and moves no money: on trial until a technician confirms, for ten minutes at most;
fallen back to the factory's until new firmware is brought."""

from yuanlu import VERSION
from yuanlu.compat import const, create_task
from yuanlu.errors import Cancelled, Refused
from yuanlu.ui.menu import enter

_TRIAL_MS = const(600_000)


async def run(till):
    """Until it is in force."""
    create_task(_take_back(till.board))
    while till.board.standing:
        if till.board.standing == "trial":
            till.dialogs.show("trial.title", [("trial.version", VERSION), "trial.what", "trial.next"])
        else:
            till.dialogs.show("fallen.title", [("fallen.version", VERSION), "fallen.what", "fallen.next"])
        await till.dialogs.key()
        while till.door and till.door.asks():
            await _technician(till)


async def _take_back(board):
    """The firmware before comes back unless this one is confirmed in time."""
    await board.clock.sleep_ms(_TRIAL_MS)
    if board.standing == "trial":
        board.restart()


async def _technician(till):
    try:
        await enter(till, "yuanlu.ui.service_flow")
    except Cancelled:
        pass
    except Refused as error:
        await enter(till, "yuanlu.ui.refusal_page", error)
