-- Chats to be had: one job each, which touches job and operation only. Variables: jobs.
BEGIN;
INSERT INTO operations (id, bot_id, user_id, kind, state, phase, payload, created_at, deadline_at)
SELECT bench_id(now(), i), b.id, b.user_id, 'chat', 'pending', 'forward',
    '{"message": "Hello"}', now(), now() + interval '1 hour'
FROM generate_series(1, :jobs) AS i
JOIN bots b ON b.id = CAST(lpad(to_hex(1 + i % 4000), 32, '0') AS uuid);
INSERT INTO jobs (id, operation_id, bot_id, user_id, turn, step, state, in_line, run_at, queue_at,
                  created_at)
SELECT id, id, bot_id, user_id, created_at + row_number() OVER (ORDER BY id) * interval '1 microsecond',
    'chat_turn', 'available', true, now(), now(), now()
FROM operations WHERE created_at = now();
COMMIT;
VACUUM ANALYZE operations;
VACUUM ANALYZE jobs;
