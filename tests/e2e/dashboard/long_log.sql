-- A bot with 100,000 lines, of which one in a thousand has a needle; the first is the very first.
INSERT INTO users (id, email, role, created_at)
VALUES ('019a0000-0000-7000-8000-00000000c4a6', 'chatty@example.org', 'user', now());
INSERT INTO bots (id, public_id, user_id, name, model, provider, telegram_mode, telegram_username,
                  status, last_event_seq, created_at, updated_at)
VALUES ('019a0000-0000-7000-8000-00000000c4a7', 'chatty', '019a0000-0000-7000-8000-00000000c4a6',
        'Chatty bot', 'sandbox/sandbox-1', 'hetzner', 'webhook', 'chatty_bot', 'pending', 100000,
        now(), now());
INSERT INTO events (bot_id, seq, at, type, level, step, stream, message)
SELECT '019a0000-0000-7000-8000-00000000c4a7', n, now() - make_interval(secs => (100000 - n) / 50.0),
       'log', 'info', 'start_bot', 'stdout',
       'line ' || n || ' of what a busy assistant says to itself'
           || CASE WHEN n % 1000 = 1 THEN ', a needle' ELSE '' END
FROM generate_series(1, 100000) AS n;
