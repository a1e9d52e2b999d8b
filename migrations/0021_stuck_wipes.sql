-- One of the operator's own machines that is given back and cannot be wiped is told of.

-- Since when it is to be wiped; unset in other states, and where an older process wrote the state.
ALTER TABLE machine_allocations ADD COLUMN wiping_since timestamptz;
UPDATE machine_allocations SET wiping_since = now() WHERE state = 'wiping';

-- The kinds that there are, and one more.
DO $$
DECLARE
    kinds text;
BEGIN
    SELECT pg_get_constraintdef(oid) INTO STRICT kinds
    FROM pg_constraint WHERE conname = 'alarms_kind_check';
    ALTER TABLE alarms DROP CONSTRAINT alarms_kind_check;
    EXECUTE 'ALTER TABLE alarms ADD CONSTRAINT alarms_kind_check '
        || replace(kinds, 'ARRAY[', 'ARRAY[''machine_not_wiped''::text, ');
END
$$;
