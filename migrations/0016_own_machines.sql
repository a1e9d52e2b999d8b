-- Machines that the operator has already, and servers that belong to no bot.

-- Where a server's SSH answers; 0: at the port of all servers.
ALTER TABLE servers ADD COLUMN ssh_port integer NOT NULL DEFAULT 0;

-- Which of the operator's machines are lent out. preparing ──► in_use ──► wiping; preparing may go to
-- wiping at once. The row goes when the machine is proven clean, and a machine without one is free.
CREATE TABLE machine_allocations (
    -- Grows with every allocation of a machine: the machine itself remembers the last one that it
    -- was held by, and refuses what comes late.
    number bigint PRIMARY KEY,
    state text NOT NULL,
    -- NULL when the preparation was given up.
    name text UNIQUE,
    labels json NOT NULL,
    authorized_key text NOT NULL,
    machine text NOT NULL UNIQUE,
    host text NOT NULL,
    port integer NOT NULL,
    host_key text NOT NULL,
    region text NOT NULL,
    type text NOT NULL,
    price_monthly text NOT NULL,
    price_hourly text NOT NULL,
    price_currency text NOT NULL,
    created_at timestamptz NOT NULL,
    -- How often its preparation or wipe was begun, when the next try may begin, and why the last one
    -- failed.
    tries bigint NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    trouble text NOT NULL DEFAULT '',
    CONSTRAINT machine_allocations_state_check CHECK (state IN ('preparing', 'in_use', 'wiping')),
    CONSTRAINT machine_allocations_one_a_machine UNIQUE (host, port)
);

-- A server by hand has no bot, but somebody who asked for it.
ALTER TABLE servers
    ALTER COLUMN bot_id DROP NOT NULL,
    ALTER COLUMN deployment_id DROP NOT NULL,
    ADD COLUMN made_by uuid,
    ADD CONSTRAINT servers_of_somebody
        CHECK ((bot_id IS NULL) = (deployment_id IS NULL)
               AND (bot_id IS NULL) = (made_by IS NOT NULL));
CREATE INDEX servers_by_hand_idx ON servers (id) WHERE bot_id IS NULL AND state <> 'deleted';

ALTER TABLE server_costs ALTER COLUMN bot_id DROP NOT NULL;
CREATE OR REPLACE FUNCTION keep_server_costs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO server_costs (server_id, bot_id, user_id, provider, region, type, hourly, monthly,
                              currency, begun_at, ended_at)
    VALUES (NEW.id, NEW.bot_id,
            coalesce(NEW.made_by, (SELECT b.user_id FROM bots b WHERE b.id = NEW.bot_id)),
            NEW.provider, NEW.region, NEW.type, price_or_zero(NEW.price_hourly),
            price_or_zero(NEW.price_monthly), NEW.price_currency, NEW.created_at,
            CASE WHEN NEW.state = 'deleted' THEN NEW.deleted_at END)
    ON CONFLICT (server_id) DO UPDATE SET
        provider = excluded.provider, region = excluded.region, type = excluded.type,
        hourly = excluded.hourly, monthly = excluded.monthly, currency = excluded.currency,
        ended_at = excluded.ended_at;
    RETURN NULL;
END
$$;
