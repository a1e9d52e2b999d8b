-- A million finished jobs of 200,000 deploys.
INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, deadline_at,
                        finished_at)
SELECT bench_id(now() - interval '1 day', i), b.id, b.user_id, 'deploy', 'succeeded', 'forward',
    now() - interval '1 day', now(), now() - interval '1 day'
FROM generate_series(1, 200000) AS i
JOIN bots b ON b.id = CAST(lpad(to_hex(1 + i % 4000), 32, '0') AS uuid);
INSERT INTO jobs (id, operation_id, bot_id, user_id, step, state, run_at, queue_at, created_at,
                  started_at, finished_at)
SELECT bench_id(now() - interval '1 day', row_number() OVER ()), o.id, bot_id, user_id,
    (ARRAY['provision_server', 'install_dependencies', 'deploy_openclaw', 'configure_bot',
           'start_bot'])[n],
    'succeeded', created_at, created_at, created_at, created_at, finished_at
FROM operations o, generate_series(1, 5) AS n;
VACUUM ANALYZE operations;
VACUUM ANALYZE jobs;
CHECKPOINT;
