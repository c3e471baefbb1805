"""The announcement: the one message that tells a channel about a job.

What MetaStudio left out is left out here as well.
"""

from collections import Counter
from collections.abc import Iterator

from bot.job import ChatSubtitleConfig, ChatVideoConfig, Number, RtcRoomInfo, SmartChatJob, VoiceConfig
from bot.messages import words
from bot.messages.message import (
    SECTION_LIMIT,
    TEXT_LIMIT,
    Block,
    Message,
    context,
    fields,
    header,
    section,
)
from bot.messages.mrkdwn import code, fit_lines, mention
from bot.model import Invocation

INVITE_HINT = "To let the bot post here itself, invite it to this channel."
MOST_VOICES = 10
_TITLE = "Avatar job started"

Fact = tuple[str, str]


def announcement(invocation: Invocation, job: SmartChatJob, *, hint: str = "") -> Message:
    """The announcement of a job that has just been accepted.

    Args:
        hint: a sentence of the bot's own for the small print, such as how to let it post here.
    """
    who = list(_who_and_where(invocation, job))
    summary = list(_configuration(job))
    voices = [_voice(voice) for voice in job.voice_config_list or () if voice and _voice(voice)]
    rtc = _rtc(job.rtc_room_info) if job.rtc_room_info else ""
    return Message(
        text=_text(who, summary, voices, rtc, hint),
        blocks=tuple(_blocks(who, summary, voices, rtc, _small_print(invocation, hint))),
    )


def _blocks(
    who: list[Fact], summary: list[Fact], voices: list[str], rtc: str, small_print: str
) -> Iterator[Block]:
    yield header(_TITLE)
    yield fields(who)
    if summary:
        yield fields(summary)
    if voices:
        title = "*Voice*\n" if len(voices) == 1 else "*Voices*\n"
        yield section(title + _listed(voices, SECTION_LIMIT - len(title)))
    if rtc:
        yield section(f"*RTC*\n{rtc}")
    yield context(small_print)


def _text(who: list[Fact], summary: list[Fact], voices: list[str], rtc: str, hint: str) -> str:
    lines = [f"{_TITLE}.", *(f"{label}: {value}" for label, value in (*who, *summary))]
    if rtc:
        lines.append(f"RTC: {rtc}")
    if hint:
        lines.append(hint)
    text = "\n".join(lines)
    if voices:
        text += "\nVoices:\n" + _listed(voices, TEXT_LIMIT - len(text) - len("\nVoices:\n"))
    return text


def _who_and_where(invocation: Invocation, job: SmartChatJob) -> Iterator[Fact]:
    yield "Job ID", code(job.job_id or "")
    yield "Room", code(invocation.room_id or "")
    region = job.region or invocation.region
    if region:
        yield "Region", words.region(region)
    yield "Started by", mention(invocation.user_id)


def _configuration(job: SmartChatJob) -> Iterator[Fact]:
    if job.chat_video_type:
        yield "Device", words.device(job.chat_video_type)
    if job.video_config and (video := _video(job.video_config)):
        yield "Video", video
    if job.is_transparent is not None:
        yield "Background", "Transparent" if job.is_transparent else "Not transparent"
    if job.chat_subtitle_config and (box := _subtitle_box(job.chat_subtitle_config)):
        yield "Subtitles", box
    if job.default_language:
        yield "Default language", words.language(job.default_language)


def _video(video: ChatVideoConfig) -> str:
    width, height = video.width, video.height
    if width is None or height is None:
        known = ((width, "wide"), (height, "high"))
        return "".join(f"{_number(size)} px {which}" for size, which in known if size is not None)
    orientation = "landscape" if width > height else "portrait" if width < height else "square"
    return f"{_number(width)} × {_number(height)}, {orientation}"


def _subtitle_box(box: ChatSubtitleConfig) -> str:
    parts = []
    if box.width is not None and box.height is not None:
        parts.append(f"{_number(box.width)} × {_number(box.height)} px")
    if box.dx is not None and box.dy is not None:
        parts.append(f"at {_number(box.dx)}, {_number(box.dy)}")
    return " ".join(parts)


def _voice(voice: VoiceConfig) -> str:
    parts = [code(voice.voice_asset_id)] if voice.voice_asset_id else []
    if voice.provider:
        parts.append(words.vendor(voice.provider))
    if voice.language or voice.language_desc:
        parts.append(words.language(voice.language or "", voice.language_desc))
    if voice.speed is not None:
        parts.append(f"speed {_number(voice.speed / 100)}×")
    if voice.pitch is not None:
        parts.append(f"pitch {_number(voice.pitch)}")
    if voice.volume is not None:
        parts.append(f"volume {_number(voice.volume)}")
    return "• " + " · ".join(part for part in parts if part) if parts else ""


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
    epoch = int(invocation.created_at.timestamp())
    fallback = f"{invocation.created_at:%Y-%m-%d %H:%M} UTC"
    parts = [f"<!date^{epoch}^{{date_short_pretty}} {{time}}|{fallback}>"]
    if invocation.request_id:
        parts.append(f"Request ID {code(invocation.request_id)}")
    if hint:
        parts.append(hint)
    return " · ".join(parts)


def _listed(voices: list[str], limit: int) -> str:
    return fit_lines(voices, limit=limit, most=MOST_VOICES)


def _number(value: Number) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
