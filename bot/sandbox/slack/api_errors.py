"""Refusals of Web API methods."""

from typing import Any, TypeAlias

Answer: TypeAlias = dict[str, Any]


class ApiError(Exception):
    """A call that Slack refuses, with Slack's word for the reason."""

    def __init__(self, error: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(error)
        self.error = error
        self.problems = problems

    def answer(self) -> Answer:
        answer: Answer = {"ok": False, "error": self.error}
        if self.problems:
            answer["errors"] = list(self.problems)
            answer["response_metadata"] = {"messages": [f"[ERROR] {words}" for words in self.problems]}
        return answer


def required(arguments: dict[str, Any], name: str) -> Any:
    """Return an argument, which must be present and not empty."""
    if arguments.get(name) in (None, ""):
        raise ApiError("invalid_arguments", (f"missing required field: {name}",))
    return arguments[name]
