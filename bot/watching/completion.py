"""Complete announcements: learn what the answer to a start left out, store it, and show it.

The API document's example of that answer holds only a job ID. The rest comes from the job's list item or
state, which the watcher asks for anyway, else from the room. Only the room tells its name. A later answer
never changes what an earlier one said.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import structlog

from bot.domain.configuration import Values, filled, lacks_something, read, written
from bot.domain.job import JobReport, RoomReport
from bot.domain.job_state import JobLife
from bot.errors import DatabaseUnavailable, JobOver, MetaStudioError, OperationUnknown, RoomUnknown
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.posts.loop import DeliveryLoop
from bot.runtime.background import Tasks
from bot.runtime.backoff import Backoff
from bot.store.watched_jobs import WatchedJob, WatchedJobs
from bot.watching.rooms import Rooms

BACKOFF = Backoff(first=1.5, longest=300.0)
"""Pauses after questions without an answer."""

MOST_TRIES = 24
"""After this many tries, more than an hour, an announcement stays as it is."""

STATE_TRIES = 2
"""After this many failures to learn a job's state, the room is asked as well."""

IDLE_SECONDS = 0.2

MOST_REMEMBERED = 10_000
"""For how many jobs the process remembers that nothing more can be learnt."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Gap:
    """An announcement that lacks something.

    `asks_state`: the job's state is asked for at this look. `state_heard`: the state has told all it will.
    `asks_room`: the room may fill in the rest. `hides_name`: a name alone is shown only when nothing else is
    expected, for an earlier edit would delay the other one.
    """

    job: WatchedJob
    known: Values
    life: JobLife
    needs_name: bool
    asks_room: bool
    state_heard: bool
    asks_state: bool = False
    hides_name: bool = False
    failures: int = 0
    retry_at: float = 0.0

    @property
    def lacks_something(self) -> bool:
        return lacks_something(self.known)

    @property
    def is_urgent(self) -> bool:
        return self.asks_room and self.lacks_something


@dataclass(slots=True)
class _Question:
    """A room to ask about, for these announcements."""

    room_id: str
    gaps: dict[str, _Gap] = field(default_factory=dict)
    due: float = 0.0
    failures: int = 0

    @property
    def is_urgent(self) -> bool:
        return any(gap.is_urgent for gap in self.gaps.values())


class Completion:
    """The use case, in the process that runs the watcher. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        *,
        watched_jobs: WatchedJobs,
        metastudio: MetaStudio,
        rooms: Rooms,
        posts: DeliveryLoop,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._watched_jobs = watched_jobs
        self._metastudio = metastudio
        self._rooms = rooms
        self._posts = posts
        self._clock = clock
        self._sleep = sleep
        self._tasks = Tasks()
        self._gaps: dict[str, _Gap] = {}
        self._questions: dict[str, _Question] = {}
        self._settled: dict[str, None] = {}
        self._is_asking = False

    def take_up(self, job: WatchedJob, *, only_rooms: bool = False) -> None:
        """Note what the job's announcement lacks.

        Args:
            only_rooms: MetaStudio cannot be asked about jobs, so only the room may tell.
        """
        known, job.configuration = read(job.configuration), None
        if job.invocation_id in self._gaps or job.invocation_id in self._settled:
            return
        gap = _Gap(
            job,
            known,
            JobLife(job.seen),
            needs_name=not job.room_name,
            asks_room=only_rooms,
            state_heard=only_rooms,
        )
        if gap.needs_name or gap.lacks_something:
            self._gaps[job.invocation_id] = gap
            self._ask_room_if_need_be(gap)

    async def hear(
        self, job: WatchedJob, report: JobReport, life: JobLife | None = None, *, listed: bool = False
    ) -> None:
        """Learn from what MetaStudio reports of the job.

        Args:
            life: where the job stands by this report, if it tells.
            listed: the report is an item of the room's list, so the job's own state may tell more.

        Raises:
            DatabaseUnavailable: it is not stored, and must be learnt again.
        """
        gap = self._gaps.get(job.invocation_id)
        if gap is None:
            return
        if life and life.state.follows(gap.life.state):
            gap.life = life
        await self._keep(gap, filled(gap.known, report.told()))
        if listed:
            may_ask = not gap.state_heard and self._clock() >= gap.retry_at
            gap.asks_state = may_ask and gap.lacks_something
        else:
            self._state_was_heard(gap)
        if not gap.needs_name and not gap.lacks_something:
            self._settle(gap)

    def follow(self, job: WatchedJob, life: JobLife) -> None:
        """Note the job's new state; once the job is over, only the room can still be asked.

        For a name alone the room is not asked then, as the last edit is already due.
        """
        if gap := self._gaps.get(job.invocation_id):
            gap.life = life
            if life.state.is_over and not gap.lacks_something:
                self._drop_question(gap)
                self._settle(gap)
            elif life.state.is_over:
                self._state_was_heard(gap)

    async def ask(self, jobs: Iterable[WatchedJob]) -> None:
        """Ask once for the state of each job of which the list told too little.

        Raises:
            DatabaseUnavailable: what was learnt is not stored, and must be learnt again.
        """
        for job in jobs:
            gap = self._gaps.get(job.invocation_id)
            if gap is not None and gap.asks_state:
                await self._ask_state(gap)

    def miss(self, jobs: Iterable[WatchedJob]) -> None:
        """Note that nothing can be learnt of these jobs at the moment."""
        for job in jobs:
            if gap := self._gaps.get(job.invocation_id):
                self._miss(gap)

    def rely_on_rooms(self) -> None:
        """Ask only rooms from now on: MetaStudio cannot be asked about jobs."""
        for gap in tuple(self._gaps.values()):
            self._state_was_heard(gap)

    async def close(self) -> None:
        """Leave the rest to the process that follows the jobs next."""
        self._gaps.clear()
        self._questions.clear()
        self._settled.clear()
        await self._tasks.cancel()

    async def _ask_state(self, gap: _Gap) -> None:
        gap.asks_state = False
        try:
            report = await self._metastudio.state(gap.job.room_id, gap.job.job_id, seconds=READ_SECONDS)
        except (JobOver, RoomUnknown, OperationUnknown):
            self._state_was_heard(gap)
        except MetaStudioError as error:
            _log.warning("a job's configuration is not read", job_id=gap.job.job_id, reason=str(error))
            self._miss(gap)
        else:
            await self.hear(gap.job, report)

    def _miss(self, gap: _Gap) -> None:
        gap.failures += 1
        gap.retry_at = self._clock() + BACKOFF.pause(gap.failures)
        gap.state_heard = gap.state_heard or gap.failures >= MOST_TRIES
        if gap.failures >= STATE_TRIES:
            gap.asks_room = True
            self._ask_room_if_need_be(gap)

    def _state_was_heard(self, gap: _Gap) -> None:
        gap.asks_state, gap.state_heard, gap.asks_room = False, True, True
        self._ask_room_if_need_be(gap)

    def _ask_room_if_need_be(self, gap: _Gap) -> None:
        if gap.job.invocation_id not in self._gaps or not (gap.needs_name or gap.is_urgent):
            return
        room_id = gap.job.room_id
        question = self._questions.setdefault(room_id, _Question(room_id))
        question.gaps[gap.job.invocation_id] = gap
        if not self._is_asking:
            self._is_asking = True
            self._tasks.spawn(self._keep_asking())

    async def _keep_asking(self) -> None:
        """Ask about one room after the other, which leaves most reads to the watcher."""
        try:
            while self._questions:
                now = self._clock()
                due = [question for question in self._questions.values() if question.due <= now]
                if due:
                    await self._ask_room(min(due, key=lambda question: not question.is_urgent))
                else:
                    await self._sleep(IDLE_SECONDS)
        finally:
            self._is_asking = False

    async def _ask_room(self, question: _Question) -> None:
        try:
            report = await self._rooms.look_up(question.room_id)
            for gap in tuple(question.gaps.values()):
                await self._learn_from_room(gap, report)
                question.gaps.pop(gap.job.invocation_id, None)
        except (MetaStudioError, DatabaseUnavailable) as error:
            _log.warning("a room's summary is not read", room_id=question.room_id, reason=str(error))
            self._put_off(question)
        if not question.gaps:
            self._questions.pop(question.room_id, None)

    async def _learn_from_room(self, gap: _Gap, report: RoomReport) -> None:
        known = filled(gap.known, report.told()) if gap.asks_room else gap.known
        await self._keep(gap, known, report.name if gap.needs_name else None)
        gap.needs_name = False
        if gap.state_heard or not gap.lacks_something:
            self._settle(gap)

    async def _keep(self, gap: _Gap, known: Values, room_name: str | None = None) -> None:
        """Store what is new, and show it; a name alone is shown last."""
        configuration = written(known) if known != gap.known else None
        if configuration is None and room_name is None:
            return
        await self._watched_jobs.complete(gap.job, configuration=configuration, room_name=room_name)
        gap.known = known
        _log.info("an announcement's summary is completed", job_id=gap.job.job_id, room_name=room_name)
        gap.hides_name = configuration is None
        if configuration is not None:
            self._show(gap)

    def _show(self, gap: _Gap) -> None:
        """Edit the posts, unless they are about to show a new state anyway."""
        if gap.life.state is gap.job.seen:
            self._posts.refresh(gap.job)

    def _drop_question(self, gap: _Gap) -> None:
        question = self._questions.get(gap.job.room_id)
        if question and question.gaps.pop(gap.job.invocation_id, None) and not question.gaps:
            del self._questions[gap.job.room_id]

    def _put_off(self, question: _Question) -> None:
        """Ask again later, for the jobs that are still running then."""
        question.failures += 1
        question.due = self._clock() + BACKOFF.pause(question.failures)
        for gap in tuple(question.gaps.values()):
            if gap.life.state.is_over or question.failures == MOST_TRIES:
                del question.gaps[gap.job.invocation_id]
                self._settle(gap)

    def _settle(self, gap: _Gap) -> None:
        """Note that nothing more can be learnt for this announcement."""
        if gap.hides_name:
            self._show(gap)
        self._gaps.pop(gap.job.invocation_id, None)
        self._settled[gap.job.invocation_id] = None
        if len(self._settled) > MOST_REMEMBERED:
            del self._settled[next(iter(self._settled))]
