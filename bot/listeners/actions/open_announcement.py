"""*Open it*, which Slack itself does; its click needs only an ack."""

from slack_bolt.context.ack.async_ack import AsyncAck


async def acknowledge(ack: AsyncAck) -> None:
    """Acknowledge the click. It is no use of the bot, so it is not logged."""
    await ack()
