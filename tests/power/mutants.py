"""Each rule of recovery switched off, and the test that must then fail.

A mutant is a small change of one file: `old` stands there exactly once and becomes `new`. `killed` applies it to a copy of the
firmware and the shared tests and runs the one test that is named, on CPython.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LOG, JOURNAL, MOUNT, OPENING = "store/log.py", "store/journal.py", "store/mount.py", "store/opening.py"
BESIDE = ("shop_floor.py", "test_capacity.py")  # of this folder
SECONDS = 60  # no test takes that long, with or without its rule
CHIP, HISTORY, SUMMARY, SEAL = "store/chip.py", "store/history.py", "store/summary.py", "crypto/seal.py"


class Mutant(NamedTuple):
    """One rule switched off."""

    name: str
    file: str
    old: str
    new: str
    test: str  # file and function, in tests/shared or among BESIDE
    says: str = ""  # part of what it must say, where it could fail for another reason too


# The first six are the faults of the journal's first drafts.
MUTANTS = (
    Mutant(
        "recovery writes",
        JOURNAL,
        '        leave("yuanlu.store.mount")\n',
        '        leave("yuanlu.store.mount")\n        if not self.log.sealed:\n            self.make_room()\n',
        "test_journal.py::test_mounting_writes_nothing",
    ),
    Mutant(
        "what was open at a cut is appended to, behind the torn record",
        MOUNT,
        "    log.sealed = log.sequence == 0\n",
        "    log.sealed = True\n",
        "test_log.py::test_the_first_write_after_a_cut_opens_a_sector",
    ),
    Mutant(
        "a sector whose first record is torn is taken for the newest",
        MOUNT,
        "            if not record.copy:\n                return unreadable, dropped, _held(log, record)\n",
        "            return unreadable, dropped, _held(log, record)\n",
        "test_log_cuts.py::test_L5_a_compaction_that_was_cut_is_dropped_and_done_again",
    ),
    Mutant(
        "the wrong sector is carried",
        OPENING,
        "range(sequence - log.window + 1, sequence)]",
        "range(sequence - log.window - 1, sequence)]",
        "test_log.py::test_L5_what_is_wanted_outlives_any_number_of_wraps",
    ),
    Mutant(
        "a cut compaction leaves its sector in the ring",
        MOUNT,
        "        log.sequences[log.head] = 0\n",
        "        return unreadable, None, None\n",
        "test_log_cuts.py::test_L5_a_compaction_that_was_cut_is_dropped_and_done_again",
    ),
    Mutant(
        "what is free is known in RAM alone",
        LOG,
        "            sector = (sector + 1) % self.flash.sectors\n        return sector\n",
        "            sector = (sector + 1) % self.flash.sectors\n"
        "        if self.chip.header(sector):\n            raise StoreFull\n        return sector\n",
        "test_log.py::test_the_ring_wraps_and_keeps_the_newest_window",
    ),
    Mutant(
        "the vault after the header",
        LOG,
        "        self.seal.advance(self.number, stands, trace, business.counters.boot, not pending)\n",
        "",
        "test_seal.py::test_the_vault_moves_on_before_the_header_is_written",
    ),
    Mutant(
        "the vault is told that a SUMMARY stands which may be weak",
        LOG,
        "        stands = min(self.sequence, self.seal.sequence)\n",
        "        stands = self.sequence\n",
        "test_log_cuts.py::test_L5_a_weak_summary_that_is_gone_at_the_next_look_is_no_loss",
    ),
    Mutant(
        "the vault is not told that a sector stands",
        LOG,
        "        self.seal.stands(sequence)\n",
        "",
        "test_rot.py::test_L3_L4_the_newest_sector_lost_as_a_whole_is_missed",
    ),
    Mutant(
        "the SUMMARY before the copies",
        LOG,
        "        opening.carry(business)\n",
        "        opening.publish(r.encode(s.SUMMARY, (0, 0, 0, self.used(), self.summary_at, 0, 0, 0, 0), bytes(48)))\n"
        "        opening.carry(business)\n",
        "test_log_cuts.py::test_L5_a_compaction_that_was_cut_is_dropped_and_done_again",
    ),
    Mutant(
        "no read-back",
        CHIP,
        "            if chunk != part:\n",
        "            if False:\n",
        "test_log.py::test_a_program_that_did_not_take_is_noticed",
    ),
    Mutant(
        "an erase is not looked at",
        CHIP,
        "            if view != _ONES:\n",
        "            if False:\n",
        "test_chip.py::test_a_sector_that_stays_full_is_no_erased_one",
    ),
    Mutant(
        "the last record is not written again",
        OPENING,
        "        if self.log.last is not None and not self._has(self.log.newest[0]):\n",
        "        if False:\n",
        "test_log.py::test_the_first_write_after_a_cut_opens_a_sector",
    ),
    Mutant(
        "the last record before a cut is looked at again when its sector leaves",
        OPENING,
        "        if self.log.record_at((number, address)) is None:\n",
        "        found = self.chip.read(address)\n        if found is None or found.number != number:\n",
        "test_read_once.py::test_L5_L6_a_weak_answer_that_leaves_with_its_sector_is_carried",
    ),
    Mutant(
        "a message that was the last record before a cut is looked at again",
        LOG,
        "        if self.last is not None and place[1] == self.last[0]:\n",
        "        if False:\n",
        "test_read_once.py::test_L2_a_weak_message_is_read_before_the_first_write",
    ),
    Mutant(
        "a settled transaction is folded from a second look",
        HISTORY,
        "            record = log.record_at(place)\n",
        "            record = log.chip.read(place[1])\n",
        "test_read_once.py::test_L10_a_weak_slip_record_is_reprinted_before_the_first_write",
    ),
    Mutant(
        "whatever a state rests on is taken as it was once read",
        OPENING,
        '            self.log.unsure = self.log.number\n            business.report("record {} cannot be read".format(number))\n',
        "",
        "test_read_once.py::test_control_L3_the_same_bit_in_a_record_that_was_not_weak_is_a_loss",
    ),
    Mutant(
        "a filter bit is not set",
        SUMMARY,
        'key(b"d", body.date), b"r" + body.rrn,',
        'key(b"d", body.date),',
        "test_history.py::test_the_filters_hide_no_record",
    ),
    Mutant(
        "the filter misses the originals",
        SUMMARY,
        '        self._set(key(b"o", record.original))\n',
        "",
        "test_history.py::test_the_filters_hide_no_record",
    ),
    Mutant(
        "lowest is not raised",
        HISTORY,
        "    return lowest\n",
        "    return log.lowest\n",
        "test_journal.py::test_L5_a_live_refund_outlives_any_number_of_wraps",
    ),
    Mutant(
        "unsure is not kept",
        MOUNT,
        "max(log.unsure, body.unsure)\n",
        "log.unsure\n",
        "test_rot.py::test_L3_L4_the_newest_sector_lost_as_a_whole_is_missed",
    ),
    Mutant(
        "numbers are used again after a torn record",
        MOUNT,
        "        log.number += 1 + log.unreadable // r.SHORTEST\n",
        "",
        "test_log_cuts.py::test_L4_numbers_that_a_torn_record_may_carry_are_left_out",
    ),
    Mutant(
        "traces are used again after a torn record",
        MOUNT,
        "        traces += 1 + log.unreadable // _SHORTEST_ATTEMPT\n",
        "",
        "test_journal.py::test_L4_trace_and_number_of_a_torn_record_are_left_out",
    ),
    Mutant(
        "traces are used again after damage",
        MOUNT,
        "    traces = -(-damage // _SHORTEST_ATTEMPT)\n",
        "    traces = 0\n",
        "test_rot.py::test_L4_the_trace_of_an_unreadable_intent_is_left_out",
    ),
    Mutant(
        "a retired sector is used again",
        LOG,
        "        while sector in self.retired:\n",
        "        while False:\n",
        "test_worn.py::test_an_erase_ahead_of_a_worn_sector_passes_it_over",
    ),
    Mutant(
        "a retired newest sector has room",
        LOG,
        " if self.sequence and self.head not in self.retired else 0",
        " if self.sequence else 0",
        "test_worn.py::test_a_place_that_wears_out_while_an_answer_is_awaited_is_not_programmed_twice",
    ),
    Mutant(
        "retired sectors without end",
        LOG,
        "        return len(self.retired) > 1 + self.flash.sectors // 16\n",
        "        return len(self.retired) >= self.flash.sectors\n",
        "test_worn.py::test_a_chip_worn_out_says_so_and_harms_nothing",
    ),
    Mutant(
        "a given-up twin counts",
        MOUNT,
        "    _drop_twins(log)\n",
        "",
        "test_worn.py::test_L4_L5_a_sector_given_up_while_it_was_opened_is_not_taken_for_the_good_one",
    ),
    Mutant(
        "a sector that was given up before a cut is tried again behind the one that was cut",
        MOUNT,
        "        _pass_over(log, dropped)\n",
        "",
        "test_worn.py::test_L5_a_sector_given_up_before_a_cut_stays_given_up",
    ),
    Mutant(
        "sectors behind a SUMMARY that was read once are taken for given up",
        MOUNT,
        "if found and found[0] == log.sequence + 1 else 0",
        "if found else 0",
        "test_worn.py::test_L5_a_summary_read_once_and_not_again_wears_out_no_sector",
    ),
    Mutant(
        "a SUMMARY is believed whatever it says",
        SUMMARY,
        "    return body if fits else None\n",
        "    return body\n",
        "test_rot.py::test_L5_a_summary_that_cannot_be_one_is_as_one_that_cannot_be_read",
    ),
    Mutant(
        "the later twin counts whatever it holds",
        MOUNT,
        "if _counts(log, later) or not _counts(log, sector) else later",
        "if True else later",
        "test_worn.py::test_L5_a_twin_that_holds_only_copies_does_not_count",
    ),
    Mutant(
        "an erase while quiet",
        LOG,
        "        if self.quiet:\n            raise StoreFull",
        "        if False:\n            raise StoreFull",
        "test_log.py::test_no_erase_while_an_answer_is_awaited",
    ),
    Mutant(
        "an erase ahead while quiet",
        LOG,
        "        if self.sealed and not self.quiet and self.erased is None",
        "        if self.sealed and self.erased is None",
        "test_log.py::test_no_erase_while_an_answer_is_awaited",
    ),
    Mutant(
        "a window one sector too large",
        LOG,
        "self.window = flash.sectors - 2 - flash.sectors // 16",
        "self.window = flash.sectors - 1 - flash.sectors // 16",
        "test_log.py::test_the_window_leaves_two_sectors_and_more_on_a_large_chip",
    ),
    Mutant(
        "the newest sector without its header is empty",
        MOUNT,
        "    _find_headless(log, business)\n",
        "",
        "test_rot.py::test_L3_L4_L5_the_newest_sector_without_its_header_is_not_taken_for_empty",
    ),
    Mutant(
        "damage in a closed sector is not noticed",
        HISTORY,
        "    if log.chip.damage or not (end ",
        "    if not (end ",
        "test_rot.py::test_L3_rot_in_the_last_record_is_noticed_in_the_same_life",
    ),
    Mutant(
        "damage at power-up is not noticed",
        MOUNT,
        "    if log.chip.damage:\n",
        "    step = None\n    if False:\n",
        "test_log.py::test_a_damaged_record_hides_no_other",
    ),
    Mutant(
        "a step in the numbers is not noticed",
        MOUNT,
        "    elif step:\n",
        "    elif False:\n",
        "test_log.py::test_a_record_cut_out_by_hand_is_missed",
    ),
    Mutant(
        "a place that cannot be read stays in the list",
        "refund/transaction.py",
        "if place[0] != number or address is not None]",
        "]",
        "test_rot.py::test_L2_a_place_that_could_not_be_read_is_never_read_again",
    ),
    Mutant(
        "what may have been settled is sent again",
        "store/pending.py",
        "    return transaction.original < journal.log.unsure\n",
        "    return False\n",
        "test_rot.py::test_L3_what_may_have_been_settled_since_is_not_sent_again",
    ),
    Mutant(
        "both places of the vault are one",
        "crypto/two_places.py",
        "self.places[0] if self.newest == self.places[1] else self.places[1]",
        "self.places[0]",
        "test_seal.py::test_a_torn_vault_write_leaves_the_state_before",
    ),
    Mutant(
        "a key is used for two records",
        SEAL,
        "            self._key_number += 1\n",
        "            self._key_number = number\n",
        "test_seal.py::test_the_keys_are_those_of_the_format",
    ),
    Mutant(
        "history leaves only when a sector overflows",
        HISTORY,
        "    if len(originals) > fit * 9 // 10:\n        lowest += 2 * used_up\n    while count > fit * 9 // 10 and",
        "    while False and",
        "test_capacity.py::test_a_stream_of_sales_alone_keeps_6000",
        "assert least >= SALES",
    ),
    Mutant(
        "a carry that forgets REFUND records",
        OPENING,
        "taken = record.type in (s.SALE, s.REFUND) and",
        "taken = record.type == s.SALE and",
        "test_capacity.py::test_small_rings_agree_with_the_model_too",
        "AssertionError: refund ",
    ),
    Mutant(
        "a transaction is told with the trace of an attempt that was given up",
        "refund/transaction.py",
        "        return attempt if attempt in (1, known) else 0\n",
        "        return attempt\n",
        "test_history.py::test_a_transaction_is_never_folded_from_a_part_of_its_records",
        "AssertionError: (1, ",
    ),
    Mutant(
        "a transaction whose records have left the ring in part is folded all the same",
        HISTORY,
        "            return None  # some of its records have left the ring\n",
        "            found.state = s.next_state(s.IS_SENDING, record.type, record.body().verdict)\n",
        "test_history.py::test_a_transaction_is_never_folded_from_a_part_of_its_records",
        "AssertionError: (0, ",
    ),
    Mutant(
        "what was given back is forgotten",
        HISTORY,
        "sum([body.amount for body in",
        "sum([0 for body in",
        "test_journal.py::test_L3_what_is_not_definitively_not_done_counts",
    ),
    Mutant(
        "a journal that keeps its losses to itself",
        JOURNAL,
        "        self.report = self.trouble.append\n",
        "        self.report = [].append\n",
        "test_rot.py::test_L5_what_stands_open_leaves_a_sector_whose_header_is_lost",
    ),
    Mutant(
        "records taken without their CRC",
        "record.py",
        '        if crc32(self.view[:end]) != unpack_from("<I", buffer, end)[0]:\n',
        "        if False:\n",
        "test_record.py::test_every_flipped_bit_is_found",
    ),
    Mutant(
        "a SUMMARY is sealed without the copies before it",
        OPENING,
        "        self.copied.update(record.sealed())\n",
        "",
        "test_seal.py::test_every_tag_on_the_chip_is_its_records",
    ),
)


def outcome(mutant: Mutant | None, tests: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run these tests in a copy of what they need, with the mutant's change."""
    for name in ("firmware", "tests/shared", "tests/vectors"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests/power").mkdir()
    for name in BESIDE:
        shutil.copy(ROOT / "tests/power" / name, folder / "tests/power")
    shutil.copytree(ROOT / "build" / "firmware", folder / "build" / "firmware", ignore=shutil.ignore_patterns("*.mpy"))
    if mutant is not None:
        path = folder / "firmware" / "yuanlu" / mutant.file
        text = path.read_text("utf-8")
        if text.count(mutant.old) != 1:
            raise ValueError(f"{mutant.name}: what it changes stands {text.count(mutant.old)} times in {mutant.file}")
        path.write_text(text.replace(mutant.old, mutant.new), "utf-8")
    calls = [test.replace(".py::", ".") for test in tests]
    program = "".join(f"import {call.split('.')[0]}\n{call}()\n" for call in calls)
    paths = os.pathsep.join(str(folder / name) for name in ("tests/shared", "tests/power", "firmware"))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)


def killed(mutant: Mutant, folder: Path) -> bool:
    """True when the named test fails with the mutant's change, by an exception of its own and not because nothing ran."""
    done = outcome(mutant, [mutant.test], folder)
    began = f"in {mutant.test.split('::')[1]}" in done.stderr and mutant.says in done.stderr
    return done.returncode != 0 and began and not any(name in done.stderr for name in ("SyntaxError", "NameError"))
