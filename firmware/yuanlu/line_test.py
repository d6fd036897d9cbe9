"""The line, step by step: does a road open, does the acquirer take the sign-on, does it answer an echo? A visiting module: the
forwarder runs it when a person asks."""

from yuanlu.errors import NotSent, Refused, Silence
from yuanlu.exchange import Exchange

STEPS = ("connect", "sign_on", "echo")


async def test(forwarder):
    """(how many of STEPS went well, word id of what stopped the next one or None)."""
    exchange = Exchange(forwarder)
    for done, step in enumerate((forwarder.channel.open, exchange.sign_on, exchange.echo)):
        try:
            await step()
        except (NotSent, Silence, Refused) as error:
            return done, error.reason
    return len(STEPS), None
