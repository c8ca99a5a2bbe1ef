"""Options that HashiCorp Vault or OpenBao keeps, read once at start: nothing is leased, so nothing is renewed.

What this module raises names what is wrong in words of its own. What Vault or a library says is never
repeated, as it may quote a secret.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homechart_common.config.left_out import LEFT_OUT
from homechart_common.config.options import flat_name
from homechart_common.config.sections import Vault
from homechart_common.config.sources import Layer, content_layer
from homechart_common.config.things import find
from homechart_common.errors import ConfigurationError

if TYPE_CHECKING:
    from hvac import Client

#: What to say, by the status with which Vault does not answer a question.
Meanings = dict[int, Callable[[], str]]

_LEFT_OUT = {flat_name(key): key for key in LEFT_OUT}


def layers(vault: Vault) -> Iterator[Layer]:
    """A layer for every secret that the section names, in its order.

    Raises ConfigurationError, which says in one line what keeps Vault from answering.
    """
    reader = _Reader(vault)
    for path in vault.paths:
        yield _layer(reader.secret(path.strip("/")), f"Vault, {vault.mount}/{path.strip('/')}")


def _layer(content: Any, source: str) -> Layer:
    """The layer of a secret, which holds sections as a document does, or names such as ``smtp_password``."""
    if not isinstance(content, dict):
        raise ConfigurationError(f"{source}: expected a secret to hold names and values")
    document: dict[str, Any] = {}
    name: str
    for name, value in content.items():
        option = find(name.upper())
        section, _, key = (option.key if option else _LEFT_OUT.get(name.upper(), name)).partition(".")
        if key:
            document.setdefault(section, {})[key] = value
        elif isinstance(value, dict):
            document[section] = {**document.get(section, {}), **value}
        else:
            raise ConfigurationError(f"{source}: there is no option {name}")
    if "vault" in document:
        raise ConfigurationError(f"{source}: where Vault is cannot be said in Vault")
    found = content_layer(document, source)
    return Layer(source, found.values, found.notices, confidential=True)


class _Reader:
    """Signed in to Vault, as far as that is possible without asking for a secret."""

    def __init__(self, vault: Vault) -> None:
        sign_in = _sign_in(vault)
        _check_authorities(vault)
        # Costs a tenth of a second and some memory, which nobody pays who has no Vault.
        import hvac

        self._vault = vault
        self._client: Client = hvac.Client(
            vault.address,
            token="",  # or else it would look for one of its own
            verify=vault.ca_certificate or True,
            timeout=vault.timeout_seconds,
            namespace=vault.namespace or None,
        )
        sign_in(self)

    def secret(self, path: str) -> Any:
        """What is in the newest version of a secret."""
        vault, engine = self._vault, self._client.secrets.kv
        where = f"{vault.mount}/{path}"
        denied = f"denies {where}: the token is wrong or expired, or its policy does not let it read that"

        def read() -> Any:
            if vault.kv_version == 1:
                return engine.v1.read_secret(path, mount_point=vault.mount)["data"]
            found = engine.v2.read_secret_version(
                path, mount_point=vault.mount, raise_on_deleted_version=True
            )
            return found["data"]["data"]

        return self._ask(
            read,
            {
                400: lambda: f"does not take {where} for a secret",
                403: lambda: self._other_engine(where) or denied,
                404: lambda: self._other_engine(where) or f"has no secret {where} for this token",
            },
        )

    def use_token(self) -> None:
        """Show the token that is configured."""
        self._client.token = self._vault.token

    def use_token_file(self) -> None:
        """Show the token in a file."""
        self._client.token = _content("vault.tokenFile", self._vault.token_file)

    def use_app_role(self) -> None:
        """Exchange the ids of an AppRole for a token."""
        vault = self._vault
        self._log_in(
            lambda: self._client.auth.approle.login(
                vault.app_role_id, vault.app_role_secret_id, mount_point=vault.app_role_mount
            ),
            f"auth/{vault.app_role_mount}",
            "the AppRole: vault.appRoleID or vault.appRoleSecretID is wrong, expired or used up",
        )

    def use_kubernetes(self) -> None:
        """Exchange the token of the pod's service account for one of Vault's."""
        vault = self._vault
        account = _content("vault.kubernetesTokenFile", vault.kubernetes_token_file)
        self._log_in(
            lambda: self._client.auth.kubernetes.login(
                vault.kubernetes_role, account, mount_point=vault.kubernetes_mount
            ),
            f"auth/{vault.kubernetes_mount}",
            f"this service account the role {vault.kubernetes_role}",
        )

    def _log_in(self, log_in: Callable[[], Any], where: str, refused: str) -> None:
        refusal = dict.fromkeys((400, 403, 500), lambda: f"refuses {refused}")
        self._ask(log_in, {**refusal, 404: lambda: f"has nothing at {where}"})

    def _other_engine(self, where: str) -> str:
        """What to say if the engine is of another version, whose secrets have other addresses; else nothing."""
        try:
            answer = self._client.read(f"sys/internal/ui/mounts/{where}")
            version = int((answer["data"].get("options") or {}).get("version", 1))
        except Exception:  # it is only about saying more
            return ""
        if version == self._vault.kv_version:
            return ""
        return f"keeps {self._vault.mount} in version {version} of the KV engine: set vault.kvVersion"

    def _ask(self, question: Callable[[], Any], meanings: Meanings) -> Any:
        """The answer to a question."""
        from hvac import exceptions
        from requests import exceptions as transport

        try:
            return question()
        except exceptions.InvalidPath:
            problem = meanings[404]()
        except exceptions.InvalidRequest:
            problem = meanings[400]()
        except (exceptions.Unauthorized, exceptions.Forbidden):
            problem = meanings[403]()
        except exceptions.VaultDown:
            problem = "is sealed or not ready"
        except exceptions.VaultNotInitialized:
            problem = "is not initialised"
        except exceptions.RateLimitExceeded:
            problem = "is asked too often"
        except exceptions.VaultError:
            problem = meanings.get(500, lambda: "failed")()
        except transport.SSLError:
            problem = "has a certificate that is not trusted: see vault.caCertificate"
        except transport.Timeout:
            problem = f"gave no answer within {self._vault.timeout_seconds} s"
        except (transport.ConnectionError, transport.ChunkedEncodingError) as error:
            problem = f"cannot be reached{_reason(error)}"
        except (transport.InvalidHeader, UnicodeError):
            problem = "cannot be asked: a token holds characters that no token has"
        except (transport.RequestException, LookupError, TypeError, AttributeError, ValueError):
            problem = "does not answer as Vault does"
        raise ConfigurationError(f"Vault at {self._vault.address} {problem}") from None


def _sign_in(vault: Vault) -> Callable[[_Reader], None]:
    """The one way to sign in that is configured."""
    ways = {
        "vault.token": (vault.token, _Reader.use_token),
        "vault.tokenFile": (vault.token_file, _Reader.use_token_file),
        "vault.appRoleID": (vault.app_role_id, _Reader.use_app_role),
        "vault.kubernetesRole": (vault.kubernetes_role, _Reader.use_kubernetes),
    }
    given = {key: way for key, (value, way) in ways.items() if value}
    if len(given) != 1:
        got = f"got {' and '.join(given)}" if given else "got none"
        raise ConfigurationError(f"vault.address: expected one of {', '.join(ways)} to sign in with, {got}")
    return next(iter(given.values()))


def _check_authorities(vault: Vault) -> None:
    if not vault.ca_certificate:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(vault.ca_certificate)
    except ssl.SSLError:
        problem = "it holds no certificates in PEM form"
    except OSError as error:
        problem = error.strerror or "it cannot be read"
    else:
        return
    raise ConfigurationError(f"vault.caCertificate: {vault.ca_certificate} cannot be used: {problem}")


def _content(key: str, path: str) -> str:
    """The token that a file holds."""
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(f"{key}: {path} cannot be read: {reason}") from None
    if not token:
        raise ConfigurationError(f"{key}: {path} is empty")
    return token


def _reason(error: BaseException | None) -> str:
    """What the system said, which lies below what the libraries make of it."""
    reason = ""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            reason = f": {error.strerror}"
        error = error.__cause__ or error.__context__
    return reason
