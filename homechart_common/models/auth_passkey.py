"""Passkeys."""

from __future__ import annotations

from homechart_common.models.credentials import Transports, attestation
from homechart_common.models.fields import UUID, Bool, Text, Timestamp
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class AuthPasskey(Model):
    """A passkey signs in to its account without password and one-time password.

    It is a key pair. The private key stays with the person: in a device, or with who keeps their passwords.
    """

    table, path, component = "auth_passkey", "/auth/passkeys", Component.AUTH
    owner = Owner.SELF
    routes = ()
    #: It works at one address only, and an archive could let anybody in as somebody else.
    archived = None
    constraints = {"auth_passkey_credential_id_key": "credential: this passkey is in use already"}

    auth_account_id = UUID(write="")
    name = Text(min=1, max=200)
    host = Text(write="", description="The host name of the server when it was added; it works nowhere else")
    transports = Transports(write="", description="How a browser reaches it, such as usb, internal, hybrid")
    backed_up = Bool(write="", description="Whether there is a copy, such as on other devices of the person")
    last_used = Timestamp(write="", description="Null until somebody signs in with it")
    updated = None
    credential = attestation()
