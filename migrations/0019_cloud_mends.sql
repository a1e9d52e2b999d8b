-- What proves that a provider's project is ours, and what servers cost where prices have many
-- decimals or are not known.

-- One row a provider: what was last seen in the project that had all servers of this installation.
CREATE TABLE cloud_projects (
    provider text PRIMARY KEY,
    -- The id of the installation's firewall there.
    mark text NOT NULL CHECK (mark <> ''),
    marked_at timestamptz NOT NULL
);

-- A price as providers print it; nothing when the text is none.
CREATE FUNCTION known_price(price text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN price ~ '^[0-9]{1,12}([.][0-9]{1,40})?([eE][-+]?[0-9]{1,2})?$'
        THEN CAST(price AS numeric) END
$$;
CREATE OR REPLACE FUNCTION price_or_zero(price text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(known_price(price), 0)
$$;

-- When the provider was first asked for the machine that it may have made; unset before.
ALTER TABLE servers ADD COLUMN create_begun_at timestamptz;

-- Unset is not known; of the month: there is no such bound either.
ALTER TABLE server_costs
    ALTER COLUMN hourly DROP NOT NULL,
    ALTER COLUMN monthly DROP NOT NULL;

CREATE OR REPLACE FUNCTION keep_server_costs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO server_costs (server_id, bot_id, user_id, provider, region, type, hourly, monthly,
                              currency, begun_at, ended_at)
    VALUES (NEW.id, NEW.bot_id,
            coalesce(NEW.made_by, (SELECT b.user_id FROM bots b WHERE b.id = NEW.bot_id)),
            NEW.provider, NEW.region, NEW.type, known_price(NEW.price_hourly),
            known_price(NEW.price_monthly), NEW.price_currency,
            coalesce(NEW.create_begun_at, NEW.created_at),
            CASE WHEN NEW.state = 'deleted' THEN NEW.deleted_at END)
    ON CONFLICT (server_id) DO UPDATE SET
        provider = excluded.provider, region = excluded.region, type = excluded.type,
        hourly = excluded.hourly, monthly = excluded.monthly, currency = excluded.currency,
        ended_at = excluded.ended_at;
    RETURN NULL;
END
$$;

UPDATE server_costs c
SET hourly = known_price(s.price_hourly), monthly = known_price(s.price_monthly)
FROM servers s WHERE s.id = c.server_id;
-- Of rows whose server is forgotten, zero was all that was known.
UPDATE server_costs c
SET hourly = nullif(hourly, 0), monthly = nullif(monthly, 0)
WHERE NOT EXISTS (SELECT 1 FROM servers s WHERE s.id = c.server_id);

ALTER TABLE alarms
    DROP CONSTRAINT alarms_kind_check,
    ADD CONSTRAINT alarms_kind_check
        CHECK (kind IN ('queue_deep', 'pool_at_maximum', 'oldest_job', 'no_worker',
                        'long_transaction', 'unpaid_bots_kept', 'server_vanished', 'strays_kept',
                        'cloud_quota', 'cost_ceiling', 'provider_missing'));
