-- The first schema. Words: a bot is the customer's assistant, a deployment is one life of it on one
-- server, an operation is what somebody asked for, a job is one persisted step of it, an event is
-- one numbered line of a bot's story. Enumerations are CHECKs that a test compares with the C++
-- tables. Times are chosen by the program's clock, so that one clock rules all.

-- One row: the name under which this installation labels what it owns at providers.
CREATE TABLE installation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO installation DEFAULT VALUES;

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL CHECK (email <> '' AND length(email) <= 320),
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT users_role_check CHECK (role IN ('user', 'support', 'admin'))
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

-- Tokens are stored by their hash only; a lost token cannot be read back.
CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    token_hash text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    scopes text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_tokens_user_id_idx ON api_tokens (user_id, id);

-- last_event_seq numbers the bot's events: it is taken in the transaction that writes them, so the
-- numbers have no gaps and appear in order.
CREATE TABLE bots (
    id uuid PRIMARY KEY,
    public_id text NOT NULL UNIQUE CHECK (public_id <> ''),
    user_id uuid NOT NULL REFERENCES users,
    name text NOT NULL CHECK (name <> ''),
    telegram_bot_id bigint,
    telegram_username text NOT NULL DEFAULT '',
    model text NOT NULL,
    model_base_url text NOT NULL DEFAULT '',
    provider text NOT NULL,
    region text NOT NULL DEFAULT '',
    server_type text NOT NULL DEFAULT '',
    telegram_mode text NOT NULL,
    allowed_telegram_user_ids bigint[] NOT NULL DEFAULT '{}',
    status text NOT NULL,
    condition text,
    status_reason text NOT NULL DEFAULT '',
    last_event_seq bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT bots_telegram_mode_check CHECK (telegram_mode IN ('webhook', 'polling')),
    CONSTRAINT bots_status_check
        CHECK (status IN ('pending', 'deploying', 'active', 'stopped', 'failed')),
    CONSTRAINT bots_condition_check
        CHECK (condition IN ('sleeping', 'waking', 'upgrading', 'deleting', 'degraded')),
    CONSTRAINT bots_deleted_frees_token CHECK (deleted_at IS NULL OR telegram_bot_id IS NULL)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX bots_telegram_bot_id_key ON bots (telegram_bot_id) WHERE deleted_at IS NULL;
CREATE INDEX bots_user_id_idx ON bots (user_id, id) WHERE deleted_at IS NULL;

CREATE TABLE deployments (
    id uuid PRIMARY KEY,
    bot_id uuid NOT NULL REFERENCES bots,
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX deployments_bot_id_idx ON deployments (bot_id);
CREATE UNIQUE INDEX deployments_one_current ON deployments (bot_id) WHERE ended_at IS NULL;

-- A row stands before its machine is asked for, and until the machine is proven gone.
CREATE TABLE servers (
    id uuid PRIMARY KEY,
    bot_id uuid NOT NULL REFERENCES bots,
    deployment_id uuid NOT NULL REFERENCES deployments,
    provider text NOT NULL,
    region text NOT NULL,
    type text NOT NULL,
    image text NOT NULL,
    name text NOT NULL UNIQUE,
    state text NOT NULL,
    provider_server_id text NOT NULL DEFAULT '',
    public_ip text NOT NULL DEFAULT '',
    host_key text NOT NULL,
    next_host_key text NOT NULL DEFAULT '',
    host_key_rotated boolean NOT NULL DEFAULT false,
    client_public_key text NOT NULL,
    price_monthly text NOT NULL DEFAULT '',
    price_hourly text NOT NULL DEFAULT '',
    price_currency text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT servers_state_check
        CHECK (state IN ('planned', 'creating', 'booting', 'ready', 'deleting', 'deleted')),
    CONSTRAINT servers_deleted_has_time CHECK (state <> 'deleted' OR deleted_at IS NOT NULL)
);
CREATE UNIQUE INDEX servers_one_alive ON servers (deployment_id) WHERE state <> 'deleted';
CREATE INDEX servers_bot_id_idx ON servers (bot_id);
CREATE INDEX servers_alive_idx ON servers (provider, state) WHERE state <> 'deleted';

CREATE TABLE operations (
    id uuid PRIMARY KEY,
    bot_id uuid NOT NULL REFERENCES bots,
    user_id uuid NOT NULL REFERENCES users,
    kind text NOT NULL,
    state text NOT NULL,
    phase text NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    cancel_requested boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    -- {kind, effect, message, nextAction, code} of the failure, set while it still tears down.
    error jsonb,
    CONSTRAINT operations_kind_check
        CHECK (kind IN ('deploy', 'stop', 'start', 'restart', 'reconfigure', 'destroy')),
    CONSTRAINT operations_state_check
        CHECK (state IN ('pending', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT operations_phase_check CHECK (phase IN ('forward', 'teardown')),
    CONSTRAINT operations_ended_has_time
        CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX operations_one_live ON operations (bot_id)
    WHERE state IN ('pending', 'running', 'waiting');
CREATE INDEX operations_bot_id_idx ON operations (bot_id, id);

-- The queue. available ──claim──► running ──apply──► succeeded | failed | cancelled, or back to
-- available (retry, rescue) or waiting (snooze), from where a claim takes it when run_at has come.
-- A write of a worker names id and lease_token; the token goes with every way out of running.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    operation_id uuid NOT NULL REFERENCES operations,
    bot_id uuid NOT NULL REFERENCES bots,
    step text NOT NULL,
    state text NOT NULL,
    -- The state before the claim, for giving the job back.
    claimed_from text,
    priority integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    rescues integer NOT NULL DEFAULT 0,
    -- The operation's mark once more, on the row that a worker's write locks: it cannot be missed.
    cancel_requested boolean NOT NULL DEFAULT false,
    run_at timestamptz NOT NULL,
    signal text,
    message text NOT NULL DEFAULT '',
    -- json, not jsonb: the step's memory comes back byte by byte as it was written.
    progress json NOT NULL DEFAULT '{}',
    lease_token uuid,
    lease_until timestamptz,
    -- Who holds the job or held it last.
    worker_id text,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT jobs_step_check
        CHECK (step IN ('provision_server', 'install_dependencies', 'deploy_openclaw',
                        'configure_bot', 'start_bot', 'stop_bot', 'destroy_server',
                        'remove_webhook')),
    CONSTRAINT jobs_state_check
        CHECK (state IN ('available', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT jobs_lease_while_running
        CHECK ((state = 'running') = (lease_token IS NOT NULL)
               AND (state = 'running') = (lease_until IS NOT NULL)),
    CONSTRAINT jobs_ended_has_time
        CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
-- The order of the claim, over what can be claimed only: a million ended jobs do not slow it down.
CREATE INDEX jobs_claimable_idx ON jobs (priority DESC, run_at, id)
    WHERE state IN ('available', 'waiting');
-- When the next job is due, asked after nearly every wake-up.
CREATE INDEX jobs_due_idx ON jobs (run_at) WHERE state IN ('available', 'waiting');
-- By id and not by lease_until, so that renewing a lease touches no index.
CREATE INDEX jobs_running_idx ON jobs (id) WHERE state = 'running';
CREATE INDEX jobs_signal_idx ON jobs (signal) WHERE state = 'waiting' AND signal IS NOT NULL;
CREATE INDEX jobs_operation_id_idx ON jobs (operation_id, id);

CREATE TABLE events (
    bot_id uuid NOT NULL REFERENCES bots,
    seq bigint NOT NULL,
    -- No foreign key: pruning operations would look through all events for each of them.
    operation_id uuid,
    at timestamptz NOT NULL,
    type text NOT NULL,
    level text NOT NULL,
    step text,
    stream text NOT NULL,
    message text NOT NULL,
    -- For type step and status: the new state.
    data json,
    PRIMARY KEY (bot_id, seq),
    CONSTRAINT events_type_check CHECK (type IN ('log', 'step', 'status')),
    CONSTRAINT events_level_check CHECK (level IN ('debug', 'info', 'warning', 'error')),
    CONSTRAINT events_step_check
        CHECK (step IN ('provision_server', 'install_dependencies', 'deploy_openclaw',
                        'configure_bot', 'start_bot', 'stop_bot', 'destroy_server',
                        'remove_webhook')),
    CONSTRAINT events_stream_check CHECK (stream IN ('engine', 'stdout', 'stderr'))
);

-- What Telegram sent, stored before it is answered. The primary key is the deduplication.
CREATE TABLE webhook_inbox (
    bot_id uuid NOT NULL REFERENCES bots,
    update_id bigint NOT NULL,
    chat_id bigint NOT NULL DEFAULT 0,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    lease_token uuid,
    lease_until timestamptz,
    reason text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (bot_id, update_id),
    CONSTRAINT webhook_inbox_state_check CHECK (state IN ('pending', 'delivered', 'dead')),
    CONSTRAINT webhook_inbox_ended_has_time
        CHECK ((state = 'pending') = (finished_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX webhook_inbox_pending_idx ON webhook_inbox (bot_id, chat_id, update_id)
    WHERE state = 'pending';
CREATE INDEX webhook_inbox_due_idx ON webhook_inbox (received_at) WHERE state = 'pending';
CREATE INDEX webhook_inbox_delivered_idx ON webhook_inbox (finished_at) WHERE state = 'delivered';
CREATE INDEX webhook_inbox_dead_idx ON webhook_inbox (finished_at) WHERE state = 'dead';

-- Secrets under a master key that is not in the database; the text is bound to owner and name.
CREATE TABLE sealed_secrets (
    owner text NOT NULL,
    owner_id uuid NOT NULL,
    name text NOT NULL,
    key_id text NOT NULL,
    sealed text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (owner, owner_id, name),
    CONSTRAINT sealed_secrets_owner_check CHECK (owner IN ('bot', 'server'))
);
