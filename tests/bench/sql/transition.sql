-- The bare SQL of one transition, written for speed: job done, bot numbered, two events, next job
-- leased to the same worker. %(job)s and %(next)s are expressions for ids, %(step)s and
-- %(next_step)s names; :now and :until are parameters.
WITH held AS (
    UPDATE jobs SET state = 'succeeded', message = '', failures = 0, progress = '{}',
        lease_token = NULL, lease_until = NULL, claimed_from = NULL,
        finished_at = CAST(:now AS timestamptz)
    WHERE id = %(job)s AND lease_token = %(job)s
    RETURNING operation_id, bot_id, user_id, priority, worker_id
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
), added AS (
    INSERT INTO jobs (id, operation_id, bot_id, user_id, step, state, claimed_from, priority,
                      run_at, queue_at, lease_token, lease_until, worker_id, created_at,
                      started_at)
    SELECT %(next)s, operation_id, bot_id, user_id, '%(next_step)s', 'running', 'available',
        priority, CAST(:now AS timestamptz), CAST(:now AS timestamptz), %(next)s,
        CAST(:until AS timestamptz), worker_id, CAST(:now AS timestamptz),
        CAST(:now AS timestamptz)
    FROM held
)
SELECT bot_id FROM held;
