
# Broken on purpose: what comes behind a frame in the same read is dropped.
class Channel(Channel):
    def _take(self, data, read):
        length = self._count + len(data)
        if self._count == 0 and length >= 2:
            data = data[: 2 + (data[0] << 8 | data[1])]
        return super()._take(data, read)
