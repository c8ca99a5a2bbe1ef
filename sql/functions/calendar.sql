-- Whose server an address is at, without the name and the password that may stand before it.
CREATE OR REPLACE FUNCTION host_of(url text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(substring(url FROM '://(?:[^/?#]*@)?([^/?#]*)'))
$$;
