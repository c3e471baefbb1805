"""The announcement: the one message that tells a channel about a job, from its start to its end.

It is edited in place as the job goes on, and its buttons are those that still make sense. What MetaStudio
left out is left out here as well.
"""

from collections import Counter
from collections.abc import Iterator

from bot.domain.arguments import JobRef
from bot.domain.invocation import Invocation, JobState, RoomInvocation
from bot.domain.job import RtcRoomInfo, SmartChatJob
from bot.domain.job_state import JobLife
from bot.messages import voice_and_video, words
from bot.messages.break_glass import glass_note
from bot.messages.buttons import rtc_button, stop_button
from bot.messages.message import (
    SECTION_LIMIT,
    TEXT_LIMIT,
    Block,
    Message,
    actions,
    context,
    fields,
    header,
    section,
)
from bot.messages.mrkdwn import code, fit_lines, mention, moment, pieces
from bot.messages.reasons import sentence
from bot.reasons import ReasonCode

FIXED_HINT = "This message cannot change: `/avatar jobs` shows whether the job still runs."
INVITE_HINT = "To let the bot keep its messages true here, invite it to this channel."
MOST_VOICES = 10
_ID_LIMIT = 1900
_ID_PIECE = 2900

_TITLES = {
    JobState.ACCEPTED: "Avatar job started",
    JobState.RUNNING: "Avatar job running",
    JobState.STOPPED: "Avatar job stopped",
    JobState.FAILED: "Avatar job failed",
}
_ENDED = "Avatar job ended"
_ACCEPTED = JobLife(JobState.ACCEPTED)

Fact = tuple[str, str]


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
    note = _note(invocation)
    title = _TITLES.get(life.state, _ENDED)
    who = list(_who_and_where(invocation, job, life))
    summary = list(_configuration(job))
    voices = [
        voice_and_video.voice(voice)
        for voice in job.voice_config_list or ()
        if voice and voice_and_video.voice(voice)
    ]
    rtc = _rtc(job.rtc_room_info) if job.rtc_room_info else ""
    buttons = [] if life.state.is_over else _buttons(invocation, job, rtc_access=rtc_access)
    return Message(
        text=_text([f"{title}.", note], [*who, *summary], voices, rtc, hint),
        blocks=(
            header(title),
            *([section(note)] if note else ()),
            fields(who),
            *_long_id(job.job_id),
            *_details(summary, voices, rtc),
            *([actions(buttons)] if buttons else ()),
            context(_small_print(invocation, hint)),
        ),
    )


def _long_id(job_id: str) -> Iterator[Block]:
    """A job ID that is too long for a field, whole: half an ID is of no use."""
    if len(code(job_id, len(job_id) * 5 + 2)) > _ID_LIMIT:
        yield from (section(f"`{piece}`") for piece in pieces(job_id.replace("`", "'"), _ID_PIECE)[:3])


def _details(summary: list[Fact], voices: list[str], rtc: str) -> Iterator[Block]:
    if summary:
        yield fields(summary)
    if voices:
        title = "*Voice*\n" if len(voices) == 1 else "*Voices*\n"
        yield section(title + _listed(voices, SECTION_LIMIT - len(title)))
    if rtc:
        yield section(f"*RTC*\n{rtc}")


def _buttons(invocation: RoomInvocation, job: SmartChatJob, *, rtc_access: bool) -> list[Block]:
    ref = JobRef.of(invocation.request.room_id, job.job_id)
    if ref is None:
        return []
    access = [rtc_button(ref.room_id, ref.job_id)] if rtc_access else []
    return [*access, stop_button(ref.room_id, ref.job_id, room_name=invocation.room_name)]


def _text(opening: list[str], facts: list[Fact], voices: list[str], rtc: str, hint: str) -> str:
    lines = [*opening, *(f"{label}: {value}" for label, value in facts)]
    lines += [f"RTC: {rtc}" if rtc else "", hint]
    text = "\n".join(line for line in lines if line)
    if voices:
        text += "\nVoices:\n" + _listed(voices, TEXT_LIMIT - len(text) - len("\nVoices:\n"))
    return text


def _note(invocation: Invocation) -> str:
    """What has to be read first: that the job was found, not answered with; that the glass was broken."""
    reason = invocation.reason
    found = sentence(reason) if reason and reason.code is ReasonCode.ADOPTED else ""
    return "\n".join(note for note in (glass_note(invocation), found) if note)


def _who_and_where(invocation: RoomInvocation, job: SmartChatJob, life: JobLife) -> Iterator[Fact]:
    yield "Job ID", code(job.job_id, _ID_LIMIT)
    yield "State", words.state(life)
    yield "Room", words.room(invocation.request.room_id, invocation.room_name)
    region = job.region or invocation.request.region
    if region:
        yield "Region", words.region(region)
    yield "Started by", mention(invocation.origin.user_id)


def _configuration(job: SmartChatJob) -> Iterator[Fact]:
    if job.chat_video_type:
        yield "Device", words.device(job.chat_video_type)
    if job.video_config and (video := voice_and_video.video(job.video_config)):
        yield "Video", video
    if job.is_transparent is not None:
        yield "Background", "Transparent" if job.is_transparent else "Not transparent"
    if job.chat_subtitle_config and (box := voice_and_video.subtitle_box(job.chat_subtitle_config)):
        yield "Subtitles", box
    if job.default_language:
        yield "Default language", words.language(job.default_language)


def _rtc(room: RtcRoomInfo) -> str:
    parts = []
    if room.app_id:
        parts.append(f"App {code(room.app_id)}")
    if room.room_id:
        parts.append(f"room {code(room.room_id)}")
    kinds = Counter(words.rtc_user(user.user_type or "unnamed kind") for user in room.users or () if user)
    if kinds:
        named = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common(10))
        parts.append(f"users: {named}")
    return " · ".join(parts)


def _small_print(invocation: Invocation, hint: str) -> str:
    parts = [moment(invocation.created_at)]
    if invocation.answer.request_id:
        parts.append(f"Request ID {code(invocation.answer.request_id)}")
    if hint:
        parts.append(hint)
    return " · ".join(parts)


def _listed(voices: list[str], limit: int) -> str:
    return fit_lines(voices, limit=limit, most=MOST_VOICES)
