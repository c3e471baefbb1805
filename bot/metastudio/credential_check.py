"""Check MetaStudio's credentials with one call at the start.

Nothing waits for the check or depends on it. It finds a wrong key before somebody starts a job.
"""

import structlog

from bot.errors import MetaStudioError, Throttled
from bot.metastudio.client import MetaStudio

SECONDS = 15.0

_log = structlog.get_logger()


async def check_credentials(metastudio: MetaStudio) -> None:
    """Make one call; if it fails, log the reason and the advice in the process log."""
    try:
        await metastudio.check(seconds=SECONDS)
    except Throttled:  # throttled, so the credentials are good
        return
    except MetaStudioError as error:
        answer = error.answer
        _log.warning(
            "a call to MetaStudio failed at the start, so starts will fail too",
            reason=str(error),
            advice=error.advice,
            http_status=answer.http_status,
            error_code=answer.error_code,
            request_id=answer.request_id,
        )
