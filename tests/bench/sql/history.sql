-- A million finished jobs of 200,000 deploys.
INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, deadline_at, started_at,
                        finished_at, ended_jobs)
SELECT bench_id(now() - interval '1 day', i), b.id, b.user_id, 'deploy', 'succeeded', 'forward',
    now() - interval '1 day', now(), now() - interval '1 day', now() - interval '1 day',
    (SELECT string_agg(CAST(json_build_array(gen_random_uuid(), step, 'succeeded', 0, 0, at, at, at, '')
                            AS text) || E'\n', '')
     FROM unnest(ARRAY['provision_server', 'install_dependencies', 'deploy_openclaw',
                            'configure_bot', 'start_bot']) AS step)
FROM generate_series(1, 200000) AS i
JOIN bots b ON b.id = CAST(lpad(to_hex(1 + i % 4000), 32, '0') AS uuid),
    to_microseconds(now() - interval '1 day') AS at;
VACUUM ANALYZE operations;
CHECKPOINT;
