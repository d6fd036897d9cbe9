"""What the tools read of a queue that a person holds."""

from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.status import read_state
from host_tools.yuanluctl.status import status as status_of
from parts import NorFlash, Terminal

GEOMETRY = Geometry(4096, 16, 5)


def test_an_image_tells_of_a_hold_and_its_structure_is_whole():
    """Over more sectors than the chip has; the control is the journal after the release."""
    till = Terminal(NorFlash(5, 4096, 16))
    till.refund(till.sell(), 300)
    till.desk.visiting("yuanlu.resolving", "hold", 254, b"case 1")
    sequence = till.journal.log.sequence
    seen = []
    while till.journal.log.sequence < sequence + 8:
        till.sell()
        state = read_state(bytes(till.flash.data), GEOMETRY)
        seen.append((status_of(state)["held"], len(state.report.findings)))
    assert set(seen) == {("case 1", 0)}
    till.desk.release(254, b"mended")
    state = read_state(bytes(till.flash.data), GEOMETRY)
    assert status_of(state)["held"] == "" and not state.report.findings
