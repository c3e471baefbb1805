"""Completing announcements: what a start left out is learnt afterwards, kept with its row, and shown.

The document's own example of a start's answer holds nothing but a job ID. What it leaves out comes from the
job's list item or state, which whoever follows the jobs asks for anyway, else from the room. Only the room
tells its name. What one answer has said, the next does not change.
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
"""Pauses after questions that were not answered."""

MOST_TRIES = 24
"""After as many, which is more than an hour, an announcement stays as it is."""

STATE_TRIES = 2
"""After so many failures to learn a job's state, the room is asked meanwhile."""

IDLE_SECONDS = 0.2

MOST_REMEMBERED = 10_000
"""Of how many jobs it is remembered that nothing more is to be learnt."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Gap:
    """An announcement that does not say all.

    `asks_state` tells whether the job's state is to be asked for at this look, `state_heard` whether it has
    told all that it ever will, and `asks_room` whether the room may fill in what is left.
    `hides_name`: a name alone is shown when nothing else is awaited; sooner it would hold up the other edit.
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
    """A room to be asked about, for the sake of these announcements."""

    room_id: str
    gaps: dict[str, _Gap] = field(default_factory=dict)
    due: float = 0.0
    failures: int = 0

    @property
    def is_urgent(self) -> bool:
        return any(gap.is_urgent for gap in self.gaps.values())


class Completion:
    """The use case, for the process that follows the jobs. `clock` is monotonic, in seconds."""

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
        """See what the job's announcement lacks.

        Args:
            only_rooms: MetaStudio cannot be asked about jobs, so the room alone may tell.
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
        """Learn from what MetaStudio told of the job.

        Args:
            life: where the job stands by this, if that is told.
            listed: it is an item of the room's list, so the job's own state may tell more.

        Raises:
            DatabaseUnavailable: it is not kept; it has to be heard again.
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
        """The job has come to this; once it is over, only the room can still be asked.

        A name alone is not worth a question then: the last edit is on its way.
        """
        if gap := self._gaps.get(job.invocation_id):
            gap.life = life
            if life.state.is_over and not gap.lacks_something:
                self._drop_question(gap)
                self._settle(gap)
            elif life.state.is_over:
                self._state_was_heard(gap)

    async def ask(self, jobs: Iterable[WatchedJob]) -> None:
        """Ask for the states of those jobs of which a list has told too little, each once.

        Raises:
            DatabaseUnavailable: what was learnt is not kept; it has to be heard again.
        """
        for job in jobs:
            gap = self._gaps.get(job.invocation_id)
            if gap is not None and gap.asks_state:
                await self._ask_state(gap)

    def miss(self, jobs: Iterable[WatchedJob]) -> None:
        """Nothing could be learnt of these jobs at the moment."""
        for job in jobs:
            if gap := self._gaps.get(job.invocation_id):
                self._miss(gap)

    def rely_on_rooms(self) -> None:
        """MetaStudio cannot be asked about jobs."""
        for gap in tuple(self._gaps.values()):
            self._state_was_heard(gap)

    async def close(self) -> None:
        """Leave the rest to whoever follows the jobs next."""
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
        """One room after the other, so that most turns to read are left to whoever follows the jobs."""
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
        """Write down what is new, and show it; a name alone is shown in the end."""
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
        """Let the posts say it, unless they are about to tell of a new state anyway."""
        if gap.life.state is gap.job.seen:
            self._posts.refresh(gap.job)

    def _drop_question(self, gap: _Gap) -> None:
        question = self._questions.get(gap.job.room_id)
        if question and question.gaps.pop(gap.job.invocation_id, None) and not question.gaps:
            del self._questions[gap.job.room_id]

    def _put_off(self, question: _Question) -> None:
        """Ask again later, for the jobs that live then."""
        question.failures += 1
        question.due = self._clock() + BACKOFF.pause(question.failures)
        for gap in tuple(question.gaps.values()):
            if gap.life.state.is_over or question.failures == MOST_TRIES:
                del question.gaps[gap.job.invocation_id]
                self._settle(gap)

    def _settle(self, gap: _Gap) -> None:
        """Nothing more is to be learnt for this announcement."""
        if gap.hides_name:
            self._show(gap)
        self._gaps.pop(gap.job.invocation_id, None)
        self._settled[gap.job.invocation_id] = None
        if len(self._settled) > MOST_REMEMBERED:
            del self._settled[next(iter(self._settled))]
