-- The ground every owned table stands on: which version an owner's data is at, what changed in each version,
-- lists that are already rendered, and the epoch that tells a restored database from the one it was copied from.

-- One row, so that a cursor handed out by another database is recognised (see sync_epoch_renew).
CREATE TABLE sync_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    uuid NOT NULL DEFAULT gen_random_uuid(),
    server   text NOT NULL DEFAULT ''
);
INSERT INTO sync_epoch DEFAULT VALUES;

-- The counter of an account or a household. A write holds its row lock until commit, hence versions of one owner
-- become visible in order and without gaps: a snapshot that sees version v sees every change up to v.
-- Its own narrow table, half filled, so that bumping it stays a heap-only update.
CREATE TABLE sync_version (
    owner_id uuid PRIMARY KEY,
    version  bigint NOT NULL,
    purged   bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON COLUMN sync_version.purged IS 'older entries may be gone: a cursor behind this reads everything';

-- The newest change of every object, deletions included.
CREATE TABLE sync_change (
    owner_id   uuid NOT NULL,
    table_name text NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    operation  smallint NOT NULL CHECK (operation BETWEEN 0 AND 2),
    changed    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, table_name, id)
);
CREATE INDEX sync_change_version ON sync_change (owner_id, table_name, version);
COMMENT ON COLUMN sync_change.operation IS '0 create, 1 delete, 2 update';

-- Lists as they go over the wire, at the version they were rendered at. Unlogged: losing it costs one rendering.
CREATE UNLOGGED TABLE cache (
    owner_id   uuid NOT NULL,
    table_name text NOT NULL,
    kind       text NOT NULL,
    version    bigint NOT NULL,
    value      text NOT NULL,
    rendered   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, table_name, kind)
);
COMMENT ON COLUMN cache.kind IS 'rows and the fingerprint of how they are rendered, or index';
-- Compressing would cost more than reading the bytes.
ALTER TABLE cache ALTER COLUMN value SET STORAGE EXTERNAL;
