-- People, the households they form, and the sessions they act through. An account and a household own themselves,
-- so they take part in sync like everything else.

CREATE TABLE auth_household (
    id                         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id                   uuid NOT NULL GENERATED ALWAYS AS (id) STORED,
    name                       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 1000),
    preferences                jsonb NOT NULL DEFAULT '{}',
    feature_votes              jsonb NOT NULL DEFAULT '[]',
    backup_encryption_key      text NOT NULL DEFAULT '',
    demo                       boolean NOT NULL DEFAULT false,
    self_hosted_id             uuid UNIQUE,
    self_hosted_url            text NOT NULL DEFAULT '' CHECK (char_length(self_hosted_url) <= 200),
    subscription_referral_code text NOT NULL UNIQUE CHECK (subscription_referral_code <> ''),
    subscription_referrer_code text NOT NULL DEFAULT '',
    created                    timestamptz NOT NULL DEFAULT now(),
    updated                    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT auth_household_subscription_referrer_code_check CHECK (subscription_referrer_code <> subscription_referral_code)
);
CALL track('auth_household');

CREATE TABLE auth_account (
    id                         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id                   uuid NOT NULL GENERATED ALWAYS AS (id) STORED,
    email_address              text NOT NULL UNIQUE CHECK (char_length(email_address) BETWEEN 1 AND 320),
    name                       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    child                      boolean NOT NULL DEFAULT false,
    password_hash              text NOT NULL DEFAULT '' CHECK (char_length(password_hash) <= 200),
    password_reset_token       bytea,
    password_reset_expires     timestamptz,
    verification_token         bytea,
    verified                   boolean NOT NULL DEFAULT false,
    tos_accepted               boolean NOT NULL DEFAULT false,
    setup                      boolean NOT NULL DEFAULT false,
    totp_secret                text NOT NULL DEFAULT '' CHECK (char_length(totp_secret) <= 50),
    totp_backup                text NOT NULL DEFAULT '' CHECK (char_length(totp_backup) <= 50),
    totp_step                  bigint NOT NULL DEFAULT 0,
    oidc_id                    text NOT NULL DEFAULT '' CHECK (char_length(oidc_id) <= 200),
    oidc_provider_type         smallint NOT NULL DEFAULT 0 CHECK (oidc_provider_type BETWEEN 0 AND 3),
    primary_auth_household_id  uuid,
    preferences                jsonb NOT NULL DEFAULT '{}',
    iso_639_code               text NOT NULL DEFAULT 'en' CHECK (char_length(iso_639_code) <= 100),
    time_zone                  text NOT NULL DEFAULT 'UTC' CHECK (char_length(time_zone) BETWEEN 1 AND 100),
    daily_agenda_time          time NOT NULL DEFAULT '00:00',
    daily_agenda_next          timestamptz,
    daily_agenda_notified      boolean NOT NULL DEFAULT false,
    collapsed_notes_pages      text[] NOT NULL DEFAULT '{}',
    collapsed_plan_projects    text[] NOT NULL DEFAULT '{}',
    collapsed_plan_tasks       text[] NOT NULL DEFAULT '{}',
    hide_calendar_icalendars   text[] NOT NULL DEFAULT '{}',
    icalendar_id               uuid UNIQUE,
    public_key                 text NOT NULL DEFAULT '',
    private_keys               jsonb NOT NULL DEFAULT '[]',
    subscription_referrer_code text NOT NULL DEFAULT '',
    last_activity              timestamptz NOT NULL DEFAULT now(),
    created                    timestamptz NOT NULL DEFAULT now(),
    updated                    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN auth_account.password_reset_token IS 'SHA-256 of the mailed token';
COMMENT ON COLUMN auth_account.verification_token IS 'SHA-256 of the mailed token';
COMMENT ON COLUMN auth_account.totp_step IS 'the newest 30-second step whose code was used; older codes are refused';
CREATE INDEX auth_account_primary ON auth_account (primary_auth_household_id) WHERE primary_auth_household_id IS NOT NULL;
CREATE INDEX auth_account_agenda ON auth_account (daily_agenda_next) WHERE daily_agenda_next IS NOT NULL;
CALL track('auth_account', 'password_hash', 'password_reset_token', 'password_reset_expires', 'verification_token',
    'totp_step', 'daily_agenda_notified', 'oidc_id');

-- A membership, or an invitation that waits for its account. `color` and `permissions` are what the household grants.
CREATE TABLE auth_account_auth_household (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    color             smallint NOT NULL DEFAULT 0 CHECK (color BETWEEN 0 AND 13),
    email_address     text NOT NULL DEFAULT '',
    invite_token      text NOT NULL DEFAULT '',
    permissions       jsonb NOT NULL DEFAULT '{}',
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (auth_account_id, auth_household_id),
    CHECK (auth_account_id IS NOT NULL OR email_address <> '')
);
CREATE INDEX auth_account_auth_household_household ON auth_account_auth_household (auth_household_id);
CREATE UNIQUE INDEX auth_account_auth_household_invite ON auth_account_auth_household (invite_token) WHERE invite_token <> '';
CREATE UNIQUE INDEX auth_account_auth_household_email ON auth_account_auth_household (auth_household_id, email_address)
    WHERE email_address <> '';

-- The household an account means when it names none; leaving that household clears it.
ALTER TABLE auth_account ADD CONSTRAINT auth_account_primary_auth_household_id_fkey
    FOREIGN KEY (id, primary_auth_household_id) REFERENCES auth_account_auth_household (auth_account_id, auth_household_id)
    ON DELETE SET NULL (primary_auth_household_id);

CREATE TABLE auth_session (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id        uuid NOT NULL REFERENCES auth_account ON DELETE CASCADE,
    key_hash               bytea NOT NULL UNIQUE,
    admin                  boolean NOT NULL DEFAULT false,
    name                   text NOT NULL DEFAULT '' CHECK (char_length(name) <= 200),
    user_agent             text NOT NULL DEFAULT '',
    permissions_account    jsonb NOT NULL DEFAULT '{}',
    permissions_households jsonb NOT NULL DEFAULT '[]',
    web_push               jsonb,
    access                 bigint NOT NULL DEFAULT 0,
    created                timestamptz NOT NULL DEFAULT now(),
    expires                timestamptz NOT NULL
);
COMMENT ON COLUMN auth_session.key_hash IS 'SHA-256 of the session key, which is shown once';
COMMENT ON COLUMN auth_session.access IS 'counts up whenever what the session may do changes, so that a process can keep it in memory';
CREATE INDEX auth_session_account ON auth_session (auth_account_id);
CREATE INDEX auth_session_expires ON auth_session (expires);
