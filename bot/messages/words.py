"""MetaStudio's codes in words (start call, Tables 5 to 10). A code that is not listed is shown as it is."""

from bot.messages.mrkdwn import code, escape
from bot.model import REGION_NAMES

_DEVICES = {"COMPUTER": "PC", "MOBILE": "Mobile phone", "HUB": "Large screen"}
_VENDORS = {"XIMALAYA": "Himalaya TTS", "HUAWEI_EI": "Huawei EI TTS", "MOBVOI": "Mobvoi TTS"}
_LANGUAGES = {
    "CN": "Simplified Chinese",
    "EN": "English",
    "ESP": "Spanish",
    "POR": "Portuguese",
    "ARABIC": "Arabic",
    "THAI": "Thai",
    "FR": "French",
}
_RTC_USERS = {
    "CAPTURE": "live assistant",
    "ANIMATION": "visual control service",
    "RENDER": "rendering service",
    "PLAYER": "viewer",
    "INFERENCE_USER": "avatar",
    "END_USER": "device user",
}


def device(chat_video_type: str) -> str:
    """`Hub` → Large screen."""
    return _word(_DEVICES, chat_video_type)


def vendor(provider: str) -> str:
    """`HUAWEI_EI` → Huawei EI TTS."""
    return _word(_VENDORS, provider)


def language(name: str, description: str | None = None) -> str:
    """`por` → Portuguese; a language that is not listed goes by MetaStudio's own description."""
    known = _LANGUAGES.get(name.upper())
    return known or escape(description or name, 100)


def rtc_user(user_type: str) -> str:
    """`END_USER` → device user."""
    return _word(_RTC_USERS, user_type)


def region(region_id: str) -> str:
    """`cn-north-4` → CN North-Beijing4 (`cn-north-4`)."""
    name = REGION_NAMES.get(region_id)
    return f"{name} ({code(region_id)})" if name else code(region_id)


def _word(words: dict[str, str], value: str) -> str:
    return words.get(value.upper()) or escape(value, 100)
