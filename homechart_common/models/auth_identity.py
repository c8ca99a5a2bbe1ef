"""Identities: who people are elsewhere."""

from __future__ import annotations

from homechart_common.models.fields import UUID, Text, Timestamp
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class AuthIdentity(Model):
    """An account elsewhere that signs in to an account here (OpenID Connect)."""

    table, path, component = "auth_identity", "/auth/accounts/{auth_account_id}/identities", Component.AUTH
    owner = Owner.SELF
    routes = ()
    plural = "AuthIdentities"
    constraints = {
        "auth_identity_subject_key": "Somebody in it has an identity elsewhere that another account has here"
    }

    auth_account_id = UUID(write="")
    issuer = Text(max=1000, write="", description="The provider, as `GET /auth/methods` tells it")
    email_address = Text(max=320, write="", description="As the provider told it when they were linked")
    last_used = Timestamp(write="")
    updated = None

    archived = {
        "auth_account_id": UUID(required=True),
        "issuer": Text(max=1000, min=1),
        "subject": Text(max=255, min=1),
        "email_address": email_address,
        "last_used": Timestamp(required=True),
    }
