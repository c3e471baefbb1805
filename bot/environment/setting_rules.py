"""Check rules between settings on their plain text. Pure: these faults are found together with all others."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.environment.env_file import is_ours
from bot.errors import SettingFault

AK_SK = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
TOKEN = ("METASTUDIO_AUTH_TOKEN",)
IAM = (
    "METASTUDIO_IAM_USER",
    "METASTUDIO_IAM_PASSWORD",
    "METASTUDIO_IAM_DOMAIN",
    "HUAWEICLOUD_SDK_IAM_ENDPOINT",
)

_SERVICE = re.compile(r"\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")

_HOW_TO_AUTHENTICATE = (
    "say how to authenticate to MetaStudio: HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (recommended), "
    "or METASTUDIO_AUTH_TOKEN, or METASTUDIO_IAM_USER with METASTUDIO_IAM_PASSWORD, "
    "METASTUDIO_IAM_DOMAIN and HUAWEICLOUD_SDK_IAM_ENDPOINT"
)


def faults_between(given: Mapping[str, str], regions: Sequence[str]) -> Iterator[SettingFault]:
    """Yield what is wrong between settings.

    Args:
        given: the settings that are set, name → text.
        regions: the parsed AVATAR_REGIONS; empty if AVATAR_REGIONS itself is wrong.
    """
    yield from _faults_of_tokens(given)
    yield from _faults_of_authentication(given)
    default_region = given.get("AVATAR_DEFAULT_REGION", "").lower()
    if default_region and regions and default_region not in regions:
        yield SettingFault("AVATAR_DEFAULT_REGION", "name one of AVATAR_REGIONS, or leave it out")


def resolved_mode(mode: str, *, has_app_token: bool) -> str:
    """Resolve `auto`: Socket Mode if there is an app token, else HTTP."""
    if mode != "auto":
        return mode
    return "socket" if has_app_token else "http"


def _faults_of_tokens(given: Mapping[str, str]) -> Iterator[SettingFault]:
    has_app_token, has_secret = "SLACK_APP_TOKEN" in given, "SLACK_SIGNING_SECRET" in given
    mode = given.get("AVATAR_MODE", "auto")
    if mode == "socket" and not has_app_token:
        yield SettingFault("SLACK_APP_TOKEN", "set it (xapp-…) for Socket Mode, or set AVATAR_MODE=http")
    if mode == "http" and not has_secret:
        yield SettingFault("SLACK_SIGNING_SECRET", "set it (the app's page Basic Information) for HTTP mode")
    if mode == "auto" and not has_app_token and not has_secret:
        remedy = "set it (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode"
        yield SettingFault("SLACK_APP_TOKEN", remedy)
    is_http = resolved_mode(mode, has_app_token=has_app_token) == "http"
    if is_http and re.fullmatch(r"[+-]?0+", given.get("AVATAR_HTTP_PORT", "3000")):
        remedy = "set another port: only Socket Mode works without the web server"
        yield SettingFault("AVATAR_HTTP_PORT", remedy)
    for name, prefix in (("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")):
        if not given.get(name, prefix).startswith(prefix):
            yield SettingFault(name, f"this is another kind of token; the right one starts with {prefix}")


def _faults_of_authentication(given: Mapping[str, str]) -> Iterator[SettingFault]:
    ways = [way for way in (AK_SK, TOKEN, IAM) if given.keys() & set(way)]
    if not ways:
        yield SettingFault("HUAWEICLOUD_SDK_AK", _HOW_TO_AUTHENTICATE)
    if len(ways) > 1:
        several = ", ".join(name for way in ways for name in way if name in given)
        remedy = f"keep exactly one way of authenticating to MetaStudio; these are set: {several}"
        yield SettingFault(ways[1][0], remedy)
    if len(ways) == 1:
        [way] = ways
        together = " and ".join(name for name in way if name in given)
        for name in way:
            if name not in given:
                yield SettingFault(name, f"set it as well; it belongs to {together}")
    if "HUAWEICLOUD_SDK_SECURITY_TOKEN" in given and AK_SK not in ways:
        remedy = "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK as well, or leave it out"
        yield SettingFault("HUAWEICLOUD_SDK_SECURITY_TOKEN", remedy)


def misspelt(given: Mapping[str, str], known: Collection[str]) -> Iterator[SettingFault]:
    """Yield names that can only be meant for this bot but are no setting.

    Args:
        given: the settings that are set, name → text.
        known: the names of all settings.
    """
    for name, value in given.items():
        if not is_ours(name) or name in known or _is_of_kubernetes(name, value):
            continue
        close = difflib.get_close_matches(name.upper()[:100], known, n=1, cutoff=0.75)
        meant = f"did you mean {close[0]}?" if close else "README's table names all of them"
        yield SettingFault(name, f"there is no such setting; {meant}")


def _is_of_kubernetes(name: str, value: str) -> bool:
    """Return whether Kubernetes set the name, for a service called like our prefix (`avatar-bot`)."""
    return bool(_SERVICE.fullmatch(name) or (name.endswith("_PORT") and _SERVICE_ADDRESS.match(value)))
