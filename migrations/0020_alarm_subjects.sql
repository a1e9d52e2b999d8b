-- An alarm is about something: the provider, or nothing in particular. There is one raised of a kind
-- and subject. What is still so is said again and again; seen_at is the last time.

ALTER TABLE alarms
    ADD COLUMN subject text NOT NULL DEFAULT '',
    ADD COLUMN seen_at timestamptz;
UPDATE alarms SET seen_at = raised_at;
ALTER TABLE alarms ALTER COLUMN seen_at SET NOT NULL;

-- Whose provider nobody has kept apart: what is still so is raised again by the next look.
UPDATE alarms SET cleared_at = greatest(now(), raised_at), tell_at = now(), telling_failures = 0
WHERE cleared_at IS NULL
  AND kind IN ('server_vanished', 'strays_kept', 'cloud_quota', 'cost_ceiling', 'provider_missing');

DROP INDEX alarms_one_raised;
CREATE UNIQUE INDEX alarms_one_raised ON alarms (kind, subject) WHERE cleared_at IS NULL;

ALTER TABLE alarms
    DROP CONSTRAINT alarms_kind_check,
    ADD CONSTRAINT alarms_kind_check
        CHECK (kind IN ('queue_deep', 'pool_at_maximum', 'oldest_job', 'no_worker',
                        'long_transaction', 'unpaid_bots_kept', 'server_vanished', 'strays_kept',
                        'cloud_quota', 'cost_ceiling', 'provider_missing', 'project_foreign',
                        'server_stays_off'));
