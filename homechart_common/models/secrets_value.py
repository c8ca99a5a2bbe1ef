"""Secrets."""

from homechart_common.models.encrypted import Encrypted, EncryptedTexts
from homechart_common.models.fields import Derived, Reference, ShortID, Timestamp, Written
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component

_METHOD = "aes128gcm"


class SecretsValue(Model):
    """A secret, encrypted with the key of its vault; ``deleted`` puts it in the bin (contract B2 §9)."""

    table, path, component = "secrets_value", "/secrets/values", Component.SECRETS
    owner = Owner.PARENT
    label = "link"
    order = "updated"

    created = None
    auth_account_id = Derived("NULL::uuid", {"type": "null"}, description="Reserved, always null")
    auth_household_id = Derived("NULL::uuid", {"type": "null"}, description="Reserved, always null")
    short_id = ShortID()
    secrets_vault_id = Reference("secrets_vault", inherits=True, required=True)
    data_encrypted = EncryptedTexts(
        _METHOD, description="What is secret and what it was before, newest first"
    )
    name_encrypted = Encrypted(_METHOD, min=1, max=500)
    tags_encrypted = Encrypted(_METHOD, min=1)
    deleted = Timestamp()
    link = Derived("'#secretvalue/' || {row}.short_id", {"type": "string"}, wire=False)
    updated = Written()
