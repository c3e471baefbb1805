"""Standard error that nobody reads: nothing waits, and lost lines are counted."""

import os
import time

from bot.runtime.outlet import KEPT_BYTES, Outlet
from tests.runtime.test_repeats import read_available


def test_lines_come_out_promptly_and_in_their_order() -> None:
    reading, writing = os.pipe()
    outlet = Outlet(writing)
    lines = [f"line {number}\n" for number in range(1000)]
    for line in lines:
        outlet.write(line)
    outlet.end()

    assert read_available(reading) == "".join(lines)
    os.close(reading)
    os.close(writing)


def test_a_pipe_that_nobody_reads_blocks_nothing_and_dropped_lines_are_counted_in_their_place() -> None:
    reading, writing = os.pipe()
    outlet = Outlet(writing)
    line = "x" * 1023 + "\n"
    many = 3 * KEPT_BYTES // len(line)
    began = time.monotonic()
    for _ in range(many):
        outlet.write(line)
    assert time.monotonic() - began < 2

    said = ""
    while "dropped" not in said:
        said += os.read(reading, 65536).decode()
    outlet.write("the next line\n")
    outlet.end()
    said += read_available(reading)

    *lines, last = said.splitlines()
    counted = [int(each.split()[0]) for each in lines if "dropped" in each]
    assert last == "the next line"
    assert sum(counted) + lines.count(line.strip()) == many
    assert len(counted) + lines.count(line.strip()) == len(lines)
    os.close(reading)
    os.close(writing)


def test_the_end_does_not_wait_for_a_reader_that_never_comes() -> None:
    reading, writing = os.pipe()
    outlet = Outlet(writing)
    for _ in range(200):
        outlet.write("x" * 1024)
    began = time.monotonic()
    outlet.end()

    assert time.monotonic() - began < 5
    os.read(reading, 65536)
    while read_available(reading):
        time.sleep(0.01)
    os.close(reading)


def test_after_failed_writes_the_count_is_reported_once_writing_works() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    outlet = Outlet(full)
    for number in range(5):
        outlet.write(f"{number}\n")
    time.sleep(0.2)
    reading, writing = os.pipe()
    os.dup2(writing, full)
    outlet.write("at last\n")
    outlet.end()

    assert read_available(reading).splitlines() == [
        "5 lines of the process log were dropped: they could not be written.",
        "at last",
    ]
    for descriptor in (full, reading, writing):
        os.close(descriptor)


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outlet = Outlet(writing)
    outlet.write("to nobody\n")
    outlet.end()
    os.close(writing)
