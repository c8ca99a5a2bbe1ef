"""When something happens again: the rule, as objects carry it (contract B1 §3, B2 §1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One of six shapes, told apart by which members are set; ``separation`` counts its periods.

    ========================================  =====================================
    set besides ``separation``                every n-th ...
    ========================================  =====================================
    nothing                                   day
    ``weekdays``                              week, on those days (1 Monday ... 7)
    ``day``                                   month, on that day
    ``month_week``, ``weekday``               month, on its k-th (or k-th last) weekday
    ``day``, ``month``                        year, on that date
    ``month``, ``month_week``, ``weekday``    year, on the k-th weekday of that month
    ========================================  =====================================
    """

    separation: int
    day: int = 0
    month: int = 0
    month_week: int = 0
    weekday: int = 0
    weekdays: tuple[int, ...] | None = None

    _SHAPES: ClassVar[frozenset[tuple[bool, bool, bool, bool, bool]]] = frozenset(
        # day, month, month_week, weekday, weekdays
        {
            (False, False, False, False, False),
            (False, False, False, False, True),
            (True, False, False, False, False),
            (False, False, True, True, False),
            (True, True, False, False, False),
            (False, True, True, True, False),
        }
    )
    _MEMBERS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "separation": ("separation", 1, 32767),
        "day": ("day", 0, 31),
        "month": ("month", 0, 12),
        "monthWeek": ("month_week", -4, 4),
        "weekday": ("weekday", 0, 7),
    }
    JSON_SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["separation"],
        "properties": {
            **{
                name: {"type": "integer", "minimum": low, "maximum": high}
                for name, (_, low, high) in _MEMBERS.items()
            },
            "weekdays": {
                "type": ["array", "null"],
                "items": {"type": "integer", "minimum": 0, "maximum": 7},
                "uniqueItems": True,
            },
        },
    }

    @classmethod
    def read(cls, value: Any) -> Recurrence:
        """The rule a JSON object spells; raises ``ValueError`` with what is wrong with it."""
        if not isinstance(value, dict):
            raise ValueError("must be an object such as {'separation': 1, 'day': 15}")
        members = {
            attribute: _whole(name, 0 if value.get(name) is None else value[name], low, high)
            for name, (attribute, low, high) in cls._MEMBERS.items()
        }
        rule = cls(**members, weekdays=_weekdays(value.get("weekdays")))
        shape = (rule.day != 0, rule.month != 0, rule.month_week != 0, rule.weekday != 0, bool(rule.weekdays))
        if shape not in cls._SHAPES:
            raise ValueError("combines members in a way that has no meaning")
        return rule

    def to_json(self) -> dict[str, Any]:
        """The JSON form, all six members; ``weekdays`` stays null or a list as it was given."""
        return {
            "day": self.day,
            "month": self.month,
            "monthWeek": self.month_week,
            "separation": self.separation,
            "weekday": self.weekday,
            "weekdays": None if self.weekdays is None else list(self.weekdays),
        }


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number between {low} and {high}")
    return value


def _weekdays(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError("weekdays must be a list of whole numbers between 0 and 7, or null")
    days = tuple(_whole("weekdays", day, 0, 7) for day in value)
    if len(set(days)) != len(days):
        raise ValueError("weekdays must not repeat a day")
    return days
