-- The same deploys, with their first jobs leased already: what pgbench's transitions begin with. The
-- ids follow from the number, so that its scripts can compute them. Variables: deploys.
BEGIN;
INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, deadline_at)
SELECT CAST(lpad(to_hex(8 * i), 32, '0') AS uuid), b.id, b.user_id, 'deploy', 'pending', 'forward',
    now(), now() + interval '1 hour'
FROM generate_series(1, :deploys) AS i
JOIN bots b ON b.id = CAST(lpad(to_hex(i), 32, '0') AS uuid);
INSERT INTO jobs (id, operation_id, bot_id, user_id, turn, step, state, claimed_from, in_line, run_at,
                  queue_at, lease_token, lease_until, worker_id, created_at, started_at, begun_at)
SELECT id, id, bot_id, user_id, '-infinity', 'provision_server', 'running', 'available', true, now(),
    now(), id, now() + interval '1 hour', 'pgbench', now(), now(), now()
FROM operations WHERE created_at = now();
COMMIT;
VACUUM ANALYZE operations;
VACUUM ANALYZE jobs;
CHECKPOINT;
