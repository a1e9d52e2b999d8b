#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

#include "api/docs_page.hpp"
#include "api/openapi.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "store/migrations.hpp"

namespace hatchery::api::routes {

namespace {

Outcome healthz(const Exchange&) { return json_answer(200, {{"status", "ok"}}); }

/// Whether the database has this version's schema, asked once a second however many want to know.
class SchemaLook {
public:
    base::Result<bool> current(store::Database& database) {
        std::unique_lock asking(asking_, std::try_to_lock);
        if (const auto known = last(); known && (!asking || is_young())) return *known;
        if (!asking) {
            asking.lock();
            if (const auto known = last(); known && is_young()) return *known;
        }
        auto answer = store::schema_current(database);
        const std::lock_guard lock(mutex_);
        at_ = std::chrono::steady_clock::now();
        answer_ = answer;
        return answer;
    }

private:
    [[nodiscard]] std::optional<base::Result<bool>> last() const {
        const std::lock_guard lock(mutex_);
        return answer_;
    }
    [[nodiscard]] bool is_young() const {
        const std::lock_guard lock(mutex_);
        return std::chrono::steady_clock::now() - at_ < std::chrono::seconds(1);
    }

    std::mutex asking_;
    mutable std::mutex mutex_;
    std::chrono::steady_clock::time_point at_;
    std::optional<base::Result<bool>> answer_;
};

Outcome readyz(RouteContext& context, SchemaLook& schema) {
    const auto current = schema.current(context.deps.database);
    const bool migrated = current.has_value() && *current;
    if (migrated) {
        return json_answer(200, {{"status", "ok"}, {"database", "ok"}, {"migrations", "ok"}});
    }
    Problem problem =
        problem_of_status(503, current ? "The database's schema is not the one of this version."
                                       : "The database does not answer.");
    problem.next_action =
        current ? "Run `hatchery migrate`." : "See that PostgreSQL runs and DATABASE_URL is right.";
    if (!current) problem.log_detail = current.error().message;
    problem.retry_after_s = 2;
    return refuse(std::move(problem));
}

/// What the providers still take, as all processes together know it.
void show_budgets(RouteContext& context) {
    if (context.deps.cloud_budgets == nullptr) return;
    auto& registry = context.deps.engine_metrics;
    for (const auto& [name, cloud] : context.deps.clouds) {
        if (!cloud->can(providers::Capability::request_limits)) continue;
        const auto policy = core::usual_budget(name);
        const auto view = context.deps.cloud_budgets->view(name, policy);
        if (!view) continue;
        for (std::size_t i = 0; i < view->left.size(); ++i) {
            registry
                .gauge("hatchery_cloud_budget_requests",
                       "Requests that a provider takes before the next have to wait.",
                       {{"provider", name},
                        {"window_seconds", std::to_string(policy.limits[i].window.count())}})
                .set(static_cast<double>(view->left[i]));
        }
        registry
            .gauge("hatchery_cloud_creates_under_way", "Creates that a provider is asked for now.",
                   {{"provider", name}})
            .set(static_cast<double>(view->state.creates.size()));
    }
}

Outcome metrics(RouteContext& context) {
    show_budgets(context);
    std::string text = context.metrics.text() + context.deps.engine_metrics.text();
    const auto gauge = [&](std::string_view name, std::string_view help, long long value) {
        text += gauge_text(name, help, value);
    };
    gauge("hatchery_http_connections", "Open connections.",
          static_cast<long long>(context.connections()));
    gauge("hatchery_event_streams", "Open event streams.",
          static_cast<long long>(context.hub.streams()));
    gauge("hatchery_waiting_requests", "Requests that wait for a change (?wait=).",
          static_cast<long long>(context.hub.waits().taken()));
    gauge("hatchery_database_connections", "Open connections of the pool.",
          context.deps.database.open_connections());
    gauge("hatchery_notifications_listening", "Whether hints from other processes arrive.",
          context.deps.notifications.listening() ? 1 : 0);
    Answer answer;
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = std::move(text);
    return answer;
}

Outcome openapi(const Exchange&) {
    Answer answer;
    answer.body = openapi_document();
    return answer;
}

Outcome docs(const Exchange&) {
    static const DocsPage page = docs_page(openapi_document());
    Answer answer;
    answer.content_type = "text/html; charset=utf-8";
    answer.body = page.html;
    answer.headers.emplace_back("Content-Security-Policy", page.policy);
    return answer;
}

}  // namespace

void add_health_routes(Router& router, RouteContext& context) {
    router.add("GET", "/healthz", healthz);
    router.add("GET", "/readyz",
               [&context, schema = std::make_shared<SchemaLook>()](const Exchange&) {
                   return readyz(context, *schema);
               });
    router.add("GET", "/openapi.json", openapi);
    router.add("GET", "/docs", docs);
    router.add("GET", "/metrics", [&](const Exchange&) { return metrics(context); });
}

}  // namespace hatchery::api::routes
