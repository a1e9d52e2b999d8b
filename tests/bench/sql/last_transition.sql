-- The last transition of a deploy: job done, operation ended, bot active, two events.
WITH held AS (
    DELETE FROM jobs WHERE operation_id = %(operation)s AND lease_token = %(job)s
    RETURNING operation_id, bot_id, ended_jobs, begun_at
), ended AS (
    UPDATE operations SET state = 'succeeded', finished_at = CAST(:now AS timestamptz),
        started_at = held.begun_at,
        ended_jobs = held.ended_jobs || CAST(json_build_array(
            %(job)s, '%(step)s', 'succeeded', 0, 0, 1700000000000000, 1700000000000000,
            1700000000000000, '') AS text) || E'\n'
    FROM held WHERE id = held.operation_id
), numbered AS (
    UPDATE bots SET last_event_seq = last_event_seq + 2, status = 'active',
        updated_at = CAST(:now AS timestamptz)
    FROM held WHERE id = held.bot_id
    RETURNING id, last_event_seq
), told AS (
    INSERT INTO events (bot_id, seq, operation_id, at, type, level, step, stream, message, data)
    SELECT id, last_event_seq - 2 + n, operation_id, CAST(:now AS timestamptz), type, 'info',
        '%(step)s', 'engine', text, data
    FROM numbered, held, (VALUES
        (1, 'step', '', CAST('{"step":"%(step)s","state":"succeeded","attempt":1}' AS json)),
        (2, 'status', 'deploy succeeded',
         CAST('{"operation":{"kind":"deploy","state":"succeeded"},"status":"active"}' AS json)))
        AS e (n, type, text, data)
)
SELECT bot_id FROM held;
