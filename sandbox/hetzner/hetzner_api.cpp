#include "sandbox/hetzner/hetzner_api.hpp"

#include <algorithm>
#include <thread>

#include "sandbox/cloud/routing.hpp"
#include "sandbox/cloud/test_calls.hpp"
#include "sandbox/cloud/validation.hpp"
#include "sandbox/hetzner/hetzner_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

constexpr std::string_view kPrefix = "/v1";
constexpr std::string_view kSandboxPrefix = "/v1/sandbox/";

ApiAnswer error_answer(const ApiError& error) {
    return {
        .status = error.status,
        .body = {{"error",
                  {{"code", error.code}, {"message", error.message}, {"details", error.details}}}}};
}

}  // namespace

HetznerApi::HetznerApi(Fleet& fleet, HetznerOptions options)
    : impl_(std::make_unique<Impl>(fleet, std::move(options))) {}

HetznerApi::~HetznerApi() = default;

ApiAnswer HetznerApi::handle(const ApiCall& call) { return impl_->handle(call); }

HetznerApi::Impl::Impl(Fleet& fleet, HetznerOptions options)
    : fleet_(fleet), options_(std::move(options)), next_id_(first_id()) {
    gate_->api = this;
    fleet_.set_listener(
        [gate = gate_](std::int64_t id, HostEvent event, const std::string& message) {
            const std::lock_guard lock(gate->mutex);
            if (gate->api != nullptr) {
                gate->api->on_host_event(id, event, message);
            }
        });
}

HetznerApi::Impl::~Impl() {
    const std::lock_guard lock(gate_->mutex);
    gate_->api = nullptr;
}

const std::vector<HetznerApi::Impl::Route>& HetznerApi::Impl::routes() {
    static const std::vector<Route> table = {
        {"GET", "/servers", &Impl::list_servers},
        {"POST", "/servers", &Impl::create_server},
        {"GET", "/servers/actions", &Impl::list_server_actions},
        {"GET", "/servers/actions/{id}", &Impl::get_action},
        {"GET", "/servers/{id}", &Impl::get_server},
        {"PUT", "/servers/{id}", &Impl::update_server},
        {"DELETE", "/servers/{id}", &Impl::delete_server},
        {"GET", "/servers/{id}/actions", &Impl::list_server_actions},
        {"GET", "/servers/{id}/actions/{action_id}", &Impl::get_server_action},
        {"POST", "/servers/{id}/actions/poweron", &Impl::power_on},
        {"POST", "/servers/{id}/actions/poweroff", &Impl::power_off},
        {"POST", "/servers/{id}/actions/shutdown", &Impl::shut_down},
        {"POST", "/servers/{id}/actions/reboot", &Impl::reboot},
        {"POST", "/servers/{id}/actions/reset", &Impl::reset},
        {"POST", "/servers/{id}/actions/create_image", &Impl::create_image},
        {"GET", "/actions", &Impl::list_actions},
        {"GET", "/actions/{id}", &Impl::get_action},
        {"GET", "/locations", &Impl::list_locations},
        {"GET", "/locations/{id}", &Impl::get_location},
        {"GET", "/server_types", &Impl::list_server_types},
        {"GET", "/server_types/{id}", &Impl::get_server_type},
        {"GET", "/images", &Impl::list_images},
        {"GET", "/images/{id}", &Impl::get_image},
        {"DELETE", "/images/{id}", &Impl::delete_image},
        {"GET", "/pricing", &Impl::get_pricing},
        {"GET", "/ssh_keys", &Impl::list_ssh_keys},
        {"POST", "/ssh_keys", &Impl::create_ssh_key},
        {"GET", "/ssh_keys/{id}", &Impl::get_ssh_key},
        {"PUT", "/ssh_keys/{id}", &Impl::update_ssh_key},
        {"DELETE", "/ssh_keys/{id}", &Impl::delete_ssh_key},
        {"GET", "/primary_ips", &Impl::list_primary_ips},
        {"POST", "/primary_ips", &Impl::create_primary_ip},
        {"GET", "/primary_ips/{id}", &Impl::get_primary_ip},
        {"DELETE", "/primary_ips/{id}", &Impl::delete_primary_ip},
        {"GET", "/floating_ips", &Impl::list_floating_ips},
        {"POST", "/floating_ips", &Impl::create_floating_ip},
        {"GET", "/floating_ips/{id}", &Impl::get_floating_ip},
        {"DELETE", "/floating_ips/{id}", &Impl::delete_floating_ip},
        {"GET", "/firewalls", &Impl::list_firewalls},
        {"POST", "/firewalls", &Impl::create_firewall},
        {"GET", "/firewalls/actions", &Impl::list_firewall_actions},
        {"GET", "/firewalls/{id}", &Impl::get_firewall},
        {"PUT", "/firewalls/{id}", &Impl::update_firewall},
        {"DELETE", "/firewalls/{id}", &Impl::delete_firewall},
        {"GET", "/firewalls/{id}/actions", &Impl::list_firewall_actions},
        {"POST", "/firewalls/{id}/actions/set_rules", &Impl::set_firewall_rules},
        {"POST", "/firewalls/{id}/actions/apply_to_resources", &Impl::apply_firewall},
        {"POST", "/firewalls/{id}/actions/remove_from_resources", &Impl::remove_firewall},
    };
    return table;
}

const HetznerApi::Impl::Route* HetznerApi::Impl::match(const ApiCall& call,
                                                       std::vector<std::int64_t>& ids,
                                                       bool& path_known,
                                                       std::string& path_template) {
    path_known = false;
    path_template = "(unknown)";
    if (!call.path.starts_with(kPrefix)) {
        return nullptr;
    }
    const auto segments = split_path(std::string_view(call.path).substr(kPrefix.size()));
    for (const Route& route : routes()) {
        if (!fits(route.path, segments, ids)) {
            continue;
        }
        path_known = true;
        path_template = std::string(route.path);
        if (route.method == call.method) {
            return &route;
        }
    }
    return nullptr;
}

ApiAnswer HetznerApi::Impl::handle(const ApiCall& call) {
    ApiAnswer answer;
    try {
        answer = call.path.starts_with(kSandboxPrefix) ? handle_sandbox(call) : limited(call);
    } catch (const ApiError& error) {
        answer = error_answer(error);
    } catch (const std::exception& failure) {
        options_.log("event=api_call_failed path=" + call.path + " why=" + failure.what());
        answer = error_answer({500, "server_error", "the sandbox failed", nullptr});
    }
    return answer;
}

ApiAnswer HetznerApi::Impl::limited(const ApiCall& call) {
    std::vector<std::int64_t> ids;
    bool path_known = false;
    std::string path_template;
    const Route* route = match(call, ids, path_known, path_template);
    requests_.count_call(call.method, path_template);
    const FaultSet faults = faults_.get();
    if (faults.latency_ms > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(faults.latency_ms));
    }

    const std::string token = token_of(call.authorization);
    ApiAnswer answer;
    try {
        const auto now = std::chrono::system_clock::now();
        bool allowed = false;
        {
            const std::lock_guard lock(mutex_);
            allowed = project_of(token).rate_limit.take(now);
        }
        if (!allowed) {
            throw ApiError{429, "rate_limit_exceeded", "limit of requests per hour reached",
                           nullptr};
        }
        if (token.empty()) {
            throw ApiError{401, "unauthorized", "unable to authenticate", nullptr};
        }
        if (route == nullptr) {
            throw path_known ? ApiError{405, "method_not_allowed", "method not allowed", nullptr}
                             : ApiError{404, "not_found", "route not found", nullptr};
        }
        answer = handle_in_project(call, token, *route, std::move(ids));
    } catch (const ApiError& error) {
        answer = error_answer(error);
    }
    requests_.count_answer(answer.status);
    const std::lock_guard lock(mutex_);
    const RateLimit& limit = project_of(token).rate_limit;
    answer.headers.emplace_back("RateLimit-Limit", std::to_string(limit.limit()));
    answer.headers.emplace_back("RateLimit-Remaining", std::to_string(limit.remaining()));
    answer.headers.emplace_back("RateLimit-Reset",
                                std::to_string(limit.full_at(std::chrono::system_clock::now())));
    return answer;
}

ApiAnswer HetznerApi::Impl::handle_in_project(const ApiCall& call, const std::string& token,
                                              const Route& route, std::vector<std::int64_t> ids) {
    const auto fault = faults_.use_error(call.method, std::string(route.path));
    const auto fault_answer = [&] {
        return error_answer({fault->status, fault->code, "made to order by a fault", nullptr});
    };
    if (fault && !fault->after_effect) {
        return fault_answer();
    }
    std::unique_lock lock(mutex_);
    Context context{call, project_of(token), std::move(ids), lock};
    ApiAnswer answer = (this->*route.handler)(context);
    const bool created = call.method == "POST" && route.path == "/servers";
    if (created && faults_.use(&FaultSet::create_answer_lost)) {
        answer.lost = true;
    }
    return fault ? fault_answer() : answer;
}

Project& HetznerApi::Impl::project_of(const std::string& token) {
    const auto [found, made] = projects_.try_emplace(token);
    if (made) {
        if (const auto limit = faults_.get().rate_limit) {
            found->second.rate_limit = RateLimit(limit->limit, limit->remaining);
        }
    }
    return found->second;
}

ApiAnswer HetznerApi::Impl::handle_sandbox(const ApiCall& call) {
    const std::string what = call.path.substr(kSandboxPrefix.size());
    if (what == "faults" && call.method == "GET") {
        FaultSet faults = faults_.get();
        faults.ssh_cut.count = fleet_.ssh_cuts_left();
        return {.body = to_json(faults)};
    }
    if (what == "faults" && call.method == "PUT") {
        set_faults(call.body);
        return {.body = to_json(faults_.get())};
    }
    return answer_test_call(call, what, fleet_, requests_);
}

void HetznerApi::Impl::set_faults(const std::string& document) {
    const FaultSet faults = parse_faults(document);
    faults_.set(faults);
    fleet_.reuse_addresses(faults.reuse_addresses);
    fleet_.cut_ssh(faults.ssh_cut.count, faults.ssh_cut.after_bytes);
    const std::lock_guard lock(mutex_);
    for (auto& [token, project] : projects_) {
        project.rate_limit = faults.rate_limit
                                 ? RateLimit(faults.rate_limit->limit, faults.rate_limit->remaining)
                                 : RateLimit();
    }
}

}  // namespace hatchery::sandbox
