-- What stands between the API and its callers.

-- How much of its budget a caller has spent. Unlogged: it costs no write-ahead log, and after a
-- crash of the database everybody begins with a full budget.
CREATE UNLOGGED TABLE rate_budgets (
    budget text PRIMARY KEY,
    per_minute integer NOT NULL CHECK (per_minute > 0),
    -- What the last statement took.
    granted integer NOT NULL,
    -- When the budget is full again if nobody takes from it. A minute ahead: it is empty.
    full_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- A write with an Idempotency-Key, for 24 hours. Its id is the id of what the write makes, so that a
-- second run after a crash finds what the first one made. ──begin──► held ──finish──► answered; a
-- held one whose lease has run out is taken over by the next request with the same key. The answer's
-- body lies in sealed_secrets: it may be an API token.
CREATE TABLE idempotent_requests (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key_hash text NOT NULL CHECK (key_hash ~ '^[0-9a-f]{64}$'),
    -- SHA-256 of method, target and body.
    request_hash text NOT NULL CHECK (request_hash ~ '^[0-9a-f]{64}$'),
    request_id text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    lease_token uuid,
    lease_until timestamptz,
    status integer,
    content_type text NOT NULL DEFAULT '',
    -- {name: value}
    headers jsonb NOT NULL DEFAULT '{}',
    UNIQUE (user_id, key_hash),
    CONSTRAINT idempotent_requests_held_or_answered
        CHECK ((status IS NULL) = (lease_until IS NOT NULL)
               AND (lease_until IS NULL) = (lease_token IS NULL))
);
CREATE INDEX idempotent_requests_expires_at_idx ON idempotent_requests (expires_at);
ALTER TABLE sealed_secrets
    DROP CONSTRAINT sealed_secrets_owner_check,
    ADD CONSTRAINT sealed_secrets_owner_check CHECK (owner IN ('bot', 'server', 'answer'));

-- Grows with every change of a bot's settings: its entity tag.
ALTER TABLE bots ADD COLUMN settings_version bigint NOT NULL DEFAULT 1;

-- The X-Request-Id of the request that asked for it.
ALTER TABLE operations ADD COLUMN request_id text NOT NULL DEFAULT '';

-- Where a session began, for its user to know it again.
ALTER TABLE sessions
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN user_agent text NOT NULL DEFAULT '';
