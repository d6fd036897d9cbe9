

# Broken on purpose: a new sector counts before what must stay was copied into it.
_carry = Opening.carry
_publish = Opening.publish
_write = Opening._write_copy


def _measure(self):
    self.log.record.mark_copy()
    if self.tail + self.log.record.size > self.end:
        raise StoreFull("journal: what is unsettled fits no sector")
    self.tail += self.log.record.size
    self.moves.append((self.log.record.number, None))


def _carry_later(self, business):
    start, self.business = self.tail, business
    Opening._write_copy = _measure
    try:
        _carry(self, business)
    finally:
        Opening._write_copy = _write
    self.tail, self.moves = start, []


def _publish_first(self, payload):
    global choose
    _publish(self, payload)
    chosen, choose = choose, lambda log, sector, room: log.lowest
    try:
        _carry(self, self.business)
    finally:
        choose = chosen


Opening.carry = _carry_later
Opening.publish = _publish_first
