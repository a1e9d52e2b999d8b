-- What the sweeps of provider projects found, what is to be told of it, and what servers cost.

-- One row a provider. Unlogged: the next sweep writes it anew.
CREATE UNLOGGED TABLE cloud_sweeps (
    provider text PRIMARY KEY,
    -- What the last sweep found; see engine/sweep_report.hpp.
    report json NOT NULL,
    swept_at timestamptz NOT NULL
);
-- One row: when somebody last asked for a sweep.
CREATE UNLOGGED TABLE cloud_sweep_wishes (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    asked_at timestamptz NOT NULL
);

-- What each server costs, from when it may have existed to when it was proven gone. A row is opened
-- and closed by the change of the server's row itself, so that no write can forget it. It outlives
-- bot and user.
CREATE TABLE server_costs (
    server_id uuid PRIMARY KEY,
    bot_id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL,
    region text NOT NULL,
    type text NOT NULL,
    -- Zero when the provider did not say.
    hourly numeric NOT NULL,
    -- What a whole month costs at most; zero: there is no such bound.
    monthly numeric NOT NULL,
    currency text NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX server_costs_bot_id_idx ON server_costs (bot_id);
CREATE INDEX server_costs_user_id_idx ON server_costs (user_id);
CREATE INDEX server_costs_ended_at_idx ON server_costs (ended_at);

CREATE FUNCTION price_or_zero(price text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN price ~ '^[0-9]{1,12}([.][0-9]{1,12})?$' THEN CAST(price AS numeric) ELSE 0 END
$$;

CREATE FUNCTION keep_server_costs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO server_costs (server_id, bot_id, user_id, provider, region, type, hourly, monthly,
                              currency, begun_at, ended_at)
    SELECT NEW.id, NEW.bot_id, b.user_id, NEW.provider, NEW.region, NEW.type,
           price_or_zero(NEW.price_hourly), price_or_zero(NEW.price_monthly), NEW.price_currency,
           NEW.created_at, CASE WHEN NEW.state = 'deleted' THEN NEW.deleted_at END
    FROM bots b WHERE b.id = NEW.bot_id
    ON CONFLICT (server_id) DO UPDATE SET
        provider = excluded.provider, region = excluded.region, type = excluded.type,
        hourly = excluded.hourly, monthly = excluded.monthly, currency = excluded.currency,
        ended_at = excluded.ended_at;
    RETURN NULL;
END
$$;
-- Only what a provider has made costs anything.
CREATE TRIGGER servers_keep_costs
    AFTER INSERT OR UPDATE OF state, provider_server_id, price_hourly, price_monthly, deleted_at
    ON servers FOR EACH ROW WHEN (NEW.provider_server_id <> '')
    EXECUTE FUNCTION keep_server_costs();
INSERT INTO server_costs (server_id, bot_id, user_id, provider, region, type, hourly, monthly,
                          currency, begun_at, ended_at)
SELECT s.id, s.bot_id, b.user_id, s.provider, s.region, s.type, price_or_zero(s.price_hourly),
       price_or_zero(s.price_monthly), s.price_currency, s.created_at, s.deleted_at
FROM servers s JOIN bots b ON b.id = s.bot_id WHERE s.provider_server_id <> '';

ALTER TABLE alarms
    DROP CONSTRAINT alarms_kind_check,
    ADD CONSTRAINT alarms_kind_check
        CHECK (kind IN ('queue_deep', 'pool_at_maximum', 'oldest_job', 'no_worker',
                        'long_transaction', 'unpaid_bots_kept', 'server_vanished', 'strays_kept',
                        'cloud_quota', 'cost_ceiling'));
