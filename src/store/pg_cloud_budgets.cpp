#include "store/pg_cloud_budgets.hpp"

#include "store/budget_text.hpp"

namespace hatchery::store {

namespace {

using base::Result;

constexpr std::string_view begin_statement =
    "INSERT INTO cloud_budgets (project, state) VALUES ($1, '{}') ON CONFLICT DO NOTHING";
// The time is read when the row is held: who had to wait for it does not set the clock back.
constexpr std::string_view hold_statement =
    "SELECT state FROM cloud_budgets WHERE project = $1 FOR UPDATE";
constexpr std::string_view now_statement = "SELECT clock_timestamp()";
constexpr std::string_view write_statement =
    "UPDATE cloud_budgets SET state = CAST($2 AS json) WHERE project = $1";
constexpr std::string_view view_statement = R"(
    SELECT (SELECT state FROM cloud_budgets WHERE project = $1), clock_timestamp())";

class PgCloudBudgets final : public ports::CloudBudgets {
public:
    explicit PgCloudBudgets(Database& database) : database_(database) {}

    Result<ports::BudgetGrant> take(const std::string& project, const core::BudgetPolicy& policy,
                                    const core::BudgetAsk& ask) override {
        return database_.transact([&](Sql& sql) -> Result<ports::BudgetGrant> {
            auto state = hold(sql, project);
            auto answer = core::take_request(policy, std::move(state), ask, time_of(sql));
            (void)sql.query(write_statement, {project, budget_text(answer.state)});
            return ports::BudgetGrant{.granted = answer.granted,
                                      .create = answer.create,
                                      .wait = answer.wait,
                                      .why = std::move(answer.why),
                                      .left = answer.left,
                                      .limit = answer.limit,
                                      .after_refusal = answer.after_refusal};
        });
    }

    Result<void> report(const std::string& project, const core::BudgetPolicy& policy,
                        const core::BudgetReport& report) override {
        return database_.transact([&](Sql& sql) -> Result<void> {
            auto state = hold(sql, project);
            state = core::after_answer(policy, std::move(state), report, time_of(sql));
            (void)sql.query(write_statement, {project, budget_text(state)});
            return {};
        });
    }

    Result<ports::BudgetView> view(const std::string& project,
                                   const core::BudgetPolicy& policy) override {
        return database_.run([&](Sql& sql) -> Result<ports::BudgetView> {
            const Rows rows = sql.query(view_statement, {project});
            ports::BudgetView view{.project = project, .left = {}, .state = {}};
            view.state = read_budget(rows[0].text_or_empty(0));
            view.left = core::left_of(policy, view.state, rows[0].time(1));
            return view;
        });
    }

private:
    static core::BudgetState hold(Sql& sql, const std::string& project) {
        Rows rows = sql.query(hold_statement, {project});
        if (rows.empty()) {
            (void)sql.query(begin_statement, {project});
            rows = sql.query(hold_statement, {project});
        }
        return read_budget(rows[0].text(0));
    }
    static base::TimePoint time_of(Sql& sql) { return sql.query(now_statement)[0].time(0); }

    Database& database_;
};

}  // namespace

std::unique_ptr<ports::CloudBudgets> make_pg_cloud_budgets(Database& database) {
    return std::make_unique<PgCloudBudgets>(database);
}

}  // namespace hatchery::store
