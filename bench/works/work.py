"""A work by name, and the columns of its table."""

from dataclasses import dataclass

from bench.plan import Plan


@dataclass(frozen=True, slots=True)
class Column:
    """A figure, its heading, and its number of significant decimals."""

    figure: str
    heading: str
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """One work. `title` may contain sizes of the plan: `{plan.commands}`."""

    name: str
    title: str
    columns: tuple[Column, ...]

    def heading(self, plan: Plan) -> str:
        """Return the title with the sizes filled in."""
        return self.title.format(plan=plan)


CROWD = Work(
    "crowd",
    "{plan.commands:,} commands, {plan.at_once} at a time, MetaStudio {plan.metastudio_seconds:g} s",
    (
        Column("per_second", "announced/s"),
        Column("ack_p50_ms", "ack p50, ms"),
        Column("ack_p99_ms", "ack p99, ms"),
        Column("ack_max_ms", "ack max, ms"),
        Column("missed_acks", "acks after 3 s"),
        Column("failed", "failed"),
        Column("announcement_p50_ms", "announced p50, ms"),
        Column("peak_mib", "peak memory, MiB"),
        Column("cpu_ms", "CPU ms a command", 2),
        Column("stand_ins_busy", "stand-ins' CPU, %"),
        Column("load_busy", "load's CPU, %"),
    ),
)
IDLE = Work(
    "idle",
    "{plan.idle_commands} commands one after the other, MetaStudio 0 s",
    (
        Column("announcement_p50_ms", "announced p50, ms", 1),
        Column("announcement_p99_ms", "announced p99, ms", 1),
        Column("ack_p50_ms", "ack p50, ms", 1),
    ),
)
START = Work(
    "start",
    "From the start of the process to its first ack, with an existing database",
    (Column("seconds", "seconds", 2),),
)
LOG = Work(
    "log",
    "Page (newest 50), a person's failed starts (none) and duplicate check of the invocation log "
    "at {plan.rows[0]:,} and {plan.rows[1]:,} rows",
    (
        Column("page_ms", "page, ms", 2),
        Column("filter_ms", "user and status, ms", 2),
        Column("duplicate_ms", "duplicate check, ms", 2),
        Column("record_ms", "check and commit, ms", 2),
    ),
)
WATCH = Work(
    "watch",
    "{plan.watched_jobs:,} jobs under watch, {plan.watch_seconds:g} s, AVATAR_READS_PER_SECOND=10",
    (
        Column("cpu_percent", "CPU, % of a core", 1),
        Column("reads_per_second", "reads/s", 1),
        Column("edits_per_second", "edits/s", 1),
        Column("peak_mib", "peak memory, MiB"),
    ),
)
WORKS = (CROWD, IDLE, START, LOG, WATCH)
