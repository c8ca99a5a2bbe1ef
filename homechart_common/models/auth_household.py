"""Households and who is in them."""

from __future__ import annotations

from typing import Any

from homechart_common.models.auth_account import Name, permissions_field
from homechart_common.models.fields import (
    UUID,
    Bool,
    Colour,
    Derived,
    Email,
    Int,
    Object,
    Objects,
    Strings,
    Text,
)
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Actor, Component, Level

MEMBER = {
    "type": "object",
    "properties": {
        "authAccountID": {"type": ["string", "null"], "format": "uuid"},
        "authHouseholdID": {"type": "string", "format": "uuid"},
        "child": {"type": "boolean"},
        "color": {"type": "integer"},
        "emailAddress": {"type": "string"},
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "The account; the nil UUID while an invite waits",
        },
        "inviteToken": {
            "type": "string",
            "description": "Set while an invite waits; asterisks for those who may not invite",
        },
        "name": {"type": "string"},
        "permissions": permissions_field().schema(),
        "publicKey": {"type": "string"},
    },
}


#: Shown instead of the token of an invitation to those who may not invite; it says that one waits.
HIDDEN_TOKEN = "*" * 14


def _without_tokens(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whoever has the token of an invitation joins with the permissions that it grants."""
    return [{**member, "inviteToken": HIDDEN_TOKEN if member["inviteToken"] else ""} for member in members]


#: How many votes a household has.
MOST_VOTES = 5


class FeatureVotes(Objects):
    """What a household wants built; votes count in order until none is left (contract B1 §5.4)."""

    def read(self, value: Any) -> list[dict[str, Any]]:
        left = MOST_VOTES
        votes = super().read(value)
        for vote in votes:
            vote["amount"] = min(vote["amount"], left)
            left -= vote["amount"]
        return votes


class AuthHousehold(Model):
    """People who share. It never expires (contract decision 4)."""

    table, path, component = "auth_household", "/auth/households", Component.AUTH
    owner = Owner.SELF
    routes = ()
    synced = True
    constraints = {
        "auth_household_subscription_referrer_code_check": "subscriptionReferrerCode: must not be its own",
        "auth_household_subscription_referral_code_key": "subscriptionReferralCode: another household has it",
        "auth_household_self_hosted_id_key": "selfHostedID: another household has it",
    }

    confidential = {"backupEncryptionKey": lambda _: "", "members": _without_tokens}

    name = Name()
    members = Derived("household_members({row}.id)", {"type": "array", "items": MEMBER})
    count_members = Derived(
        "(SELECT count(*) FROM auth_account_auth_household m WHERE m.auth_household_id = {row}.id)",
        {"type": "integer"},
    )
    preferences = Object(
        {
            "color_budget_recurrence_events": Colour(),
            "color_cook_meal_plan_events": Colour(),
            "color_plan_task_events": Colour(),
            "currency": Int(min=0, max=16),
            "hide_components": Strings(),
        },
        write="U",
    )
    feature_votes = FeatureVotes(
        {"amount": Int(min=0, max=MOST_VOTES), "comment": Text(), "feature": Int(min=0, max=32767)},
        write="U",
        description=f"All amounts together are at most {MOST_VOTES}; what exceeds that is cut",
    )
    backup_encryption_key = Text()
    demo = Bool(write="")
    self_hosted_id = UUID()
    self_hosted_url = Text(max=200)
    subscription_customer_id = Derived("''", {"type": "string"})
    subscription_expires = Derived("'2999-12-31'", {"type": "string", "format": "date"})
    subscription_id = Derived("''", {"type": "string"})
    subscription_last_transaction_id = Derived("''", {"type": "string"})
    subscription_processor = Derived("5", {"type": "integer"})
    subscription_referral_code = Text(min=1, max=14, write="U")
    subscription_referral_count = Derived("0", {"type": "integer"})
    subscription_referrer_code = Text(max=14)

    @classmethod
    def owners(cls, actor: Actor, needed: Level) -> tuple[str, ...]:
        """Every member sees the household; whoever may edit auth in it edits it."""
        return actor.owners(Component.AUTH, needed, personal=False)


class AuthAccountAuthHousehold(Model):
    """A membership or an invite, as their routes read it; members are shown in the household."""

    table, path, component = (
        "auth_account_auth_household",
        "/auth/households/{auth_household_id}/members",
        Component.AUTH,
    )
    owner = Owner.SELF
    routes = ()
    constraints = {
        "auth_account_auth_household_auth_account_id_auth_household__key": "They are a member already",
        "auth_account_auth_household_email": "This address is invited already",
    }

    color = Colour()
    email_address = Email(write="C")
    child = Bool(
        stored=False, write="C", description="Create a child's account instead of inviting", wire=False
    )
    name = Text(max=200, stored=False, write="C", wire=False, description="The child's name")
    permissions = permissions_field()
    invite_token = Text(write="")

    archived = {
        "auth_account_id": UUID(),
        "auth_household_id": UUID(),
        "email_address": Text(max=320),
        "invite_token": invite_token,
    }
