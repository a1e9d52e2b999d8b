-- Owners and bots that jobs belong to. Variables: bots.
INSERT INTO users (id, email, role, created_at)
SELECT CAST(lpad(to_hex(i), 32, '0') AS uuid), 'bench' || i || '@example.com', 'user', now()
FROM generate_series(1, 100) AS i;
INSERT INTO bots (id, public_id, user_id, name, model, provider, telegram_mode, status, created_at,
                  updated_at)
SELECT CAST(lpad(to_hex(i), 32, '0') AS uuid), 'bench' || i,
    CAST(lpad(to_hex(1 + i % 100), 32, '0') AS uuid), 'Bench', 'sandbox/sandbox-1', 'hetzner',
    'webhook', 'active', now(), now()
FROM generate_series(1, :bots) AS i;
-- A bot that can be chatted with has a deployment.
INSERT INTO deployments (id, bot_id, created_at) SELECT id, id, now() FROM bots;
-- An id that is ordered by time and then by number, as the program's own are.
CREATE FUNCTION bench_id(at timestamptz, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT CAST(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0')
                || lpad(to_hex(number), 20, '0') AS uuid)
$$;
