-- What the API reads: users with a token each, their bots, each with a server and a deploy that has
-- ended. Variables: users, bots (of each user). The token of user i is `hat_bench` and i.
CREATE FUNCTION bench_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT CAST('01890000-0000-7' || lpad(kind, 3, '0') || '-8000-' || lpad(to_hex(number), 12, '0')
                AS uuid)
$$;
INSERT INTO users (id, email, role, created_at, name)
SELECT bench_id('1', i), 'bench' || i || '@example.com', 'user', now(), 'Bench ' || i
FROM generate_series(1, :users) AS i;
INSERT INTO api_tokens (id, user_id, name, token_hash, scopes, created_at, expires_at)
SELECT bench_id('2', i), bench_id('1', i), 'bench',
    encode(sha256(CAST('hat_bench' || i AS bytea)), 'hex'), '{bots:read,bots:write,deploy}', now(),
    now() + interval '90 days'
FROM generate_series(1, :users) AS i;
INSERT INTO bots (id, public_id, user_id, name, telegram_bot_id, telegram_username, model, provider,
                  region, server_type, telegram_mode, allowed_telegram_user_ids, status, created_at,
                  updated_at)
SELECT bench_id('3', i), 'bench' || i, bench_id('1', 1 + (i - 1) / :bots), 'Bot ' || i,
    700000000 + i, 'bench_' || i || '_bot', 'anthropic/claude-opus-4-5', 'hetzner', 'fsn1', 'cx23',
    'webhook', ARRAY[4711, 4712], 'active', now(), now()
FROM generate_series(1, :users * :bots) AS i;
INSERT INTO deployments (id, bot_id, created_at)
SELECT bench_id('4', i), bench_id('3', i), now() FROM generate_series(1, :users * :bots) AS i;
INSERT INTO servers (id, bot_id, deployment_id, provider, region, type, image, name, state,
                     provider_server_id, public_ip, host_key, client_public_key, price_monthly,
                     price_hourly, price_currency, created_at)
SELECT bench_id('5', i), bench_id('3', i), bench_id('4', i), 'hetzner', 'fsn1', 'cx23', 'debian-12',
    'hatchery-bench-' || i, 'ready', CAST(4000000 + i AS text), '203.0.113.' || i % 250,
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbenchbenchbenchbenchbenchbenchbenchbenchbe',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbenchbenchbenchbenchbenchbenchbenchbenchbe',
    '4.1500000000', '0.0066000000', 'EUR', now()
FROM generate_series(1, :users * :bots) AS i;
INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, deadline_at, started_at,
                        finished_at, ended_jobs)
SELECT bench_id('6', i), bench_id('3', i), bench_id('1', 1 + (i - 1) / :bots), 'deploy',
    'succeeded', 'forward', now(), now() + interval '30 minutes', now() + interval '10 seconds',
    now() + interval '60 seconds',
    (SELECT string_agg(CAST(json_build_array(bench_id('7', i * 8 + place), step, 'succeeded', 0, 0,
                to_microseconds(now() + place * interval '10 seconds'),
                to_microseconds(now() + place * interval '10 seconds'),
                to_microseconds(now() + (place + 1) * interval '10 seconds'),
                'done in good time') AS text) || E'\n', '' ORDER BY place)
     FROM unnest(ARRAY['provision_server', 'install_dependencies', 'deploy_openclaw',
                       'configure_bot', 'start_bot']) WITH ORDINALITY AS chain (step, place))
FROM generate_series(1, :users * :bots) AS i;
VACUUM ANALYZE;
CHECKPOINT;
