"""The announcement: the one message that tells a channel about a job, from its start to its end.

It has three lines: the state, the job, and the job's picture and voices. It is edited as the job goes on, and
its buttons are those that still make sense. Everything else is in the modal *Details*.
"""

from collections.abc import Iterator

from bot.domain.arguments import JobRef
from bot.domain.invocation import Job, JobState, RoomInvocation
from bot.domain.job import SmartChatJob
from bot.domain.job_state import JobLife
from bot.messages import voice_and_video, words
from bot.messages.break_glass import glass_note
from bot.messages.buttons import details_button, rtc_button, start_again_button, stop_button
from bot.messages.message import Block, Message, actions, context, section
from bot.messages.mrkdwn import clock_time, code, mention, pieces
from bot.messages.reasons import sentence
from bot.reasons import ReasonCode

FIXED_HINT = "This message cannot change: `/avatar jobs` shows whether the job still runs."
INVITE_HINT = "To let the bot keep its messages true here, invite it to this channel."
MOST_VOICES = 2

_ID_LIMIT = 1200
"""Of a job ID in its line. A longer one stands beneath, in pieces."""

_ID_PIECE = 2900
_ACCEPTED = JobLife(JobState.ACCEPTED)


def announcement(
    invocation: RoomInvocation,
    job: SmartChatJob,
    life: JobLife | None = None,
    *,
    rtc_access: bool = True,
    hint: str = "",
) -> Message:
    """The announcement of a job as it stands; without a `life` it has just been accepted.

    Args:
        rtc_access: whether anybody may ask for the RTC room's credentials.
        hint: a sentence of the bot's own for the small print, FIXED_HINT or INVITE_HINT.
    """
    life = life or _ACCEPTED
    lines = [_state(invocation, life), _job(invocation, job, life), *_configuration(job)]
    small_print = " · ".join(_small_print(invocation, life, hint))
    return Message(
        text="\n".join([*lines, *([small_print] if small_print else ())]),
        blocks=(
            section("\n".join(lines)),
            *long_id(job.job_id or ""),
            actions(_buttons(invocation, job, life, rtc_access=rtc_access)),
            *([context(small_print)] if small_print else ()),
        ),
    )


def long_id(job_id: str) -> Iterator[Block]:
    """A job ID that is too long for a line, whole: half an ID is of no use."""
    if _is_long(job_id):
        yield from (section(f"`{piece}`") for piece in pieces(job_id.replace("`", "'"), _ID_PIECE)[:3])


def job_code(job_id: str) -> str:
    """A job ID in code ticks; of one that `long_id` shows, the beginning."""
    return code(job_id, 80 if _is_long(job_id) else _ID_LIMIT)


def _is_long(job_id: str) -> bool:
    return len(code(job_id, len(job_id) * 5 + 2)) > _ID_LIMIT


def _state(invocation: RoomInvocation, life: JobLife) -> str:
    return words.headline(words.room(invocation.request.room_id, invocation.room_name), life)


def _job(invocation: RoomInvocation, job: SmartChatJob, life: JobLife) -> str:
    region = job.region or invocation.request.region
    parts = (
        f"Job {job_code(job.job_id)}" if job.job_id else "",
        words.region_name(region) if region else "",
        f"started by {mention(invocation.origin.user_id)}",
        _when(invocation, life),
    )
    return " · ".join(part for part in parts if part)


def _when(invocation: RoomInvocation, life: JobLife) -> str:
    row = invocation.job or Job(job_id="")
    began = clock_time(row.started_at or invocation.created_at)
    if not life.state.is_over:
        return f"since {began}"
    return f"{began} to {clock_time(row.ended_at)}" if row.ended_at else f"at {began}"


def _configuration(job: SmartChatJob) -> Iterator[str]:
    """The picture and the first voice in one line, another voice in the next."""
    told = [voice_and_video.voice_in_words(voice) for voice in job.voice_config_list or ()]
    voices = [f"Voice {voice}" for voice in told if voice]
    shown, left = voices[:MOST_VOICES], len(voices) - MOST_VOICES
    picture = voice_and_video.picture(job)
    first = " · ".join([*([f"Video {picture}"] if picture else ()), *shown[:1]])
    lines = [line for line in (first, *shown[1:]) if line]
    if left > 0:
        lines[-1] += f" · +{left} more"
    yield from lines


def _buttons(
    invocation: RoomInvocation, job: SmartChatJob, life: JobLife, *, rtc_access: bool
) -> list[Block]:
    details = details_button(invocation.id)
    if life.state.is_over:
        return [start_again_button(invocation), details]
    ref = JobRef.of(invocation.request.room_id, job.job_id)
    if ref is None:
        return [details]
    access = [rtc_button(ref.room_id, ref.job_id)] if rtc_access else []
    return [stop_button(ref.room_id, ref.job_id, room_name=invocation.room_name), details, *access]


def _small_print(invocation: RoomInvocation, life: JobLife, hint: str) -> Iterator[str]:
    reason = invocation.reason
    if note := glass_note(invocation):
        yield note
    if reason and reason.code is ReasonCode.ADOPTED:
        yield sentence(reason)
    if life.state is JobState.FAILED and life.error and life.error.error_code:
        yield code(life.error.error_code, 60)
    if hint:
        yield hint
