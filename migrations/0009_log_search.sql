-- The latest lines of all bots are looked through by time. Events come nearly in its order, so a
-- summary of each run of pages finds them, and costs the writers next to nothing.
CREATE INDEX events_at_idx ON events USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
