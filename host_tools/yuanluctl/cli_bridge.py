"""`yuanluctl bridge`: terminals without network reach their acquirer over serial cables."""

from __future__ import annotations

import json
import signal
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

import rich_click as click

from host_tools.yuanluctl.cli_image import EXIT_USAGE, end
from host_tools.yuanluctl.cli_target import Voice
from host_tools.yuanluctl.outcome import INTERRUPTED, Trouble
from host_tools.yuanluctl.output_lost import language_asked
from host_tools.yuanluctl.relay import run

if TYPE_CHECKING:
    from host_tools.yuanluctl.bridge import Log


@click.command()
@click.option(
    "--port",
    "ports",
    required=True,
    multiple=True,
    metavar="DEVICE",
    help="A terminal's line: /dev/ttyUSB0, COM5, socket://HOST:PORT. Once for each terminal.",
)
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="The acquirer: 192.0.2.7:8583, [2001:db8::7]:8583.")
@click.option("--json", "as_json", is_flag=True, help="Events on stdout, one JSON object a line.")
def bridge(ports: tuple[str, ...], target: str, as_json: bool) -> None:
    """Give terminals without network a way to their acquirer, each over its serial cable. Runs until Ctrl-C.

    A line that is lost is opened again when it is back; the others go on meanwhile.

    Exit codes: 0 stopped by SIGTERM, 2 wrong use, 3 no serial port, 4 port busy or not permitted, 130 Ctrl-C.
    """
    host, port_number = _split_target(target)
    signal.signal(signal.SIGTERM, lambda *_: end(0))
    try:
        run(ports, host, port_number, _print_json if as_json else partial(_print_text, len(ports) > 1))
    except Trouble as trouble:
        Voice(language_asked(()), as_json, False).fail(trouble)
    except KeyboardInterrupt:
        end(INTERRUPTED)


def _split_target(target: str) -> tuple[str, int]:
    host, _, port_number = target.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port_number.isascii() or not port_number.isdigit() or not 0 < int(port_number) < 65536:
        end(EXIT_USAGE, f"--to {target} is not HOST:PORT. Write it like --to 192.0.2.7:8583")
    return host, int(port_number)


def _print_text(several: bool, port: str, log: Log) -> None:
    session = f"session {log.session:08x}: " if log.session else ""
    where = f"{port}: " if several and port not in log.text else ""
    click.echo(f"{datetime.now():%H:%M:%S} {where}{session}{log.text}", err=True)


def _print_json(port: str, log: Log) -> None:
    session = f"{log.session:08x}" if log.session else None
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    click.echo(json.dumps({"time": now, "port": port, "event": log.event, "session": session, "text": log.text}))
