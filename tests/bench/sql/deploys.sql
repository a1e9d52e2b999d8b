-- Deploys to be made: chains of five jobs, whose transitions write job, next job, bot and events.
-- Variables: deploys.
BEGIN;
INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, deadline_at)
SELECT bench_id(now(), i), b.id, b.user_id, 'deploy', 'pending', 'forward', now(),
    now() + interval '1 hour'
FROM generate_series(1, :deploys) AS i
JOIN bots b ON b.id = CAST(lpad(to_hex(i), 32, '0') AS uuid);
INSERT INTO jobs (id, operation_id, bot_id, user_id, turn, step, state, in_line, run_at, queue_at,
                  created_at)
SELECT id, id, bot_id, user_id, '-infinity',
    'provision_server', 'available', true, now(), now(), now()
FROM operations WHERE created_at = now();
COMMIT;
VACUUM ANALYZE operations;
VACUUM ANALYZE jobs;
CHECKPOINT;
