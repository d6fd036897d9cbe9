"""The serial port of this computer: opened for one program alone, and in words why it cannot be."""

from __future__ import annotations

import errno

import serial

try:
    import termios

    OPEN_ERRORS: tuple[type[Exception], ...] = (ValueError, termios.error)
except ImportError:  # Windows
    OPEN_ERRORS = (ValueError,)

READ_SECONDS, WRITE_SECONDS = 0.2, 0.5


def open_line(port: str) -> serial.Serial:
    """Open the line at 115 200 baud, 8N1, for this program alone; OSError for every reason that it cannot be opened."""
    # rfc2217:// refuses a write timeout, all others would wait without end for a reader.
    write_timeout = None if port.startswith("rfc2217:") else WRITE_SECONDS
    try:
        return serial.serial_for_url(port, 115_200, timeout=READ_SECONDS, write_timeout=write_timeout, exclusive=True)
    except OPEN_ERRORS as problem:
        raise OSError(*problem.args) from problem


def port_advice(port: str, problem: OSError) -> str:
    """What is the matter with a port that cannot be opened, and what to do."""
    if problem.errno == errno.ENOENT:
        return f"there is no {port}. Plug the cable in; `python -m serial.tools.list_ports` lists what is there."
    if problem.errno in (errno.EACCES, errno.EPERM):
        return f"no permission for {port}. Run `sudo usermod -aG dialout $USER`, then log out and in again."
    if problem.errno in (errno.EBUSY, errno.EAGAIN):
        return f"{port} is busy. Close the other program that uses it: a bridge, a serial monitor, mpremote."
    return f"{port} cannot be opened ({one_line(problem)}). Check its name and the cable."


def one_line(problem: Exception) -> str:
    """What a problem says of itself, on one line."""
    return " ".join(str(getattr(problem, "strerror", None) or problem).split())
