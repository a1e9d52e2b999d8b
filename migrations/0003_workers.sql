-- Who works, what the queue looks like to all of them, and what is wrong with it.

-- One row a process, written every few seconds. id is what jobs.worker_id names.
CREATE TABLE workers (
    id text PRIMARY KEY,
    host text NOT NULL,
    version text NOT NULL,
    role text NOT NULL,
    capabilities jsonb NOT NULL DEFAULT '{}',
    slots integer NOT NULL CHECK (slots >= 0),
    max_slots integer NOT NULL CHECK (max_slots >= 0),
    busy integer NOT NULL CHECK (busy >= 0),
    draining boolean NOT NULL,
    started_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    CONSTRAINT workers_role_check CHECK (role IN ('serve', 'worker'))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- One row: what one process has counted for all of them. It comes back with every heartbeat, so
-- that no process counts for itself.
CREATE TABLE queue_status (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    counted_at timestamptz NOT NULL,
    due integer NOT NULL,
    waiting integer NOT NULL,
    running integer NOT NULL,
    blocked integer NOT NULL,
    oldest_due_at timestamptz,
    workers integer NOT NULL,
    slots integer NOT NULL,
    max_slots integer NOT NULL,
    busy integer NOT NULL,
    oldest_transaction_s bigint NOT NULL,
    desired_workers integer NOT NULL
) WITH (fillfactor = 50);

-- A raised alarm has no cleared_at; there is one of a kind. What the webhook has been told is kept
-- beside it, so that each is told at least once, raised before cleared.
CREATE TABLE alarms (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    cause text NOT NULL,
    next_action text NOT NULL,
    raised_at timestamptz NOT NULL,
    cleared_at timestamptz,
    raised_told_at timestamptz,
    cleared_told_at timestamptz,
    telling_failures integer NOT NULL DEFAULT 0,
    tell_at timestamptz NOT NULL,
    CONSTRAINT alarms_kind_check
        CHECK (kind IN ('queue_deep', 'pool_at_maximum', 'oldest_job', 'no_worker',
                        'long_transaction'))
);
CREATE UNIQUE INDEX alarms_one_raised ON alarms (kind) WHERE cleared_at IS NULL;
CREATE INDEX alarms_untold_idx ON alarms (tell_at)
    WHERE raised_told_at IS NULL OR (cleared_at IS NOT NULL AND cleared_told_at IS NULL);

-- Jobs that are marked as blocked: few, and looked at often.
CREATE INDEX jobs_blocked_idx ON jobs (operation_id) WHERE blocked_reason IS NOT NULL;
