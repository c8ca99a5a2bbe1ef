"""The declaration of every option: the only place to add one, and what the reference is made from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import get_type_hints

from homechart_common.addresses import is_network
from homechart_common.config.options import Format, Option, option, options_of

PATH = Format(r"/\S*", "a path that starts with a slash")
HOST = Format(r"[^/\s]+", "a host, and a port after a colon when it is not the usual one")
ADDRESS = Format(
    r"https?://[^/\s?#]+(/[^/\s?#]+)*", "an http:// or https:// address that does not end with a slash"
)
URL = Format(r"https?://[^/\s?#]+(/[^\s#]*)?", "an http:// or https:// address")
ISSUER = Format(
    r"https?://[^/\s?#]+(/[^\s?#]*)?", "an http:// or https:// address, spelled as the provider spells it"
)
NETWORK = Format(r"\S+", "an IP address, or a network such as 10.0.0.0/24", is_network)
ICON = Format(
    r"[a-z0-9-]{1,50}|data:image/(png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/=]{1,40000}",
    "the name of an icon, or a picture as data:image/png;base64,...",
)
RATE = Format(
    r"[1-9][0-9]*-[SMHD]",
    "a number, a dash and S, M, H or D for a second, minute, hour or day, such as 10-M",
)
VAPID_PRIVATE_KEY = Format(r"[A-Za-z0-9_-]{43}", "32 bytes in unpadded base64url")
VAPID_PUBLIC_KEY = Format(r"B[A-Za-z0-9_-]{86}", "65 bytes in unpadded base64url")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class App:
    """What the processes do and how they are reached."""

    admin_email_addresses: tuple[str, ...] = option(
        (),
        "Addresses of accounts that become administrators of this server when they sign in; where it can send"
        " mail, once the address is verified.",
    )
    base_url: str = option(
        "http://localhost:3000",
        "Where people reach this server; links in mails and notifications start with it.",
        form=ADDRESS,
    )
    cache_control: str = option(
        "public, max-age=31536000, immutable", "`Cache-Control` header of the web client's hashed files."
    )
    cache_ttl_minutes: int = option(15, "Minutes after which an entry leaves the cache.", at_least=1)
    data_directory: str = option(
        "",
        "Where the embedded database lives; empty is `homechart` in the user's data folder, "
        "for root `/var/lib/homechart`.",
    )
    debug: bool = option(False, "Write a log line for every request and unit of work.")
    demo: bool = option(
        False, "Offer demonstration accounts to anyone; not for a server that keeps real data."
    )
    disable_tasks: bool = option(False, "This process never becomes the one that runs the scheduled tasks.")
    feature_votes: tuple[str, ...] = option((), "Titles that households can vote on, shown by the client.")
    host: str = option("", "Address to listen on; empty is every interface.")
    keep_calendar_event_days: int = option(
        180, "Days that a calendar event stays after it ended.", at_least=1
    )
    keep_cook_meal_plan_days: int = option(180, "Days that a meal plan stays after its date.", at_least=1)
    keep_deleted_days: int = option(
        30, "Days that deleted recipes, pages and secrets can be restored.", at_least=1
    )
    keep_health_log_days: int = option(180, "Days that a health log stays after its date.", at_least=1)
    keep_inactive_auth_account_days: int = option(
        0, "Days that an account without a household stays without being used; 0 for ever.", at_least=0
    )
    keep_notes_page_versions: int = option(10, "Versions that are kept of each page.", at_least=1)
    keep_plan_task_days: int = option(180, "Days that a task stays after it was done.", at_least=1)
    keep_sync_days: int = option(
        90, "Days that a client can be away and still be sent only what changed.", at_least=1
    )
    motd: str = option("", "A message that the client shows to everyone.")
    port: int = option(3000, "Port to listen on; 0 takes a free one.", at_least=0, at_most=65535)
    proxy_address: str = option(
        "", "Address or network of a proxy that signs people in; empty trusts none.", form=NETWORK
    )
    proxy_header_email: str = option("", "Header in which that proxy names the e-mail address of the person.")
    proxy_header_name: str = option("", "Header in which that proxy names the person.")
    rate_limiter_key: str = option(
        "",
        "Requests with this value in `x-homechart-ratelimiterkey` are not limited; empty lets none through.",
        secret=True,
    )
    rate_limiter_rate: str = option(
        "10-M", "How often one address may call each limited route, such as signing in.", form=RATE
    )
    reuse_port: bool = option(
        False,
        "Let several API processes listen on the same port; the system spreads connections over them (Linux).",
    )
    rollup_budget_transactions_balance_months: int = option(
        0,
        "Months after which all transactions of a household become one, its opening balance; 0 for never.",
        at_least=0,
    )
    rollup_budget_transactions_summary_months: int = option(
        0,
        "Months after which the transactions of a payee become one for each month; 0 for never.",
        at_least=0,
    )
    session_expiration_default_seconds: int = option(3600, "Seconds that a session lasts.", at_least=1)
    session_expiration_remember_seconds: int = option(
        7776000, "Seconds that a session lasts when the person asked to stay signed in.", at_least=1
    )
    signup_disabled: bool = option(False, "Nobody but administrators can create an account.")
    system_health_key: str = option(
        "", "The `key` that opens `/api/v1/system/health`; empty keeps it closed.", secret=True
    )
    system_metrics_key: str = option(
        "", "The `key` that opens `/api/v1/system/metrics`; empty keeps it closed.", secret=True
    )
    tls_certificate: str = option(
        "", "Path of the certificate chain (PEM); with `app.tlsKey`, the server speaks HTTPS only."
    )
    tls_key: str = option("", "Path of the certificate's private key (PEM).")
    ui_dir: str = option("", "Directory to serve the web client from instead of the packaged one.")
    ui_host: str = option(
        "", "Address of a development server that web client requests are forwarded to.", form=ADDRESS
    )
    worker_port: int = option(
        0,
        "Port on which a worker, each its own, answers `/api/v1/system/health` and `/metrics`; 0 opens none.",
        at_least=0,
        at_most=65535,
    )


@dataclass(frozen=True, slots=True)
class Cli:
    """What the commands print."""

    debug: bool = option(False, "The same as the flag `-d`.")
    no_color: bool = option(False, "The same as the flag `-n`.")
    output_json: bool = option(False, "The same as the flag `-j`.")


#: The provider that clients of the baseline know by its number, and what it is reached by.
GOOGLE = "google"
GOOGLE_ISSUER = "https://accounts.google.com"


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """A provider that people can sign in with; `<name>` is small letters and digits, and part of addresses."""

    name: str
    auth_url: str = option(
        "", "Where people are sent; empty asks the issuer, as the other addresses.", form=URL
    )
    ca_file: str = option("", "Path of certificates (PEM) that the provider's is checked against, too.")
    client_authentication: str = option(
        "", "How the secret is sent; empty is what the provider says.", one_of=("basic", "post")
    )
    client_id: str = option("", "Client id that the provider has for this server.", required=True)
    client_secret: str = option("", "The secret that belongs to it; empty for a public client.", secret=True)
    display_name: str = option("", "What people call the provider; empty is its name with a capital letter.")
    icon: str = option("", "What clients show beside that.", form=ICON)
    issuer: str = option("", "The provider, by its address.", required=True, form=ISSUER)
    jwks_url: str = option("", "Where the provider's keys are.", form=URL)
    scopes: tuple[str, ...] = option(("openid", "email", "profile"), "What is asked for.")
    token_url: str = option("", "Where codes become tokens.", form=URL)
    trust_email_addresses: bool = option(
        False,
        "Count every address that the provider tells as verified; for one whose people cannot choose theirs.",
    )
    userinfo_url: str = option("", "Where more about a person is, if the token does not say it.", form=URL)

    @property
    def label(self) -> str:
        """What people call it."""
        return self.display_name or self.name.capitalize()


@dataclass(frozen=True, slots=True)
class Oidc:
    """Signing in with accounts that people have elsewhere (OpenID Connect)."""

    google_client_id: str = option(
        "", "The same as `oidc.google.clientID`, where that provider is Google.", hidden=True
    )
    google_client_secret: str = option("", "The secret that belongs to it.", hidden=True, secret=True)
    providers: tuple[OidcProvider, ...] = ()

    @property
    def everywhere(self) -> tuple[OidcProvider, ...]:
        """Every provider that people can sign in with, in the order in which clients offer them."""
        google = OidcProvider(
            name=GOOGLE,
            issuer=GOOGLE_ISSUER,
            client_id=self.google_client_id,
            client_secret=self.google_client_secret,
            icon=GOOGLE,
        )
        known = (*self.providers, *([google] if self.google_client_id else []))
        return tuple(sorted(known, key=lambda provider: provider.label.lower()))


@dataclass(frozen=True, slots=True)
class Postgresql:
    """The database. With no database, user and host given, an embedded one is used."""

    connect_timeout_seconds: int = option(5, "Seconds to wait for a connection.", at_least=1)
    database: str = option("", "Name of the database; empty is the name of the user.")
    direct_hostname: str = option(
        "", "Host of PostgreSQL itself when `hostname` is a connection pooler; empty is `hostname`."
    )
    direct_port: int = option(
        0,
        "Port of PostgreSQL itself when `port` is a connection pooler's; 0 is `port`.",
        at_least=0,
        at_most=65535,
    )
    hostname: str = option(
        "",
        "Host, or the directory of a Unix socket; empty is `localhost` when a database or user is given. Of several,"
        " separated by commas, the one that accepts writes is used.",
    )
    max_connections: int = option(25, "Most connections that one process opens.", at_least=1)
    max_lifetime_minutes: int = option(
        5, "Minutes after which a connection is replaced, so that a server that moved is found.", at_least=1
    )
    password: str = option("", "Password of the user.", secret=True)
    port: int = option(5432, "Port.", at_least=1, at_most=65535)
    prepare_statements: bool = option(
        True,
        "Let PostgreSQL keep the plans of frequent statements; never done through a connection pooler.",
    )
    schema_role: str = option("", "Role that owns the tables, taken on while the schema is changed.")
    ssl_mode: str = option(
        "disable", "How the connection is encrypted and the server verified.", one_of=SSL_MODES
    )
    statement_timeout_seconds: int = option(
        30,
        "Seconds that a statement may run; a request waits as long for a connection, but at most 10.",
        at_least=1,
    )
    username: str = option("", "User.")

    @property
    def is_embedded(self) -> bool:
        """Whether nothing is said about a database, so that the server brings its own."""
        return not (self.hostname or self.database or self.username)


@dataclass(frozen=True, slots=True)
class Smtp:
    """Mail. It is sent when a host and a sender are given."""

    from_address: str = option("", "Address that mails come from.")
    hostname: str = option("", "Host of the mail server.")
    lease_seconds: int = option(
        1800, "Seconds after which a mail whose sender died in the middle is sent by another one.", at_least=2
    )
    no_email_domains: tuple[str, ...] = option(
        ("example.com",), "Domains that are never sent mail; `example.com` is always one."
    )
    password: str = option("", "Password of the user.", secret=True)
    port: int = option(587, "Port; 465 is encrypted from the start.", at_least=1, at_most=65535)
    reply_to: str = option("", "Address that answers go to.")
    require_tls: bool = option(False, "Send nothing over a connection that could not be encrypted.")
    username: str = option("", "User to sign in to the mail server as; empty does not sign in.")

    @property
    def is_enabled(self) -> bool:
        """Whether mail is sent at all."""
        return bool(self.hostname)

    def delivers_to(self, email_address: str) -> bool:
        """Whether mail to this address may be sent: its domain is not among those that never get any."""
        domain = email_address.rpartition("@")[2].lower()
        nowhere = f".{domain}".endswith(".example.com")
        return not nowhere and domain not in map(str.lower, self.no_email_domains)


@dataclass(frozen=True, slots=True)
class Tracing:
    """OpenTelemetry traces. They are sent (OTLP over HTTP) when an endpoint is given."""

    endpoint: str = option("", "Where the collector is, such as `localhost:4318`.", hidden=True, form=HOST)
    insecure: bool = option(False, "Use http instead of https.", hidden=True)
    path: str = option("", "Path at the collector; empty is `/v1/traces`.", hidden=True, form=PATH)
    sampler_ratio: float = option(
        0.0, "Share of requests that are traced: 1 or more is all, 0 or less none.", hidden=True
    )
    service_name: str = option("", "Name in the traces; empty is the name of the command.", hidden=True)


@dataclass(frozen=True, slots=True)
class Vault:
    """HashiCorp Vault or OpenBao, from which options are read once at start, when an address is given."""

    address: str = option("", "Where Vault is, such as `https://vault.example.com:8200`.", form=ADDRESS)
    app_role_id: str = option("", "Sign in with this AppRole; its RoleID.")
    app_role_mount: str = option("approle", "Where AppRole is mounted below `auth/`.")
    app_role_secret_id: str = option("", "The SecretID that belongs to it.", secret=True)
    ca_certificate: str = option(
        "", "Path of the certificates (PEM) that Vault's is checked with; empty trusts the usual authorities."
    )
    kubernetes_mount: str = option("kubernetes", "Where Kubernetes is mounted below `auth/`.")
    kubernetes_role: str = option("", "Sign in as the service account of this pod, in this role.")
    kubernetes_token_file: str = option(
        "/var/run/secrets/kubernetes.io/serviceaccount/token", "Path of the service account's token."
    )
    kv_version: int = option(2, "Version of the KV engine that holds the secrets.", at_least=1, at_most=2)
    mount: str = option("secret", "Where that engine is mounted.")
    namespace: str = option("", "Namespace in Vault, where it has any.")
    paths: tuple[str, ...] = option(
        ("homechart",), "The secrets to read, below the mount; a later one wins over an earlier one."
    )
    timeout_seconds: int = option(10, "Seconds that an answer of Vault may take.", at_least=1)
    token: str = option("", "Sign in with this token.", secret=True)
    token_file: str = option("", "Sign in with the token in this file, such as one that an agent keeps.")


@dataclass(frozen=True, slots=True)
class WebPush:
    """Notifications in browsers. Without keys given, the server makes its own and keeps them in the database."""

    vapid_private_key: str = option(
        "",
        "Private key that identifies this server to push services; `generate-vapid` prints one. With another key,"
        " every device has to subscribe anew.",
        secret=True,
        form=VAPID_PRIVATE_KEY,
    )
    vapid_public_key: str = option("", "The public key that belongs to it.", form=VAPID_PUBLIC_KEY)


@dataclass(frozen=True, slots=True)
class Sections:
    """Every section, with its defaults."""

    app: App = App()
    cli: Cli = Cli()
    oidc: Oidc = Oidc()
    postgresql: Postgresql = Postgresql()
    smtp: Smtp = Smtp()
    tracing: Tracing = Tracing()
    vault: Vault = Vault()
    web_push: WebPush = WebPush()


SECTIONS: dict[str, type] = {
    section.name: get_type_hints(Sections)[section.name] for section in fields(Sections)
}

#: Every option by its case-insensitive name, in the order of the reference.
OPTIONS: dict[str, Option] = {
    declared.name: declared for name, section in SECTIONS.items() for declared in options_of(name, section)
}

#: The attribute of a section that holds things with names of their own, and what they are.
THINGS: dict[str, tuple[str, type]] = {"oidc": ("providers", OidcProvider)}

#: Options that mean nothing without one another.
TOGETHER = (
    ("app.tlsCertificate", "app.tlsKey"),
    ("oidc.googleClientID", "oidc.googleClientSecret"),
    ("smtp.hostname", "smtp.fromAddress"),
    ("vault.appRoleID", "vault.appRoleSecretID"),
    ("webPush.vapidPrivateKey", "webPush.vapidPublicKey"),
)

#: Options that say the same in two ways, of which one is enough.
APART = (("oidc.googleClientID", "oidc.google.clientID"),)
