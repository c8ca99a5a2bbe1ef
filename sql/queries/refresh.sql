-- Reading the calendars of others again, each an hour after it was read last (contract §8.5).

-- name: claim
-- One calendar that it is time to read, for the caller alone until the lease is over; or one that waits until its server
-- is to be asked again.
WITH due AS MATERIALIZED (
    SELECT c.id, h.not_before FROM calendar_icalendar c
    LEFT JOIN calendar_host h ON h.host = host_of(c.url) AND h.not_before > now()
    WHERE c.url <> '' AND c.refresh_next <= now()
    ORDER BY c.refresh_next LIMIT 1
    FOR NO KEY UPDATE OF c SKIP LOCKED
)
UPDATE calendar_icalendar c
SET refresh_next = coalesce(due.not_before, now() + make_interval(secs => %(lease)s::float8))
FROM due WHERE c.id = due.id
RETURNING c.id::text, c.url, host_of(c.url), due.not_before IS NULL;

-- name: succeeded
-- A calendar was read, and its server answers; unless it is to be read somewhere else by now.
WITH answers AS (
    DELETE FROM calendar_host WHERE host = host_of(%(url)s::text)
)
UPDATE calendar_icalendar SET failures = 0, refresh_next = now() + interval '1 hour'
WHERE id = %(id)s::uuid AND url = %(url)s::text;

-- name: failed
-- A calendar could not be read though its server answered: it waits an hour, then two, at last a day.
UPDATE calendar_icalendar SET failures = least(failures + 1, 100),
    refresh_next = now() + least(interval '1 hour' * 2 ^ least(failures, 5), interval '1 day')
WHERE id = %(id)s::uuid AND url = %(url)s::text;

-- name: server_failed
-- A server does not answer: all its calendars wait an hour, then two, at last a day, or as long as it asked for. Who asked
-- it at the same time does not count.
WITH server AS (
    INSERT INTO calendar_host AS h (host, failures, not_before)
    VALUES (host_of(%(url)s::text), 1, now() + greatest(interval '1 hour', make_interval(secs => %(patience)s::float8)))
    ON CONFLICT (host) DO UPDATE SET
        failures = CASE WHEN h.not_before > now() THEN h.failures ELSE least(h.failures + 1, 100) END,
        not_before = greatest(h.not_before, now() + make_interval(secs => %(patience)s::float8), CASE
            WHEN h.not_before <= now() THEN now() + least(interval '1 hour' * 2 ^ least(h.failures, 5), interval '1 day')
        END)
    RETURNING not_before
)
UPDATE calendar_icalendar SET refresh_next = server.not_before FROM server
WHERE id = %(id)s::uuid AND url = %(url)s::text;
