#include "api/server.hpp"

#include <algorithm>

#include "api/authenticate.hpp"
#include "api/dashboard.hpp"
#include "api/routes/routes.hpp"

namespace hatchery::api {

namespace {

class HttpApiServer final : public ApiServer {
public:
    HttpApiServer(ApiOptions options, ApiDeps deps)
        : has_admin_(options.admin_listener.has_value()),
          hub_(deps.events, deps.notifications,
               {.limits = options.streams, .waits = options.waits}),
          context_{.deps = std::move(deps),
                   .hub = hub_,
                   .metrics = metrics_,
                   .connections = [this] { return front_->connections(); }},
          authenticator_({.public_url = context_.deps.settings.public_url}, context_.deps.tokens,
                         context_.deps.accounts),
          rates_(context_.deps.settings.rates, context_.deps.rate_budgets),
          writes_(context_.deps.idempotent_requests),
          router_(make_router(router_options(options), authenticator_, rates_, writes_,
                              context_.deps.audit, metrics_)) {
        options.front.listeners = {options.listener};
        if (options.admin_listener) options.front.listeners.push_back(*options.admin_listener);
        options.front.proxies = options.trusted_proxies;
        routes::add_health_routes(*router_, context_);
        front::RequestHandler* handler = router_.get();
        if (options.served == Served::everything) {
            add_all_routes();
            dashboard_ = make_dashboard(*router_, metrics_);
            handler = dashboard_.get();
        }
        front_ = front::make_front(std::move(options.front), *handler);
    }
    ~HttpApiServer() override { stop(); }

    base::Result<void> start() override { return front_->start(); }
    std::uint16_t port() const override { return front_->port(0); }
    std::uint16_t admin_port() const override {
        return has_admin_ ? front_->port(1) : std::uint16_t{0};
    }
    void stop() override { front_->stop(); }

private:
    void add_all_routes() {
        routes::add_hook_routes(*router_, context_);
        routes::add_telegram_routes(*router_, context_);
        routes::add_bot_routes(*router_, context_);
        routes::add_deploy_routes(*router_, context_);
        routes::add_operation_routes(*router_, context_);
        routes::add_job_routes(*router_, context_);
        routes::add_cloud_routes(*router_, context_);
        routes::add_cloud_by_hand_routes(*router_, context_);
        routes::add_cloud_ledger_routes(*router_, context_);
        routes::add_admin_routes(*router_, context_);
        routes::add_google_routes(*router_, context_);
        routes::add_session_routes(*router_, context_);
        routes::add_token_routes(*router_, context_);
        routes::add_audit_routes(*router_, context_);
        routes::add_option_routes(*router_, context_);
        routes::add_log_search_routes(*router_, context_);
        routes::add_fleet_routes(*router_, context_);
        routes::add_cost_routes(*router_, context_);
        routes::add_cloud_project_routes(*router_, context_);
        routes::add_user_routes(*router_, context_);
        routes::add_billing_routes(*router_, context_);
    }

    /// Half of the threads always stay free for what needs the database only.
    static RouterOptions router_options(const ApiOptions& options) {
        RouterOptions router;
        if (options.served == Served::health_only) router.admin_listener = 0;
        if (options.admin_listener) router.admin_listener = 1;
        router.trusts_loopback = options.trusts_loopback;
        router.trusted_proxies = options.trusted_proxies;
        router.outside_slots = std::max(1, options.front.worker_threads / 2);
        return router;
    }

    const bool has_admin_;
    Metrics metrics_;
    EventHub hub_;
    routes::RouteContext context_;
    Authenticator authenticator_;
    RateGate rates_;
    IdempotentWrites writes_;
    std::unique_ptr<Router> router_;
    /// Before the router; null where only health is served.
    std::unique_ptr<front::RequestHandler> dashboard_;
    std::unique_ptr<front::Front> front_;
};

}  // namespace

std::unique_ptr<ApiServer> make_api_server(ApiOptions options, ApiDeps deps) {
    return std::make_unique<HttpApiServer>(std::move(options), std::move(deps));
}

}  // namespace hatchery::api
