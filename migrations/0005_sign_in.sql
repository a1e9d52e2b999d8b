-- Sign-in with an OpenID provider, sessions of browsers, and the audit log. No row here holds a
-- secret: what a browser or a program shows is kept as its SHA-256 only.

ALTER TABLE users ADD COLUMN name text NOT NULL DEFAULT '';

-- Who a user is at an issuer. Found by issuer and subject: an e-mail address may change.
CREATE TABLE identities (
    issuer text NOT NULL CHECK (issuer <> ''),
    subject text NOT NULL CHECK (subject <> '' AND length(subject) <= 255),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    email text NOT NULL,
    created_at timestamptz NOT NULL,
    last_sign_in_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user_id_idx ON identities (user_id);

-- A sign-in between the way to the issuer and the way back; taken once, by the browser it began in.
CREATE TABLE sign_ins (
    state_hash text PRIMARY KEY CHECK (state_hash ~ '^[0-9a-f]{64}$'),
    browser_hash text NOT NULL CHECK (browser_hash ~ '^[0-9a-f]{64}$'),
    return_to text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_ins_expires_at_idx ON sign_ins (expires_at);

-- A session ends by a log-out (its row goes), by expires_at, or unused for the configured time.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- Who did what to what, from where, with which outcome. It outlives what it names: no foreign keys.
CREATE TABLE audit_log (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    user_id uuid,
    -- The e-mail address of that time, or the operator's name on his machine.
    actor_name text NOT NULL,
    token_id uuid,
    session_id uuid,
    -- Who really acted, when a service token acted for user_id.
    service_user_id uuid,
    action text NOT NULL CHECK (action <> ''),
    target text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    -- The status of the HTTP answer, or a command's exit code.
    outcome integer NOT NULL,
    request_id text NOT NULL DEFAULT '',
    CONSTRAINT audit_log_actor_check CHECK (actor IN ('user', 'token', 'operator', 'visitor'))
);
CREATE INDEX audit_log_user_id_idx ON audit_log (user_id, seq);
CREATE INDEX audit_log_action_idx ON audit_log (action, seq);
CREATE INDEX audit_log_at_idx ON audit_log (at);

-- Append-only. The grants stop the role that the service runs under; the trigger also stops a
-- superuser's slip, and says why.
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM PUBLIC;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM CURRENT_USER;
