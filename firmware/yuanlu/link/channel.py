"""One exchange at a time with the acquirer, over the first road that opens."""

from yuanlu.errors import NotSent, Silence

_LARGEST = 1024
_SMALLEST = 20


class Channel:
    """Given the roads in the order in which they are tried: objects with `async connect() -> Stream`, raising NotSent.

    A Stream has `async write(data)`, `async read(ms) -> bytes` (b"" when it was closed, None when time ran out) and
    `close()`. Another road is tried only while not one byte has left.
    """

    def __init__(self, roads, clock):
        self.roads = roads
        self.clock = clock
        self.stream = None
        self.route = 0
        self._frame = bytearray(2)  # its length, and the rest of it once that is known
        self._count = 0

    async def open(self):
        """Connect the first road that answers; `route` is its number, from 1. NotSent when none does: the reason is that of
        the first road, the one a shop expects to work."""
        reason = None
        for index in range(len(self.roads)):
            try:
                self.stream = await self.roads[index].connect()
            except NotSent as error:
                reason = reason or error.reason
                continue
            self.route = index + 1
            self._frame, self._count = bytearray(2), 0
            return
        raise NotSent(reason or "why.no_road")

    def close(self):
        """Let the road go."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None

    async def exchange(self, request, read, ms):
        """Send `request` and return the first `read(frame)` that is not None within `ms`; Silence otherwise."""
        deadline = self.clock.deadline(ms)
        await self.stream.write(request)
        while True:
            left = self.clock.diff_ms(deadline, self.clock.ticks_ms())
            data = await self.stream.read(left) if left > 0 else None
            if data is None:
                raise Silence("why.no_answer")
            if data == b"":
                raise Silence("why.line_closed")
            answer = self._take(data, read)
            if answer is not None:
                return answer

    def _take(self, data, read):
        """Collect bytes into frames; the answer once a frame is it."""
        for byte in data:
            self._frame[self._count] = byte
            self._count += 1
            if self._count < 2:
                continue
            length = self._frame[0] << 8 | self._frame[1]
            if not _SMALLEST <= length <= _LARGEST:
                raise Silence("why.garbage")
            if self._count == 2:
                self._frame += bytes(length)
            if self._count == length + 2:
                frame, self._frame, self._count = self._frame, bytearray(2), 0
                answer = read(memoryview(frame))
                if answer is not None:
                    return answer
        return None
