-- One of the operator's own machines that is given back and cannot be wiped is told of.

-- Since when it is to be wiped; unset in other states, and where an older process wrote the state.
ALTER TABLE machine_allocations ADD COLUMN wiping_since timestamptz;
UPDATE machine_allocations SET wiping_since = now() WHERE state = 'wiping';

ALTER TABLE alarms
    DROP CONSTRAINT alarms_kind_check,
    ADD CONSTRAINT alarms_kind_check
        CHECK (kind IN ('queue_deep', 'pool_at_maximum', 'oldest_job', 'no_worker',
                        'long_transaction', 'unpaid_bots_kept', 'server_vanished', 'strays_kept',
                        'cloud_quota', 'cost_ceiling', 'provider_missing', 'machine_not_wiped'));
