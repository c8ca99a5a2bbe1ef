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

    auth_account_id = UUID(write="")
    issuer = Text(max=1000, write="", description="The provider, as `GET /auth/methods` tells it")
    email_address = Text(max=320, write="", description="As the provider told it when they were linked")
    last_used = Timestamp(write="")
    updated = None

    #: An archive could claim anybody's; see docs/decisions/archives.md.
    archived = None
