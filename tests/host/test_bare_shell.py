"""What a technician has set in his shell changes no test."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SET = {"YUANLU_AUTHORITY": "none.key", "YUANLU_PASSPHRASE": "a passphrase", "YUANLU_TARGET": "image:none", "YUANLU_LANG": "zh"}


def test_a_test_passes_where_the_tools_variables_are_set() -> None:
    """Control: the verb that it tries, started with them, ends otherwise."""
    name = "tests/host/test_card_numbers.py::test_L8_neither_typed_nor_shown"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{name}[_]"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **SET}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    code = "from host_tools.yuanluctl.cli import main; main()"
    told = [
        subprocess.run(
            [sys.executable, "-c", code, "journal", "show"], cwd=ROOT, env=shell, capture_output=True, text=True
        ).stderr
        for shell in ({**os.environ, "LANG": "C", "LC_ALL": ""}, {**os.environ, **SET})
    ]
    assert "IMAGE or a --target" in told[0] and "没有这个文件" in told[1]
