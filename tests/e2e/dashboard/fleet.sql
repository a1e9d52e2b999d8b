-- 200 customers with 1,000 bots between them, in three states and three places.
INSERT INTO users (id, email, name, role, created_at)
SELECT gen_random_uuid(), 'customer' || n || '@example.org', 'Customer ' || n, 'user',
       now() - make_interval(hours => n)
FROM generate_series(1, 200) AS n;
INSERT INTO bots (id, public_id, user_id, name, model, provider, region, telegram_mode,
                  telegram_bot_id, telegram_username, status, status_reason, created_at, updated_at)
SELECT gen_random_uuid(), 'fleet' || n, u.id, 'Bot ' || n, 'sandbox/sandbox-1', 'hetzner',
       (ARRAY['fsn1', 'nbg1', 'hel1'])[n % 3 + 1], 'webhook', 900000 + n, 'fleet_' || n || '_bot',
       (ARRAY['active', 'stopped', 'failed'])[n / 3 % 3 + 1], 'as a test wants it',
       now() - make_interval(hours => n), now()
FROM generate_series(1, 1000) AS n
JOIN users AS u ON u.email = 'customer' || n % 200 + 1 || '@example.org';
