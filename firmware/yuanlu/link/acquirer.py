"""The road to the acquirer over the Network port."""

from yuanlu.errors import NotSent


class NetworkRoad:
    """Connects to the host of the Config."""

    def __init__(self, network, config):
        self.network = network
        self.config = config

    async def connect(self):
        """A Stream, or NotSent: a cable that is out is known at once, a dead host after the port's own limit."""
        if not self.network.is_up():
            raise NotSent("why.network_down")
        return await self.network.connect(self.config.host, self.config.port, False)
