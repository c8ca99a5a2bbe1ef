"""The two ceremonies of passkeys (WebAuthn level 3): making one, and signing in with one.

The library takes 7 MB, which most processes never need, so it is loaded when somebody has a passkey. What it is
given comes from anybody, and it answers nonsense with any exception there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from yarl import URL

from homechart_common.cbor import require_plain
from homechart_common.errors import InvalidInput

#: For how long a browser may wait for its person, in milliseconds.
TIMEOUT_MILLISECONDS = 5 * 60 * 1000

#: What browsers call us; it is part of no check.
_NAME = "Homechart"
#: Statements about the make of an authenticator that are read: none, or signed by the new key itself. No other was
#: asked for, browsers take them out, and the library's readers of certificates are a large thing to show to strangers.
_STATEMENTS = ("none", "packed")

#: Bytes of a public key; RSA with 4096 bits has some 530.
_LONGEST_KEY = 1024
#: Characters of the library's words, which may quote what it was given.
_LONGEST_REASON = 200

# What the flags of authenticator data say is in it (WebAuthn §6.1).
_FLAGS, _HEADER, _KEY_FOLLOWS = 32, 37, 0x40
_ID_LENGTH = _HEADER + 16


class NoPasskeys(InvalidInput):
    """Browsers use passkeys only at a host with a name, and over HTTPS unless that is this machine."""

    default_message = "Passkeys need an https address with a host name in app.baseURL"


class RelyingParty(NamedTuple):
    """Whom passkeys are made for: a host name, and the one origin whose pages may use them."""

    id: str
    origin: str

    @classmethod
    def at(cls, base_url: str) -> RelyingParty:
        """This server, which people reach at that address. Raises :class:`NoPasskeys`."""
        url = URL(base_url)
        host = url.raw_host or ""
        if not (url.scheme == "https" or _is_local(host)) or _is_address(host):
            raise NoPasskeys
        port = "" if url.is_default_port() else f":{url.port}"
        return cls(host, f"{url.scheme}://{host}{port}")


class Holder(NamedTuple):
    """Whom a new passkey is for, as browsers show them."""

    account_id: str
    email_address: str
    name: str


class Made(NamedTuple):
    """A new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


class Shown(NamedTuple):
    """What a passkey says of itself when it has signed."""

    sign_count: int
    backed_up: bool


def creation_options(
    party: RelyingParty, holder: Holder, challenge: bytes, known: Iterable[tuple[bytes, list[str]]]
) -> dict[str, Any]:
    """What ``navigator.credentials.create()`` is to be asked for; authenticators with a ``known`` one refuse."""
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        AuthenticatorTransport,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    names = {transport.value for transport in AuthenticatorTransport}
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=_NAME,
        user_id=handle_of(holder.account_id),
        user_name=holder.email_address,
        user_display_name=holder.name,
        challenge=challenge,
        timeout=TIMEOUT_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(
                id=credential_id,
                transports=[AuthenticatorTransport(name) for name in transports if name in names],
            )
            for credential_id, transports in known
        ],
    )
    return options_to_json_dict(options)


def request_options(party: RelyingParty, challenge: bytes) -> dict[str, Any]:
    """What ``navigator.credentials.get()`` is to be asked for: any passkey that the person has for us."""
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MILLISECONDS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def handle_of(account_id: str) -> bytes:
    """What passkeys keep of their account. It names nobody to who finds it."""
    return UUID(account_id).bytes


def challenge_of(party: RelyingParty, credential: Mapping[str, Any]) -> bytes:
    """The challenge that a credential says it answers, on a page of ours. Raises :class:`InvalidInput`."""
    from webauthn import base64url_to_bytes

    with _refusing():
        said = orjson.loads(credential["response"]["clientDataJSON"])
        challenge = base64url_to_bytes(said["challenge"])
        origin, embedded = said["origin"], said.get("crossOrigin", False)
    if origin != party.origin:
        raise InvalidInput.field("credential", f"was not made on a page of {party.origin}")
    if embedded is not False:
        raise InvalidInput.field("credential", "was made inside a page of somebody else")
    return challenge


def made(party: RelyingParty, credential: Mapping[str, Any], challenge: bytes) -> Made:
    """The passkey that was made in answer to a challenge, by somebody whom it knows. Raises :class:`InvalidInput`."""
    from webauthn import verify_registration_response
    from webauthn.helpers import (
        bytes_to_base64url,
        decode_credential_public_key,
        decoded_public_key_to_cryptography,
        parse_cbor,
    )
    from webauthn.helpers.structs import AuthenticatorAttestationResponse, RegistrationCredential

    response = credential["response"]
    with _refusing():
        require_plain(response["attestationObject"])
        attestation = parse_cbor(response["attestationObject"])
        require_plain(_extra(attestation["authData"]))
        if attestation["fmt"] not in _STATEMENTS or "x5c" in attestation["attStmt"]:
            raise ValueError("a statement that was not asked for")
        verified = verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(credential["id"]),
                raw_id=credential["id"],
                response=AuthenticatorAttestationResponse(
                    client_data_json=response["clientDataJSON"],
                    attestation_object=response["attestationObject"],
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
        if verified.credential_id != credential["id"]:
            raise ValueError("another id than the one inside")
        if len(verified.credential_public_key) > _LONGEST_KEY:
            raise ValueError("a key that takes long to check with")
        # refuses what is no key, which would be noticed only when somebody signs in
        decoded_public_key_to_cryptography(decode_credential_public_key(verified.credential_public_key))
    return Made(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        verified.credential_backed_up,
    )


def shown(party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, public_key: bytes) -> Shown:
    """What a passkey with that key says when it answers a challenge, for somebody whom it knows.

    Whether it has counted on is for the caller to see: only now is it known who says so. Raises
    :class:`InvalidInput`.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.structs import AuthenticationCredential, AuthenticatorAssertionResponse

    response = credential["response"]
    with _refusing():
        require_plain(_extra(response["authenticatorData"]))
        verified = verify_authentication_response(
            credential=AuthenticationCredential(
                id=bytes_to_base64url(credential["id"]),
                raw_id=credential["id"],
                response=AuthenticatorAssertionResponse(
                    client_data_json=response["clientDataJSON"],
                    authenticator_data=response["authenticatorData"],
                    signature=response["signature"],
                    user_handle=response["userHandle"],
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    return Shown(verified.new_sign_count, verified.credential_backed_up)


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever goes wrong inside is the fault of the credential."""
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        yield
    except WebAuthnException as error:
        reason = str(error).partition(". See __cause__")[0][:_LONGEST_REASON]
        raise InvalidInput.field("credential", reason[:1].lower() + reason[1:]) from error
    except Exception as error:
        raise InvalidInput.field("credential", "cannot be read") from error


def _extra(authenticator_data: bytes) -> bytes:
    """The part of authenticator data that is CBOR: a public key, extensions, or nothing."""
    if not authenticator_data[_FLAGS] & _KEY_FOLLOWS:
        return authenticator_data[_HEADER:]
    length = int.from_bytes(authenticator_data[_ID_LENGTH : _ID_LENGTH + 2], "big")
    return authenticator_data[_ID_LENGTH + 2 + length :]


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
