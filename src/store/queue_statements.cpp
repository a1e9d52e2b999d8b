#include "store/queue_statements.hpp"

namespace hatchery::store::statements {

const std::string& count_queue() {
    static const std::string text = R"(
        SELECT CAST($1 AS timestamptz), j.due, j.waiting,
            j.running, j.blocked, j.oldest, w.workers, w.slots, w.max_slots, w.busy,
            (SELECT coalesce(CAST(extract(epoch FROM max(clock_timestamp() - xact_start)) AS bigint),
                             0)
             FROM pg_stat_activity
             WHERE datname = current_database() AND backend_type = 'client backend'
               AND pid <> pg_backend_pid()),
            coalesce((SELECT desired_workers FROM queue_status
                      WHERE counted_at > $1::timestamptz - interval '5 minutes'), 0)
        FROM (
            SELECT count(*) FILTER (WHERE free AND run_at <= $1) AS due,
                count(*) FILTER (WHERE free AND run_at > $1) AS waiting,
                count(*) FILTER (WHERE state = 'running') AS running,
                count(*) FILTER (WHERE state <> 'running' AND NOT free) AS blocked,
                min(run_at) FILTER (WHERE free AND run_at <= $1) AS oldest
            FROM (SELECT state, run_at, state <> 'running' AND blocked_reason IS NULL AS free
                  FROM jobs) AS live
        ) AS j, (
            SELECT count(*) AS workers, coalesce(sum(slots), 0) AS slots,
                coalesce(sum(max_slots), 0) AS max_slots, coalesce(sum(busy), 0) AS busy
            FROM workers WHERE heartbeat_at >= $2 AND NOT draining AND slots > 0
        ) AS w)";
    return text;
}

const std::string& demands() {
    static const std::string text = R"(
        WITH offers AS MATERIALIZED (
            SELECT DISTINCT capabilities FROM workers
            WHERE heartbeat_at >= $2 AND NOT draining AND slots > 0
        ), wanted AS (
            SELECT DISTINCT requirements FROM jobs
            WHERE state <> 'running' AND requirements <> '{}'
            UNION ALL
            SELECT '{}' WHERE EXISTS (
                SELECT 1 FROM jobs
                WHERE state <> 'running' AND run_at <= $1 AND requirements = '{}')
        )
        SELECT requirements, EXISTS (
            SELECT 1 FROM offers WHERE requirements_met(wanted.requirements, offers.capabilities))
        FROM wanted)";
    return text;
}

// It waits for no lock, so that it can be part of no deadlock with the workers' writes: what
// somebody holds is marked the next time.
const std::string& mark_blocked() {
    static const std::string text = R"(
        WITH wanted AS MATERIALIZED (
            SELECT CAST(requirements AS jsonb) AS requirements, reason
            FROM unnest($1::text[], $2::text[]) AS r (requirements, reason)
        ), picked AS MATERIALIZED (
            SELECT j.bot_id, j.operation_id, j.step, wanted.reason,
                j.blocked_reason IS NULL AS fresh
            FROM jobs j
            JOIN wanted ON wanted.requirements = j.requirements
            JOIN bots b ON b.id = j.bot_id
            WHERE j.state <> 'running'
              AND (j.requirements <> '{}' OR j.run_at <= $3)
              AND j.blocked_reason IS DISTINCT FROM wanted.reason
            ORDER BY j.operation_id
            LIMIT $4::bigint
            FOR UPDATE OF j, b SKIP LOCKED
        ), marked AS (
            UPDATE jobs SET blocked_reason = picked.reason
            FROM picked WHERE jobs.operation_id = picked.operation_id
        ), told AS (
            SELECT *, row_number() OVER (PARTITION BY bot_id ORDER BY operation_id) AS number
            FROM picked WHERE fresh
        ), numbered AS (
            UPDATE bots SET last_event_seq = last_event_seq + counted.lines
            FROM (SELECT bot_id, count(*) AS lines FROM told GROUP BY bot_id) AS counted
            WHERE bots.id = counted.bot_id
            RETURNING bots.id, bots.last_event_seq - counted.lines AS before
        )
        INSERT INTO events (bot_id, seq, operation_id, at, type, level, step, stream, message)
        SELECT told.bot_id, numbered.before + told.number, told.operation_id, $3, 'log', 'warning',
            told.step, 'engine', told.reason
        FROM told JOIN numbered ON numbered.id = told.bot_id
        RETURNING bot_id)";
    return text;
}

const std::string& unmark_blocked() {
    static const std::string text = R"(
        WITH picked AS MATERIALIZED (
            SELECT operation_id FROM jobs
            WHERE blocked_reason IS NOT NULL
              AND (state = 'running' OR requirements <> ALL (
                  SELECT CAST(r AS jsonb) FROM unnest($1::text[]) AS r))
            FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs SET blocked_reason = NULL
        FROM picked WHERE jobs.operation_id = picked.operation_id)";
    return text;
}

const std::string& release_ending() {
    static const std::string text = R"(
        WITH picked AS MATERIALIZED (
            SELECT j.operation_id FROM jobs j JOIN operations o ON o.id = j.operation_id
            WHERE j.blocked_reason IS NOT NULL AND j.state <> 'running'
              AND j.requirements <> '{}'
              AND (j.cancel_requested OR o.phase = 'teardown' OR o.deadline_at <= $1)
            FOR UPDATE OF j SKIP LOCKED
        )
        UPDATE jobs SET requirements = '{}', blocked_reason = NULL, run_at = least(run_at, $1)
        FROM picked WHERE jobs.operation_id = picked.operation_id
        RETURNING jobs.id)";
    return text;
}

}  // namespace hatchery::store::statements
