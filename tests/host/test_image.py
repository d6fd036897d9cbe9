"""The firmware's build: what is in it, what an overlay does, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.yuanluctl import image

APPENDED = "\n\ndef yuan(amount):\n    return 'an overlay'\n"
MODULE = Path("yuanlu/refund/money.py")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware, built once."""
    return image.build(tmp_path_factory.mktemp("build"))


def test_every_module_is_built_but_the_stand_in_for_asyncio(built: Path):
    wanted = {path.relative_to(image.FIRMWARE).with_suffix(".mpy") for path in (image.FIRMWARE / "yuanlu").rglob("*.py")}
    found = {path.relative_to(built) for path in built.rglob("*.mpy")}
    assert wanted - found == {image.CPYTHON_ONLY.with_suffix(".mpy")}
    assert found - wanted == set()
    assert (built / "tables.bin").read_bytes().startswith(b"YLT1")


def test_a_second_build_touches_nothing_and_drops_what_is_gone(built: Path):
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*") if path.is_file()}
    (built / "yuanlu" / "gone.mpy").write_bytes(b"M")
    image.build(built)
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*") if path.is_file()} == before


def test_what_was_shrunk_before_is_taken_for_the_same_source_alone(tmp_path: Path):
    kept, name = tmp_path / "firmware.shrunk", Path("yuanlu/one.py")
    one, other = ({name: b"_long_name = %d\nprint(_long_name)\n" % number} for number in (1, 2))
    assert image._shrunk(one, kept) == {name: b"_a = 1\nprint(_a)\n"}
    assert image._shrunk(other, kept) == {name: b"_a = 2\nprint(_a)\n"}
    for torn in ("", "[]", '{"of": "another"}', kept.read_text()[:-9]):
        kept.write_text(torn)
        assert image._shrunk(other, kept) == {name: b"_a = 2\nprint(_a)\n"}, torn
    kept.write_text(kept.read_text().replace("_a = 2", "_a = 3"))
    assert image._shrunk(other, kept) == {name: b"_a = 3\nprint(_a)\n"}, "else it is never taken"


def test_what_is_frozen_in_is_not_in_its_rom_image(tmp_path: Path, built: Path):
    """Else the terminal would import it from there, and the heap that is measured would not be that of frozen firmware."""
    frozen = image.freeze(tmp_path / "frozen")
    modules = {path.relative_to(frozen) for path in frozen.rglob("*.mpy")}
    assert {path.relative_to(built) for path in built.rglob("*.mpy")} - modules == {
        name for name in (path.relative_to(built) for path in built.rglob("*.mpy")) if any(map(name.match, image.SESSION_KEYS))
    }
    rest, whole = image.rom(frozen).read_bytes(), image.rom(built).read_bytes()
    assert b".mpy" in whole and b".mpy" not in rest and b"tables.bin" in rest
    assert len({(frozen / name).read_bytes() for name in modules}) == len(modules)


def test_session_keys_are_in_the_second_image_alone(built: Path):
    base, second = (image.rom(built, session_keys).read_bytes() for session_keys in (False, True))
    for name in (b"session_sealing.mpy", b"sm4.mpy"):
        assert name in second
        assert name not in base
    assert b"dukpt.mpy" in base


def test_an_overlay_changes_its_module_alone(built: Path, tmp_path: Path):
    overlay = tmp_path / "overlay"
    (overlay / MODULE).parent.mkdir(parents=True)
    (overlay / MODULE).write_text(APPENDED)
    broken = image.build(tmp_path / "out", overlay)
    names = [path.relative_to(built) for path in built.rglob("*.mpy")]
    changed = [name for name in names if (built / name).read_bytes() != (broken / name).read_bytes()]
    assert changed == [MODULE.with_suffix(".mpy")]
    assert b"an overlay" in (broken / changed[0]).read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("yuanlu/refund/nowhere.py", "", "the firmware has no yuanlu/refund/nowhere.py"),
        (str(MODULE), "def yuan(:\n", r'yuanlu/refund/money.py", line \d+'),
        ("readme.txt", "", "no overlay here"),
    ],
)
def test_what_the_build_refuses(tmp_path: Path, name: str, text: str, complaint: str):
    overlay = tmp_path / "overlay"
    (overlay / name).parent.mkdir(parents=True)
    (overlay / name).write_text(text)
    with pytest.raises(image.BuildError, match=complaint):
        image.build(tmp_path / "out", overlay)


def test_the_command_says_what_it_built(tmp_path: Path):
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-m", "host_tools.yuanluctl.image", str(tmp_path / "out"), *arguments]
        return subprocess.run(call, cwd=image.FIRMWARE.parent, capture_output=True, text=True, check=False)

    built = command()
    assert built.returncode == 0, built.stderr
    assert "modules and tables.bin" in built.stdout
    refused = command("--overlay", str(tmp_path))
    assert (refused.returncode, refused.stderr.startswith("build: ")) == (1, True)
