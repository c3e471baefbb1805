"""The environment that points `avatar-bot` at the stand-ins."""

from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens


def environment_for(slack: SlackStandIn, tokens: Tokens, metastudio: MetaStudioStandIn) -> dict[str, str]:
    """Return name → value, once both listen; signed HTTP if Slack's stand-in has a request URL."""
    credentials = metastudio.credentials
    way_in = (
        {"SLACK_SIGNING_SECRET": tokens.signing_secret}
        if slack.request_url
        else {"SLACK_APP_TOKEN": tokens.app_token}
    )
    return {
        "SLACK_BOT_TOKEN": tokens.bot_token,
        **way_in,
        "SLACK_API_URL": slack.api_url,
        "HUAWEICLOUD_SDK_AK": credentials.access_key,
        "HUAWEICLOUD_SDK_SK": credentials.secret_key,
        "HUAWEICLOUD_SDK_PROJECT_ID": credentials.project_id,
        "METASTUDIO_ENDPOINT": metastudio.url,
    }
