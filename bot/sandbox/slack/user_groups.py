"""The Web API's method for user groups, which wants an optional scope.

https://docs.slack.dev/reference/methods/usergroups.users.list
"""

from collections.abc import Callable
from typing import Any

from bot.sandbox.slack.api_errors import Answer, ApiError, required
from bot.sandbox.slack.workspace import Workspace

SCOPE = "usergroups:read"


def user_group_methods(workspace: Workspace) -> dict[str, Callable[[dict[str, Any]], Answer]]:
    """Return the method by its name."""

    def list_users(arguments: dict[str, Any]) -> Answer:
        if SCOPE not in workspace.optional_scopes:
            raise ApiError("missing_scope")
        members = workspace.user_groups.get(str(required(arguments, "usergroup")))
        if members is None:
            raise ApiError("no_such_subteam")
        return {"users": list(members)}

    return {"usergroups.users.list": list_users}
