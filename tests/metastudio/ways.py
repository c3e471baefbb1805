"""The kinds of credentials: the bot's settings and the stand-in's secrets for each."""

from typing import Any

from bot.sandbox.metastudio import Credentials
from bot.settings import Settings
from tests.metastudio.cloud import PROJECT

KEYS = {"HUAWEICLOUD_SDK_AK": "AK-OF-THE-TEST", "HUAWEICLOUD_SDK_SK": "secret-key-of-the-test"}
TEMPORARY_KEYS = KEYS | {"HUAWEICLOUD_SDK_SECURITY_TOKEN": "security-token-of-the-test"}
TOKEN = {"METASTUDIO_AUTH_TOKEN": "ready-made-token-of-the-test"}
LOGIN = {
    "METASTUDIO_IAM_USER": "bot",
    "METASTUDIO_IAM_PASSWORD": "password-of-the-test",
    "METASTUDIO_IAM_DOMAIN": "team",
    "HUAWEICLOUD_SDK_IAM_ENDPOINT": "https://iam.example",
}
WAYS = {"keys": KEYS, "temporary keys": TEMPORARY_KEYS, "token": TOKEN, "login": LOGIN}


def settings(way: dict[str, str], **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT,
        "METASTUDIO_ENDPOINT": "https://metastudio.example",
    }
    return Settings(**(values | way | changes))


def settings_at(url: str, way: str) -> Settings:
    """Return the settings for a stand-in that plays both MetaStudio and IAM."""
    endpoints = {"METASTUDIO_ENDPOINT": url}
    if way == "login":
        endpoints["HUAWEICLOUD_SDK_IAM_ENDPOINT"] = url
    return settings(WAYS[way], **endpoints)


def account_of(way: str) -> Credentials:
    return Credentials(
        access_key=KEYS["HUAWEICLOUD_SDK_AK"],
        secret_key=KEYS["HUAWEICLOUD_SDK_SK"],
        security_token=WAYS[way].get("HUAWEICLOUD_SDK_SECURITY_TOKEN"),
        project_id=PROJECT,
        iam_user="bot",
        iam_password=LOGIN["METASTUDIO_IAM_PASSWORD"],
        iam_domain="team",
        ready_made_token=TOKEN["METASTUDIO_AUTH_TOKEN"],
    )
