-- What the queue grew: chats, requirements, places in line, and states that are derived instead of
-- written twice.

-- A chat is one turn with a bot: it has a payload and a result, many of them may stand in line at
-- one bot, and none of them stands in the way of another operation.
ALTER TABLE operations
    ADD COLUMN payload json NOT NULL DEFAULT '{}',
    ADD COLUMN requirements jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN result json,
    DROP CONSTRAINT operations_kind_check,
    ADD CONSTRAINT operations_kind_check
        CHECK (kind IN ('deploy', 'stop', 'start', 'restart', 'reconfigure', 'destroy', 'chat'));

CREATE INDEX operations_user_id_idx ON operations (user_id, id);

-- The queue, anew: one row for each operation under way, from its acceptance to its end. Step follows
-- step in the same row, so that a transition touches no index, and the row goes when the operation
-- ends: what was is in none of the tables that work goes through. An operation lives while it has a
-- row here.
--
-- available ──claim──► running ──apply──► the next step, or back to available (retry, rescue) or
-- waiting (snooze), from where a claim takes it when run_at has come; the end deletes the row. A
-- write of a worker names operation and lease_token; the token goes with every way out of running.
ALTER TABLE jobs RENAME TO former_jobs;
ALTER TABLE former_jobs RENAME CONSTRAINT jobs_pkey TO former_jobs_pkey;
ALTER TABLE former_jobs RENAME CONSTRAINT jobs_step_check TO former_jobs_step_check;

-- ended_jobs: the steps behind an operation, oldest first; of one that ended, all of them. Each is a
-- line with the JSON array [id, step, state, failures, rescues, created, started, finished, message],
-- times in microseconds since 1970. Text, because only readers need to take it apart.
CREATE TABLE jobs (
    operation_id uuid PRIMARY KEY REFERENCES operations,
    id uuid NOT NULL,
    bot_id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- Its place among the operations of its bot: chats stand in the order of their acceptance; one
    -- operation of the other kinds lives at a time, at -infinity.
    turn timestamptz NOT NULL,
    step text NOT NULL,
    state text NOT NULL,
    -- The state before the claim, for giving the job back.
    claimed_from text,
    -- Whether it stands in line, or is parked until run_at has come. A claim leaves it as it is, as
    -- it leaves every other column that an index knows.
    in_line boolean NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    rescues integer NOT NULL DEFAULT 0,
    -- The operation's mark once more, on the row that a worker's write locks: it cannot be missed.
    cancel_requested boolean NOT NULL DEFAULT false,
    run_at timestamptz NOT NULL,
    -- The place in line: when it was put there, later for each job that its user has in line
    -- already, so that a hundred jobs of one user do not starve another's one.
    queue_at timestamptz NOT NULL,
    -- Matched against the capabilities of the worker inside the claim; blocked_reason says why no
    -- live worker can run the job.
    requirements jsonb NOT NULL DEFAULT '{}',
    blocked_reason text,
    signal text,
    message text NOT NULL DEFAULT '',
    -- json, not jsonb: the step's memory comes back byte by byte as it was written.
    progress json NOT NULL DEFAULT '{}',
    lease_token uuid,
    lease_until timestamptz,
    -- Who holds the job or held it last.
    worker_id text,
    -- Of the step: when it became the next one, and when it was first claimed.
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    -- When the first step of the operation was claimed.
    begun_at timestamptz,
    ended_jobs text NOT NULL DEFAULT '',
    CONSTRAINT jobs_step_check
        CHECK (step IN ('provision_server', 'install_dependencies', 'deploy_openclaw',
                        'configure_bot', 'start_bot', 'stop_bot', 'destroy_server',
                        'remove_webhook', 'chat_turn')),
    CONSTRAINT jobs_state_check CHECK (state IN ('available', 'running', 'waiting')),
    CONSTRAINT jobs_lease_while_running
        CHECK ((state = 'running') = (lease_token IS NOT NULL)
               AND (state = 'running') = (lease_until IS NOT NULL))
    -- Room in the page for the row after its claim, beside the one before.
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);

ALTER TABLE operations ADD COLUMN ended_jobs text NOT NULL DEFAULT '';
-- For the same reason; an end brings the steps along.
ALTER TABLE operations SET (fillfactor = 40);

INSERT INTO jobs (operation_id, id, bot_id, user_id, turn, step, state, claimed_from, in_line,
                  priority, failures, rescues, cancel_requested, run_at, queue_at, signal, message,
                  progress, lease_token, lease_until, worker_id, created_at, started_at, begun_at)
SELECT j.operation_id, j.id, j.bot_id, o.user_id, '-infinity', j.step, j.state, j.claimed_from,
    j.state = 'available' AND j.run_at <= now(), j.priority, j.failures, j.rescues,
    j.cancel_requested, j.run_at, j.run_at, j.signal, j.message, j.progress, j.lease_token,
    j.lease_until, j.worker_id, j.created_at, j.started_at,
    (SELECT min(begun.started_at) FROM former_jobs begun WHERE begun.operation_id = o.id)
FROM former_jobs j JOIN operations o ON o.id = j.operation_id
WHERE j.finished_at IS NULL;

CREATE FUNCTION to_microseconds(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CAST(extract(epoch FROM at) * 1000000 AS bigint)
$$;
CREATE FUNCTION from_microseconds(at text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT timestamptz '1970-01-01 00:00:00Z' + CAST(at AS bigint) * interval '1 microsecond'
$$;

CREATE TEMPORARY TABLE behind ON COMMIT DROP AS
SELECT operation_id, string_agg(
    CAST(json_build_array(id, step, state, failures, rescues, to_microseconds(created_at),
                          to_microseconds(started_at), to_microseconds(finished_at), message)
         AS text) || E'\n',
    '' ORDER BY created_at, id) AS ended_jobs
FROM former_jobs WHERE finished_at IS NOT NULL GROUP BY operation_id;
UPDATE jobs SET ended_jobs = behind.ended_jobs
    FROM behind WHERE behind.operation_id = jobs.operation_id;
UPDATE operations SET ended_jobs = behind.ended_jobs
    FROM behind WHERE behind.operation_id = operations.id AND operations.finished_at IS NOT NULL;
UPDATE operations SET started_at =
    (SELECT min(begun.started_at) FROM former_jobs begun WHERE begun.operation_id = operations.id);
DROP TABLE former_jobs;

CREATE UNIQUE INDEX jobs_turn_key ON jobs (bot_id, turn);
-- The order of the claim, in both halves of the queue.
CREATE INDEX jobs_line_idx ON jobs (priority DESC, queue_at, operation_id) WHERE in_line;
CREATE INDEX jobs_parked_idx ON jobs (priority DESC, run_at, operation_id) WHERE NOT in_line;
CREATE INDEX jobs_signal_idx ON jobs (signal) WHERE signal IS NOT NULL AND NOT in_line;
-- The last place in line of a user.
CREATE INDEX jobs_user_line_idx ON jobs (user_id, queue_at) WHERE in_line;
-- What the search for jobs that nobody can run looks at.
CREATE INDEX jobs_demanding_idx ON jobs (operation_id) WHERE requirements <> '{}';

-- Every job, those that ended as well, for reading by operation_id.
CREATE VIEW all_jobs AS
SELECT id, operation_id, bot_id, step, state, priority, failures, rescues, run_at, signal, message,
    progress, created_at, started_at, CAST(NULL AS timestamptz) AS finished_at, requirements,
    queue_at, blocked_reason, lease_token, lease_until, worker_id
FROM jobs
UNION ALL
SELECT CAST(e ->> 0 AS uuid), operation_id, bot_id, e ->> 1, e ->> 2, priority,
    CAST(e ->> 3 AS integer), CAST(e ->> 4 AS integer), from_microseconds(e ->> 5),
    CAST(NULL AS text), e ->> 8, CAST('{}' AS json), from_microseconds(e ->> 5),
    from_microseconds(e ->> 6), from_microseconds(e ->> 7), requirements,
    from_microseconds(e ->> 5), CAST(NULL AS text), CAST(NULL AS uuid), CAST(NULL AS timestamptz),
    CAST(NULL AS text)
FROM (
    SELECT operation_id, bot_id, priority, requirements, CAST(line AS json) AS e
    FROM jobs, string_to_table(rtrim(ended_jobs, E'\n'), E'\n') AS line
    UNION ALL
    SELECT id, bot_id, priority, requirements, CAST(line AS json)
    FROM operations, string_to_table(rtrim(ended_jobs, E'\n'), E'\n') AS line
) AS behind;

-- A live operation is stored as pending; whether it runs or waits, and since when, is what its job
-- says, so that neither a claim nor a snooze writes this table.
DROP INDEX operations_one_live;
UPDATE operations SET state = 'pending' WHERE state IN ('running', 'waiting');

ALTER TABLE events
    DROP CONSTRAINT events_step_check,
    ADD CONSTRAINT events_step_check
        CHECK (step IN ('provision_server', 'install_dependencies', 'deploy_openclaw',
                        'configure_bot', 'start_bot', 'stop_bot', 'destroy_server',
                        'remove_webhook', 'chat_turn'));

-- Whether a worker with these capabilities may run a job with these requirements. Each requirement
-- names a capability and is met by: a value, when the capability equals it or is a list with it; a
-- list of values, when one of them meets; {"min": n}, when the capability is a number of at least n.
-- core/requirements.hpp says the same in C++.
CREATE FUNCTION requirements_met(requirements jsonb, capabilities jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM jsonb_each(requirements) AS wanted (name, value)
        WHERE NOT coalesce(
            CASE jsonb_typeof(wanted.value)
                WHEN 'object' THEN
                    jsonb_typeof(capabilities -> wanted.name) = 'number'
                    AND CAST(capabilities ->> wanted.name AS numeric)
                        >= CAST(wanted.value ->> 'min' AS numeric)
                WHEN 'array' THEN EXISTS (
                    SELECT 1 FROM jsonb_array_elements(wanted.value) AS choice (value)
                    WHERE (capabilities -> wanted.name) @> choice.value)
                ELSE (capabilities -> wanted.name) @> wanted.value
            END, false)
    )
$$;
