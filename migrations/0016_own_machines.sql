-- Machines that the operator has already.

-- Where a server's SSH answers; 0: at the port of all servers.
ALTER TABLE servers ADD COLUMN ssh_port integer NOT NULL DEFAULT 0;

-- Which of the operator's machines are lent out. preparing ──► in_use ──► wiping; preparing may go to
-- wiping at once. The row goes when the machine is proven clean, and a machine without one is free.
CREATE TABLE machine_allocations (
    -- Grows with every allocation of a machine: the machine itself remembers the last one that it
    -- was held by, and refuses what comes late.
    number bigint PRIMARY KEY,
    state text NOT NULL,
    -- NULL when the preparation was given up.
    name text UNIQUE,
    labels json NOT NULL,
    authorized_key text NOT NULL,
    machine text NOT NULL UNIQUE,
    host text NOT NULL,
    port integer NOT NULL,
    host_key text NOT NULL,
    region text NOT NULL,
    type text NOT NULL,
    price_monthly text NOT NULL,
    price_hourly text NOT NULL,
    price_currency text NOT NULL,
    created_at timestamptz NOT NULL,
    -- How often its preparation or wipe was begun, when the next try may begin, and why the last one
    -- failed.
    tries bigint NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    trouble text NOT NULL DEFAULT '',
    CONSTRAINT machine_allocations_state_check CHECK (state IN ('preparing', 'in_use', 'wiping')),
    CONSTRAINT machine_allocations_one_a_machine UNIQUE (host, port)
);
