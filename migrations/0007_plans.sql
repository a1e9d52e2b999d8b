-- Plans: what a user has paid for and until when, what the billing has said, and what was done to
-- bots whose user has not paid. What a plan holds is in the operator's configuration.

-- stage says how far a period that is not renewed has come (core/subscription.hpp); it is entered
-- and told in one transaction. as_of is the time of what was last said about the subscription, so
-- that older news does not overwrite newer. version grows with every write.
CREATE TABLE subscriptions (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    plan text NOT NULL,
    status text NOT NULL,
    period_end timestamptz,
    stage text NOT NULL,
    stage_at timestamptz NOT NULL,
    as_of timestamptz NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT subscriptions_plan_check CHECK (plan IN ('starter', 'pro', 'enterprise')),
    CONSTRAINT subscriptions_status_check CHECK (status IN ('active', 'cancelled')),
    CONSTRAINT subscriptions_stage_check
        CHECK (stage IN ('paid', 'ending', 'grace', 'stopped', 'closing', 'closed'))
);
-- Those whose next stage may have come.
CREATE INDEX subscriptions_due_idx ON subscriptions (stage, period_end)
    WHERE period_end IS NOT NULL;
-- Those that were told of an end by a clock that ran ahead.
CREATE INDEX subscriptions_stage_at_idx ON subscriptions (stage_at) WHERE stage <> 'paid';

-- What the billing service has sent, once each. The body's hash tells a repetition from another
-- event under the same id.
CREATE TABLE billing_events (
    id text PRIMARY KEY CHECK (id <> '' AND length(id) <= 200),
    body_hash text NOT NULL CHECK (body_hash ~ '^[0-9a-f]{64}$'),
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    applied boolean NOT NULL
);
CREATE INDEX billing_events_received_at_idx ON billing_events (received_at);

-- When a bot of an expired subscription may be asked to stop again. No row: at once.
CREATE TABLE billing_stops (
    bot_id uuid PRIMARY KEY REFERENCES bots,
    attempts integer NOT NULL CHECK (attempts >= 0),
    next_try_at timestamptz NOT NULL
);

ALTER TABLE alarms
    DROP CONSTRAINT alarms_kind_check,
    ADD CONSTRAINT alarms_kind_check
        CHECK (kind IN ('queue_deep', 'pool_at_maximum', 'oldest_job', 'no_worker',
                        'long_transaction', 'unpaid_bots_kept'));

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_actor_check,
    ADD CONSTRAINT audit_log_actor_check
        CHECK (actor IN ('user', 'token', 'operator', 'visitor', 'billing'));
