"""The emulated board's lines: network and serial port, and the inbox that every source of events fills."""

from struct import pack

from yuanlu.boards import pipe_emulator as p
from yuanlu.compat import Event, const
from yuanlu.errors import NotSent

_CONNECT_MS = const(10_000)


class Inbox:
    """What an event source brought, in order."""

    def __init__(self):
        self.items = []
        self.filled = Event()

    def put(self, item):
        self.items.append(item)
        self.filled.set()

    async def get(self):
        while not self.items:
            self.filled.clear()
            await self.filled.wait()
        return self.items.pop(0)


class Stream:
    """One TCP connection."""

    def __init__(self, network, handle):
        self.network = network
        self.handle = handle
        self.inbox = Inbox()

    async def write(self, data):
        self.network.pipe.ask(p.NET_WRITE, bytes((self.handle,)), data)

    async def read(self, ms):
        inbox = self.inbox
        if not inbox.items:
            inbox.filled.clear()
            if not await self.network.clock.wait(inbox.filled, ms):
                return None
        return inbox.items.pop(0)

    def close(self):
        self.network.streams.pop(self.handle, None)
        self.network.pipe.ask(p.NET_CLOSE, bytes((self.handle,)))


class Network:
    def __init__(self, pipe, clock):
        self.pipe = pipe
        self.clock = clock
        self.up = False
        self.changed = Event()
        self.streams = {}
        self.handle = 0

    def is_up(self):
        return self.up

    async def connect(self, host, port, tls):
        """A Stream, or NotSent."""
        self.handle = self.handle % 255 + 1
        stream = self.streams[self.handle] = Stream(self, self.handle)
        self.pipe.ask(p.NET_OPEN, pack("<BH", self.handle, port), host.encode())
        if await stream.read(_CONNECT_MS) != b"opened":
            stream.close()
            raise NotSent("why.no_connection")
        return stream


class SerialPort:
    def __init__(self, pipe):
        self.pipe = pipe
        self.inbox = Inbox()

    def write(self, data):
        self.pipe.ask(p.SERIAL_WRITE, data)

    async def read(self):
        return await self.inbox.get()
