-- Processes keep for a moment whom an API token stands for. They are told when that changes, whoever
-- changes it: these writes are rare, so their commits may queue for the NOTIFY.
CREATE FUNCTION tell_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hatchery_access', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER api_tokens_tell_access
    AFTER UPDATE OF revoked_at, expires_at, scopes, user_id OR DELETE ON api_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER users_tell_access AFTER UPDATE OF role, email, name OR DELETE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
