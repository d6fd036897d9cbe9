"""The tasks of the training and how many of them the training journal shows as done. A visiting step."""

from yuanlu.refund.money import yuan


async def run(till):
    """Until it is left. Raises Cancelled."""
    while True:
        tasks = till.room.tasks()
        score = len([1 for _, done in tasks if done])
        above = [("training.score", score, len(tasks))]
        wrong = till.room.mistakes()
        if wrong:
            above.append(("training.wrong", yuan(wrong)))
        items = [("task.item", ("task.done" if done else "task.open",), (text[0] + ".short",)) for text, done in tasks]
        text, _ = tasks[await till.dialogs.choose("training.tasks", items, above)]
        await till.dialogs.notice("training.tasks", [text])
