"""Convert records to JSON objects for the page and for tests."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain(record: "DataclassInstance") -> dict[str, Any]:
    """Return the fields by name; `dataclasses.asdict` would copy them, and there may be 10,000 records."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
