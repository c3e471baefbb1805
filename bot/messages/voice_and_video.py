"""Voices, the picture and its subtitle box in words: the summary of an announcement."""

from bot.domain.job import ChatSubtitleConfig, ChatVideoConfig, Number, VoiceConfig
from bot.messages import words
from bot.messages.mrkdwn import code


def video(video: ChatVideoConfig) -> str:
    """Describe the picture: width, height, orientation; what is not known is left out."""
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


def voice(voice: VoiceConfig) -> str:
    """Describe a voice in one line: ID, vendor, language, speed, pitch, volume; empty if unknown."""
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


def _number(value: Number) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
