"""The one place where the verbs write a file: whole or not at all, and on the disk before anybody says that it is written."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def keep(path: Path, content: bytes, new: bool = False) -> None:
    """Put that content there in one step; OSError, then what was there stays. new: for its owner alone, never over another."""
    fresh = _beside(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    handle = os.open(fresh, flags, 0o600 if new else 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if new:
            _place_new(fresh, path)
        else:
            os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def try_new(path: Path) -> None:
    """What `keep` does with `new`, but for the content: OSError where it could not, before anybody types that in vain."""
    fresh = _beside(path)
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600))
    fresh.unlink()


def append(path: Path, content: bytes) -> None:
    """Put that content behind what is there; OSError. A cut may leave some of it."""
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """A name is on the disk only once its folder is; Windows has no such call."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _beside(path: Path) -> Path:
    """Where the content stands until it is whole."""
    if path.name in ("", ".."):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return path.with_name(f"{path.name}.{os.getpid()}")


def _place_new(fresh: Path, path: Path) -> None:
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError as problem:  # a stick whose file system has no links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from problem
        os.replace(fresh, path)
        return
    fresh.unlink()
