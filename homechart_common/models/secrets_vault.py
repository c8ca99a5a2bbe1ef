"""Vaults."""

from __future__ import annotations

from homechart_common.errors import InvalidInput
from homechart_common.models.encrypted import Encrypted
from homechart_common.models.fields import UUID, Objects, ShortID, Text
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Component


class SecretsVault(Model):
    """Where secrets are kept. Each who can open it has its key, under the public key of their account.

    Who is in the household sees the vault; who has none of its keys can read nothing in it (contract B2 §9).
    """

    table, path, component = "secrets_vault", "/secrets/vaults", Component.SECRETS
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"

    short_id = ShortID()
    name = Text(max=500)
    icon = Text(max=100)
    keys = Objects(
        {"auth_account_id": UUID(required=True), "key": Encrypted(min=1)},
        required=True,
        description="The vault's key, once for every account that can open it",
    )

    @classmethod
    def resolve(cls, actor: Actor, row: Row) -> None:
        """Nobody shuts themselves out."""
        keys = row.get("keys")
        if keys is not None and not any(
            entry["authAccountID"] == actor.account_id and entry["key"].startswith("rsa2048$")
            for entry in keys
        ):
            raise InvalidInput.field("keys", "must have one for yourself, encrypted with rsa2048")
