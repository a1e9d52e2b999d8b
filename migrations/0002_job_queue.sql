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

-- What is under way, from its acceptance to its end. A small table of its own, so that no index of
-- operations knows their state and an end is written without touching one.
CREATE TABLE live_operations (
    operation_id uuid PRIMARY KEY REFERENCES operations,
    bot_id uuid NOT NULL,
    kind text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX live_operations_one ON live_operations (bot_id) WHERE kind <> 'chat';
CREATE INDEX live_operations_bot_id_idx ON live_operations (bot_id, operation_id);
INSERT INTO live_operations (operation_id, bot_id, kind)
    SELECT id, bot_id, kind FROM operations WHERE state IN ('pending', 'running', 'waiting');
DROP INDEX operations_one_live;

-- A live operation is stored as pending; whether it runs or waits, and since when, is what its live
-- job says, so that neither a claim nor a snooze writes this table.
UPDATE operations SET state = 'pending' WHERE state IN ('running', 'waiting');
ALTER TABLE operations DROP COLUMN started_at;

-- queue_at is the place in line of an available job: when it was put there, later for each job that
-- its user has in line already, so that a hundred jobs of one user do not starve another's one.
-- requirements are matched against the capabilities of the worker inside the claim; blocked_reason
-- says why no live worker can run the job.
ALTER TABLE jobs
    ADD COLUMN user_id uuid REFERENCES users,
    ADD COLUMN queue_at timestamptz,
    ADD COLUMN requirements jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN blocked_reason text,
    DROP CONSTRAINT jobs_step_check,
    ADD CONSTRAINT jobs_step_check
        CHECK (step IN ('provision_server', 'install_dependencies', 'deploy_openclaw',
                        'configure_bot', 'start_bot', 'stop_bot', 'destroy_server',
                        'remove_webhook', 'chat_turn'));
UPDATE jobs SET user_id = o.user_id, queue_at = jobs.run_at
    FROM operations o WHERE o.id = jobs.operation_id;
ALTER TABLE jobs ALTER COLUMN user_id SET NOT NULL, ALTER COLUMN queue_at SET NOT NULL;

DROP INDEX jobs_claimable_idx;
CREATE INDEX jobs_available_idx ON jobs (priority DESC, queue_at, id) WHERE state = 'available';
CREATE INDEX jobs_waiting_idx ON jobs (priority DESC, run_at, id) WHERE state = 'waiting';
-- The last place in line of a user.
CREATE INDEX jobs_user_line_idx ON jobs (user_id, queue_at) WHERE state = 'available';
-- What the search for jobs that nobody can run looks at.
CREATE INDEX jobs_demanding_idx ON jobs (id)
    WHERE state IN ('available', 'waiting') AND requirements <> '{}';

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
