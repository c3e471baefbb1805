"""Voices, the picture and its subtitle box in words. What is not known is left out."""

from bot.domain.job import ChatSubtitleConfig, ChatVideoConfig, Configuration, Number, VoiceConfig
from bot.messages import words
from bot.messages.mrkdwn import code


def picture(job: Configuration) -> str:
    """Describe the picture and the device that shows it: size, orientation, device."""
    size = video(job.video_config) if job.video_config else ""
    device = words.device(job.chat_video_type) if job.chat_video_type else ""
    return ", ".join(part for part in (size, device) if part)


def video(video: ChatVideoConfig) -> str:
    """Describe the picture: width, height, orientation."""
    width, height = video.width, video.height
    if width is None or height is None:
        known = ((width, "wide"), (height, "high"))
        return "".join(f"{_number(size)} px {which}" for size, which in known if size is not None)
    orientation = "landscape" if width > height else "portrait" if width < height else "square"
    return f"{_number(width)} × {_number(height)}, {orientation}"


def subtitle_box(box: ChatSubtitleConfig) -> str:
    """Describe where subtitles stand: width, height, place."""
    parts = []
    if box.width is not None and box.height is not None:
        parts.append(f"{_number(box.width)} × {_number(box.height)} px")
    if box.dx is not None and box.dy is not None:
        parts.append(f"at {_number(box.dx)}, {_number(box.dy)}")
    return " ".join(parts)


def voice_in_words(voice: VoiceConfig | None) -> str:
    """Describe a voice in words: language, vendor, speed, pitch, volume; its ID if nothing else is known."""
    if voice is None:
        return ""
    parts = []
    if voice.language or voice.language_desc:
        parts.append(words.language(voice.language or "", voice.language_desc))
    if voice.provider:
        parts.append(words.vendor(voice.provider))
    if voice.speed is not None:
        parts.append(f"speed {_number(voice.speed / 100)}×")
    if voice.pitch is not None:
        parts.append(f"pitch {_number(voice.pitch)}")
    if voice.volume is not None:
        parts.append(f"volume {_number(voice.volume)}")
    return ", ".join(part for part in parts if part) or code(voice.voice_asset_id or "")


def voice_with_id(voice: VoiceConfig | None) -> str:
    """Describe a voice with the ID of its asset."""
    asset_id = code(voice.voice_asset_id or "") if voice else ""
    said = voice_in_words(voice)
    return " · ".join(part for part in (asset_id, said) if part and said != asset_id) or asset_id


def _number(value: Number) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
