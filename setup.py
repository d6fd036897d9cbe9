"""What pyproject.toml cannot say: the wheel takes along the terminal's words and codes, which stand in the repository once, in
firmware/tables. They go into the package of the tool that reads them (host_tools/yuanluctl/tables.py)."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TABLES = Path("firmware", "tables")
PLACE = Path("host_tools", "yuanluctl", "terminal_tables")


def words_and_codes() -> list[Path]:
    """No glyphs: only a terminal draws."""
    return [TABLES / "codes.csv", *sorted((TABLES / "words").glob("*.csv"))]


class WithTables(build_py):
    """The usual build, and those files."""

    def run(self) -> None:
        """An editable install reads them where they are."""
        super().run()
        for file in () if self.editable_mode else words_and_codes():
            copy = Path(self.build_lib, PLACE, file.relative_to(TABLES))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)

    def get_source_files(self) -> list[str]:
        """A source distribution has them too."""
        return [*super().get_source_files(), *map(str, words_and_codes())]


setup(cmdclass={"build_py": WithTables})
