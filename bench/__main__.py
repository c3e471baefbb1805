"""The command line: `python -m bench [--quick] [--json FILE] [--rounds N] [--only name,…]`."""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.contenders.registry import CONTENDERS, Contender
from bench.plan import FULL, QUICK
from bench.processes import BenchError
from bench.run import Run


def main() -> int:
    """Measure, print, write. Exit with 1 if a contender that could take part did not work."""
    told = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that every process is stopped
    plan = QUICK if told.quick else FULL
    if told.rounds:
        plan = replace(plan, rounds=told.rounds)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Run(Path(folder), plan, told.only or CONTENDERS, date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        try:
            report = run.carry_out()
        except BenchError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        finally:
            run.close()
    sys.stdout.write(report.text() + "\n")
    if told.json:
        told.json.write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n")
    return 1 if run.has_failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--quick", action="store_true", help="measure small sizes and download nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all results to this file")
    parser.add_argument("--rounds", type=_above_zero, help="the number of rounds")
    names = ", ".join(contender.name for contender in CONTENDERS)
    parser.add_argument("--only", type=_contenders, metavar="NAME,…", help=f"only these contenders: {names}")
    return parser.parse_args()


def _above_zero(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return int(text)


def _contenders(text: str) -> Sequence[Contender]:
    by_name = {contender.name: contender for contender in CONTENDERS}
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in by_name]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(by_name)}")
    return [by_name[name] for name in names]


if __name__ == "__main__":
    sys.exit(main())
