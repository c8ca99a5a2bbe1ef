"""Accounts."""

from __future__ import annotations

from typing import Any

from homechart_common.models.credentials import assertion
from homechart_common.models.encrypted import Encrypted
from homechart_common.models.fields import (
    UUID,
    Bool,
    Colour,
    Derived,
    Email,
    Field,
    Int,
    Invalid,
    Object,
    Objects,
    Strings,
    Text,
    Time,
    Timestamp,
    TimeZone,
)
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Actor, Component, Level
from homechart_common.security import is_affordable

DEFAULT_LANGUAGE = "en"
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "nl", "zh")

#: What accounts and households are called that were not given a name (contract §3.2, §3.8).
DEFAULT_NAME = "Homecharter"

_SHORTEST_PASSWORD = 8


class Name(Text):
    """What an account or a household is called; the default name for who is created without one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min=1, required=False, **options)

    def default(self) -> str:
        return DEFAULT_NAME


class Password(Text):
    """A password, or empty for none; never in an answer."""

    def __init__(self) -> None:
        super().__init__(stored=False, description="At least 8 characters; blank in answers")

    def read(self, value: Any) -> str:
        password = super().read(value)
        if 0 < len(password) < _SHORTEST_PASSWORD:
            raise Invalid(f"must have at least {_SHORTEST_PASSWORD} characters")
        return password


class PasswordHash(Text):
    """What is stored of a password, or empty for none; verifying one must not cost more than those made here."""

    def __init__(self) -> None:
        super().__init__(max=200)

    def read(self, value: Any) -> str:
        text = super().read(value)
        if text and not is_affordable(text):
            raise Invalid("must be a hash that this server could have made")
        return text


class Language(Text):
    """The ISO 639-1 code of a language we know of; English for any other."""

    zero = DEFAULT_LANGUAGE

    def __init__(self) -> None:
        super().__init__(max=100, description=f"One of {', '.join(LANGUAGES)}")

    def blank(self) -> str:
        return ""

    def read(self, value: Any) -> str:
        code = super().read(value)[:2].lower()
        return code if code in LANGUAGES else self.zero


class KeyProvider(Text):
    """How a private key is protected: not at all, or by a key made from a password."""

    kinds = ("none", "passwordPBKDF2")

    def read(self, value: Any) -> str:
        provider = super().read(value)
        if provider not in self.kinds:
            raise Invalid(f"must be one of {', '.join(self.kinds)}")
        return provider


def permissions_field(**options: Any) -> Object:
    """A level for every component: 0 edit, 1 view, 2 none."""
    levels: dict[str, Field] = {component.value: Int(min=0, max=2) for component in Component}
    return Object(levels, description="0 edit, 1 view, 2 none; what is absent is 0", **options)


class HouseholdPermissions(Objects):
    """A permission set for each of several households."""

    def __init__(self, **options: Any) -> None:
        super().__init__({"auth_household_id": UUID(), "permissions": permissions_field()}, **options)


PREFERENCES: dict[str, Field] = {
    "color_accent": Colour(),
    "color_negative": Colour(),
    "color_positive": Colour(),
    "color_primary": Colour(),
    "color_secondary": Colour(),
    "dark_mode": Bool(),
    "format_date_order": Int(
        min=0, max=2, description="0 month-day-year, 1 day-month-year, 2 year-month-day"
    ),
    "format_date_separator": Int(min=0, max=3, description="0 slash, 1 dash, 2 period, 3 comma"),
    "format_time_24": Bool(),
    "format_week_8601": Bool(description="Weeks start on Monday"),
    "hide_calendar_budget_recurrences": Bool(),
    "hide_calendar_cook_meal_plans": Bool(),
    "hide_calendar_events": Bool(),
    "hide_calendar_health_logs": Strings(),
    "hide_calendar_plan_tasks": Bool(),
    "hide_components": Strings(),
    "ignore_device_agenda": Bool(),
    "ignore_device_calendar_event": Bool(),
    "ignore_device_plan_task": Bool(),
    "ignore_email_agenda": Bool(),
    "ignore_email_calendar_event": Bool(),
    "ignore_email_newsletter": Bool(),
    "ignore_email_plan_task": Bool(),
    "notifications_households": Objects(
        {
            "auth_household_id": UUID(),
            "ignore_device_calendar_event": Bool(),
            "ignore_device_cook_meal_plan_cook": Bool(),
            "ignore_device_cook_meal_plan_prep": Bool(),
            "ignore_device_plan_task": Bool(),
            "ignore_device_plan_task_complete": Bool(),
            "ignore_email_calendar_event": Bool(),
            "ignore_email_cook_meal_plan_cook": Bool(),
            "ignore_email_cook_meal_plan_prep": Bool(),
            "ignore_email_plan_task": Bool(),
        }
    ),
    "show_calendar_event_astronomy": Bool(),
    "show_calendar_event_holidays_ca": Bool(json="showCalendarEventHolidaysCA"),
    "show_calendar_event_holidays_uk": Bool(json="showCalendarEventHolidaysUK"),
    "show_calendar_event_holidays_us": Bool(json="showCalendarEventHolidaysUS"),
}


def _blank(description: str) -> Derived:
    """A member that is always empty in answers."""
    return Derived("''", {"type": "string"}, description=description)


class AuthAccount(Model):
    """A person. Secrets are never in an answer; what belongs to signing in is read and not stored."""

    table, path, component = "auth_account", "/auth/accounts", Component.AUTH
    owner = Owner.SELF
    routes = ()
    synced = True
    constraints = {"auth_account_email_address_key": "Account already exists"}
    #: The feed shows whatever the account may see, so its address is not for sessions that may see less.
    confidential = {"icalendarID": lambda _: None}
    #: What lists of accounts tell (contract §3.1).
    summary = frozenset(
        {
            "id",
            "created",
            "updated",
            "last_activity",
            "email_address",
            "verified",
            "oidc_provider_type",
            "primary_auth_household_id",
        }
    )

    email_address = Email()
    name = Name(max=200)
    child = Bool(write="")
    verified = Bool(write="", description="Whether the address is known to be theirs")
    tos_accepted = Bool(write="C", description="Must be true to sign up")
    setup = Bool()
    totp_enabled = Derived("{row}.totp_secret <> ''", {"type": "boolean"})
    totp_backup = _blank("Only in the answer that shows the backup code")
    totp_code = Text(
        max=50, write="", stored=False, description="A one-time password; always blank in answers"
    )
    totp_qr = _blank("Only in the answer that offers a secret: a PNG, base64")
    totp_secret = Text(
        max=50, write="", stored=False, description="Only in the answer that offers a secret: base32"
    )
    oidc_code = Text(max=5000, long=True, write="", stored=False)
    oidc_provider_type = Int(min=0, max=3, write="", description="0 none, 1 test, 2 Google, 3 Apple")
    password = Password()
    password_reset_token = UUID(write="", stored=False, description="From the mail; always null in answers")
    credential = assertion()
    permissions_account = permissions_field(write="C", stored=False)
    permissions_households = HouseholdPermissions(write="C", stored=False, answer=None)
    remember_me = Bool(write="C", stored=False, wire=False, description="Stay signed in for months")
    user_agent = Text(max=100, write="C", stored=False)
    primary_auth_household_id = UUID(write="U", description="One of the account's own households")
    preferences = Object(PREFERENCES)
    iso_639_code = Language()
    time_zone = TimeZone()
    daily_agenda_time = Time()
    daily_agenda_next = Timestamp(write="U", description="Set anew when its time or the zone changes")
    collapsed_notes_pages = Strings()
    collapsed_plan_projects = Strings()
    collapsed_plan_tasks = Strings()
    hide_calendar_icalendars = Strings()
    icalendar_id = UUID(write="", description="The secret in the address of the account's calendar feed")
    public_key = Text(max=10_000, long=True, write="C")
    private_keys = Objects(
        {"name": Text(max=200), "key": Encrypted(min=1), "provider": KeyProvider(max=50)}, write="C"
    )
    subscription_referrer_code = Text(max=14, write="C")
    last_activity = Timestamp(write="")

    archived = {
        "child": child,
        "verified": verified,
        "icalendar_id": icalendar_id,
        "last_activity": last_activity,
        "password_hash": PasswordHash(),
        "totp_secret": Text(max=50),
        "totp_backup": Text(max=50),
    }

    @classmethod
    def owners(cls, actor: Actor, needed: Level) -> tuple[str, ...]:
        """Everybody sees and edits their own account."""
        return (actor.account_id,)
