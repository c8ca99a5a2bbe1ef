"""What administrators of the server send to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homechart_common.models.auth_session import WEB_PUSH
from homechart_common.models.fields import UUID, Bool, Field, Int, Invalid, Object, Objects, Text, Timestamp
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component

MARK_COMPLETE, SNOOZE = range(2)


class Actions(Field):
    """What can be done from the message itself, or null."""

    json_schema = {"type": ["array", "null"], "items": {"type": "integer", "minimum": 0, "maximum": SNOOZE}}
    most = 10

    def read(self, value: Any) -> list[int] | None:
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > self.most:
            raise Invalid(f"must be a list of at most {self.most} numbers")
        number = Int(min=MARK_COMPLETE, max=SNOOZE)
        return [number.number(member) for member in value]


class Address(Text):
    """Where mail goes, or empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max=320, **options)

    def read(self, value: Any) -> str:
        address = super().read(value)
        if address and (address.count("@") != 1 or any(character.isspace() for character in address)):
            raise Invalid("must be a mail address")
        return address


class Subscriptions(Objects):
    """Browsers that web push goes to, or null."""

    def __init__(self, members: Mapping[str, Field], **options: Any) -> None:
        super().__init__(members, **options)
        self.json_schema = {**self.json_schema, "type": ["array", "null"]}

    def default(self) -> None:
        return None

    def blank(self) -> None:
        return None

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """What PostgreSQL is given: null stays null."""
        return None if value is None else super().deserialize(value, *args, **kwargs)

    def read(self, value: Any) -> list[dict[str, Any]]:
        subscriptions = super().read(value)
        if not all(subscription["endpoint"].startswith("https://") for subscription in subscriptions):
            raise Invalid("endpoint must start with https://")
        return subscriptions


class Notification(Model):
    """A message that an administrator of the server puts into the outbox. It belongs to nobody."""

    table, path, component = "notification", "/notifications", Component.AUTH
    owner = Owner.SELF
    routes = ()
    archived = None

    updated = None
    auth_account_id = UUID(write="C", description="Whom it is for")
    attempt = Int(min=0, max=2**15 - 1, write="U", description="How many attempts failed")
    actions = Object(
        {"default": Text(), "target": Text(), "target_type": Text(), "types": Actions()},
        description="What a message that is pushed can do; types: 0 mark complete, 1 snooze",
    )
    body_smtp = Text(max=50_000, long=True, description="Markdown")
    body_web_push = Text(max=4000, long=True)
    iso_639_code = Text(max=100, write="C", stored=False, description="Blank in lists")
    newsletter = Bool(
        description="For everybody whose address is verified and who has not switched newsletters off, "
        "or for the account if there is one"
    )
    subject_smtp = Text()
    subject_web_push = Text()
    to_smtp = Address(description="Instead of the account's address")
    to_web_push = Subscriptions(WEB_PUSH)
    send_after = Timestamp(description="At once, unless this is in the future")
