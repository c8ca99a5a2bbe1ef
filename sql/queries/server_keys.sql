-- Keys that the server made for itself.

-- name: read
-- A key pair, if there is one.
SELECT private_key, public_key FROM server_key WHERE name = %(name)s::text;

-- name: keep
-- A new key pair; the first one stays, however many processes start at once.
INSERT INTO server_key (name, private_key, public_key)
VALUES (%(name)s::text, %(private_key)s::text, %(public_key)s::text)
ON CONFLICT DO NOTHING;
