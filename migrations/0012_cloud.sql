-- What is remembered of provider projects.

-- How much of a project's request budget is spent, as core/cloud_budget.hpp understands it. Unlogged:
-- after a crash of the database everybody begins with a full budget, and the provider's own rate
-- headers correct it with the first answer.
CREATE UNLOGGED TABLE cloud_budgets (
    project text PRIMARY KEY,
    state json NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
