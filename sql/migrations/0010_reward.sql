-- Cards to collect stamps on. Who sees one is said by the accounts that it names (see models/reward_card.py).

CREATE TABLE reward_card (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    details           text NOT NULL DEFAULT '' CHECK (char_length(details) <= 10000),
    reward            text NOT NULL DEFAULT '' CHECK (char_length(reward) <= 10000),
    invert            boolean NOT NULL DEFAULT false,
    stamp_count       integer NOT NULL DEFAULT 0 CHECK (stamp_count >= 0),
    stamp_goal        integer NOT NULL DEFAULT 0 CHECK (stamp_goal >= 0),
    senders           text[] NOT NULL DEFAULT '{}',
    recipients        text[] NOT NULL DEFAULT '{}',
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reward_card_stamps CHECK (stamp_count <= stamp_goal)
);
CREATE INDEX reward_card_owner_id ON reward_card (owner_id);
CALL track('reward_card');
