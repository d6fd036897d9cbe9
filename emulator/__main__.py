"""python -m emulator serve | demo | run"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

from emulator import scenario as scenarios
from emulator.child import CannotStart
from emulator.clerk import NoPower, NotSeen, WrongSlip
from emulator.shop import FIRMWARE, ROOT, Shop
from emulator.story import Story
from host_tools.yuanluctl import image, tables

CANNOT_RUN = (CannotStart, image.BuildError, tables.TablesError)
BROKEN = ROOT / "tests" / "broken"
# The kind of acquirer that a broken variant is played against: the one its fault does harm at.
AGAINST = {"new-trace": "a", "forget": "a", "resend": "c"}


def main(words: list[str] | None = None) -> int:
    """Exit code: 0 agrees, 1 the books do not agree, 2 wrong arguments or nothing to run."""
    arguments = _parser().parse_args(words)
    try:
        return arguments.run(arguments)
    except CANNOT_RUN as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="emulator", description="an emulated payment terminal and its acquirer")
    verbs = parser.add_subparsers(required=True, metavar="serve | demo | run")
    serve = verbs.add_parser("serve", help="serve the page on the loopback")
    serve.add_argument("--port", type=_port, help="default: 8642, or the next free one")
    serve.add_argument("--acquirer", type=_address, metavar="HOST:PORT", help="attach another acquirer instead of the simulator")
    serve.add_argument("--login", action="store_true", help="only operators with a PIN may work; the page says the first PINs")
    serve.set_defaults(run=_serve)
    scenario = verbs.add_parser("run", help="play a scenario file on virtual time")
    scenario.add_argument("file", type=Path)
    scenario.add_argument("--seed", type=int, default=1)
    scenario.add_argument("--json", action="store_true", help="one object on stdout")
    scenario.add_argument("--keep", type=Path, metavar="FOLDER", help="write chip.img, journal.key and anchor there")
    scenario.add_argument("--firmware", type=Path, default=FIRMWARE, metavar="FOLDER", help="build it there")
    scenario.set_defaults(run=_run)
    demo = verbs.add_parser("demo", help="play the story and count the money")
    demo.add_argument("--break", dest="broken", choices=sorted(AGAINST), help="play it with a broken firmware: must exit 1")
    demo.add_argument("--fast", action="store_true", help="on virtual time, without sockets and ptys")
    demo.set_defaults(run=_demo)
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, _port(port)


def _serve(arguments: argparse.Namespace) -> int:
    from emulator import server  # the web stack is slow to import and only needed here

    _build()
    shop = Shop(real=True, attached=arguments.acquirer, login=int(arguments.login))
    try:
        server.serve(shop, arguments.port)
    except server.PortTaken as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    finally:
        shop.close()
    return 0


def _run(arguments: argparse.Namespace) -> int:
    report = scenarios.Report(None, arguments.seed)
    try:
        scenario = scenarios.load(arguments.file)
        report.name = scenario.name
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
        _build(arguments.firmware)
        told = {"tell": lambda text: print(text, file=sys.stderr), "keep": arguments.keep, "firmware": arguments.firmware}
        report = scenarios.play(scenario, arguments.seed, **told)
    except (scenarios.BadScenario, OSError, *CANNOT_RUN) as error:
        report.code, report.line, report.why = scenarios.BAD_FILE, getattr(error, "line", None), str(error)
    if arguments.json:
        print(json.dumps(dataclasses.asdict(report), ensure_ascii=False))
    elif report.code != scenarios.BAD_FILE:
        print(f"{'held' if report.code == 0 else 'FAILED'}: {report.name} ({report.milliseconds} ms of virtual time)")
    if report.code == scenarios.BAD_FILE:
        print(f"emulator: {report.why}", file=sys.stderr)
    elif report.code:
        for line in [report.why, *report.discrepancies]:
            print(f"{arguments.file}:{report.line or 'end'}: {line}", file=sys.stderr)
        print(f"replay: {scenarios.replay_command(arguments.file, arguments.seed)}", file=sys.stderr)
    return report.code


def _build(firmware: Path = FIRMWARE) -> None:
    """Bring the firmware up to date with its sources; only what changed is written."""
    if not (image.FIRMWARE / "yuanlu" / "app.py").exists():
        raise CannotStart(
            "the firmware's sources are not here: the emulator runs in a checkout of yuanlu, an installed wheel brings yuanluctl"
            " only. In the checkout: make setup, then .venv/bin/python -m emulator"
        )
    image.build(firmware)


def _demo(arguments: argparse.Namespace) -> int:
    if arguments.broken is None:
        _build()
        return _play(Shop(real=not arguments.fast, kind="a"))
    with tempfile.TemporaryDirectory(prefix="yuanlu-broken-") as folder:
        firmware = image.build(Path(folder), BROKEN / arguments.broken)
        print(f"Firmware broken on purpose: {arguments.broken}\n")
        return _play(Shop(real=not arguments.fast, kind=AGAINST[arguments.broken], firmware=firmware))


def _play(shop: Shop) -> int:
    try:
        wrong = Story(shop, lambda text: print(text + "\n", flush=True)).play()
    except (NoPower, NotSeen, WrongSlip) as error:
        print(f"The story broke off: {error}", file=sys.stderr)
        return 2
    finally:
        shop.close()
    for line in wrong:
        print(f"DISCREPANCY  {line}")
    if not wrong:
        print("Every refund was booked exactly once. / 每笔退款只入账一次。")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
