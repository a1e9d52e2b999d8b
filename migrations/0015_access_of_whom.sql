-- Whoever keeps something by a user's rights is told whose have changed, also when a session is
-- ended: then the user's event streams end. A payload is a user's id.
CREATE FUNCTION tell_access_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hatchery_access', to_jsonb(OLD) ->> TG_ARGV[0]);
    RETURN NULL;
END
$$;

DROP TRIGGER api_tokens_tell_access ON api_tokens;
CREATE TRIGGER api_tokens_change_access AFTER UPDATE ON api_tokens FOR EACH ROW
    WHEN ((OLD.revoked_at, OLD.expires_at, OLD.scopes, OLD.user_id)
          IS DISTINCT FROM (NEW.revoked_at, NEW.expires_at, NEW.scopes, NEW.user_id))
    EXECUTE FUNCTION tell_access_of('user_id');
CREATE TRIGGER api_tokens_end_access AFTER DELETE ON api_tokens FOR EACH ROW
    EXECUTE FUNCTION tell_access_of('user_id');

-- A sign-in writes its user's row anew without changing it.
DROP TRIGGER users_tell_access ON users;
CREATE TRIGGER users_change_access AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.role, OLD.email, OLD.name) IS DISTINCT FROM (NEW.role, NEW.email, NEW.name))
    EXECUTE FUNCTION tell_access_of('id');
CREATE TRIGGER users_end_access AFTER DELETE ON users FOR EACH ROW
    EXECUTE FUNCTION tell_access_of('id');

-- Those that have expired end by themselves, and are only swept up.
CREATE TRIGGER sessions_end_access AFTER DELETE ON sessions FOR EACH ROW
    WHEN (OLD.expires_at > now()) EXECUTE FUNCTION tell_access_of('user_id');

DROP FUNCTION tell_access_changed();

COMMENT ON COLUMN idempotent_requests.request_hash IS
    'SHA-256 of all that makes the request what it is: method, target, body, preconditions, and with which rights it came.';
