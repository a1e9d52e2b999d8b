-- Nothing in the queue and no history.
TRUNCATE jobs, operations, events;
UPDATE bots SET last_event_seq = 0;
VACUUM ANALYZE bots;
