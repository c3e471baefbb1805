"""Records as the JSON objects that the people's side is shown."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain(record: "DataclassInstance") -> dict[str, Any]:
    """The fields by their names, not copied as `dataclasses.asdict` does: there may be 10,000 records."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
