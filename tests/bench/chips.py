"""Simulated chips of `make bench`, for MicroPython: one that counts, the same as a block device for VfsLfs2, and a bare one."""

from parts import NorFlash, Vault

ERASE_MS = 45
PAGE_MS = 0.4
PAGE = 256


class Meter(NorFlash):
    """A chip that counts what is done to it, and the model time that takes."""

    def __init__(self, sectors, unit):
        super().__init__(sectors, 4096, unit)
        self.vault = CountingVault()
        self.zero()

    def zero(self):
        self.bytes = self.programs = self.erased = self.bytes_read = 0
        self.ms = 0
        self.vault.writes = 0

    def read_into(self, address, buffer):
        super().read_into(address, buffer)
        self.bytes_read += len(buffer)

    def program(self, address, data):
        super().program(address, data)
        self.bytes += len(data)
        self.programs += 1
        self.ms += PAGE_MS * ((address + len(data) - 1) // PAGE - address // PAGE + 1)

    def erase(self, sector):
        super().erase(sector)
        self.erased += 1
        self.ms += ERASE_MS

    def counts(self):
        return [self.bytes, self.programs, self.erased, self.ms, self.bytes_read, self.vault.writes]


class CountingVault(Vault):
    """The Vault port; its writes are counted apart, since they go to another store."""

    writes = 0

    def store(self, place, data):
        super().store(place, data)
        self.writes += 1


class Blocks:
    """The chip as a block device with the extended protocol, for VfsLfs2."""

    def __init__(self, chip):
        self.chip = chip

    def readblocks(self, block, buffer, offset=0):
        self.chip.read_into(block * self.chip.sector_size + offset, buffer)

    def writeblocks(self, block, buffer, offset=0):
        self.chip.program(block * self.chip.sector_size + offset, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.chip.sectors
        if operation == 5:
            return self.chip.sector_size
        if operation == 6:
            self.chip.erase(argument)
        return 0


class Bare:
    """A chip that costs as little time as one in Python can: nothing is checked."""

    def __init__(self, sectors, unit):
        self.sectors, self.sector_size, self.unit = sectors, 4096, unit
        self.data = memoryview(bytearray(sectors * 4096))
        self.blank = b"\xff" * 4096
        for sector in range(sectors):
            self.erase(sector)

    def read_into(self, address, buffer):
        buffer[:] = self.data[address : address + len(buffer)]

    def program(self, address, data):
        self.data[address : address + len(data)] = data

    def erase(self, sector):
        self.data[sector * 4096 : (sector + 1) * 4096] = self.blank
