-- The bare SQL of one transition, written for speed: job done, bot numbered, two events, next job
-- leased to the same worker. %(operation)s, %(job)s and %(next)s are expressions for ids, %(step)s and
-- %(next_step)s names; :now and :until are parameters.
WITH held AS (
    UPDATE jobs SET id = %(next)s, step = '%(next_step)s', message = '', failures = 0,
        rescues = 0, progress = '{}', lease_token = %(next)s,
        lease_until = CAST(:until AS timestamptz), created_at = CAST(:now AS timestamptz),
        started_at = CAST(:now AS timestamptz),
        ended_jobs = ended_jobs || CAST(json_build_array(
            %(job)s, '%(step)s', 'succeeded', 0, 0, 1700000000000000, 1700000000000000,
            1700000000000000, '') AS text) || E'\n'
    WHERE operation_id = %(operation)s AND lease_token = %(job)s
    RETURNING operation_id, bot_id
), numbered AS (
    UPDATE bots SET last_event_seq = last_event_seq + 2 FROM held WHERE id = held.bot_id
    RETURNING id, last_event_seq
), told AS (
    INSERT INTO events (bot_id, seq, operation_id, at, type, level, step, stream, message, data)
    SELECT id, last_event_seq - 2 + n, operation_id, CAST(:now AS timestamptz), 'step', 'info',
        step, 'engine', text, data
    FROM numbered, held, (VALUES
        (1, '%(step)s', '',
         CAST('{"step":"%(step)s","state":"succeeded","attempt":1}' AS json)),
        (2, '%(next_step)s', '%(next_step)s begins',
         CAST('{"step":"%(next_step)s","state":"running","attempt":1}' AS json)))
        AS e (n, step, text, data)
)
SELECT bot_id FROM held;
