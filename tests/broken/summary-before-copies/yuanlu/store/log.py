

# Broken on purpose: a new sector counts before what must stay was copied into it.
_carry = _Opening.carry
_publish = _Opening.publish


def _carry_later(self, business):
    self.business = business


def _publish_first(self, payload):
    _publish(self, payload)
    _carry(self, self.business)


_Opening.carry = _carry_later
_Opening.publish = _publish_first
