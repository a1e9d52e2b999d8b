#include "sandbox/digitalocean/digitalocean_api.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "sandbox/cloud/routing.hpp"
#include "sandbox/cloud/test_calls.hpp"
#include "sandbox/digitalocean/digitalocean_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

constexpr std::string_view kPrefix = "/v2";
constexpr std::string_view kSandboxPrefix = "/v2/sandbox/";
/// Hosts are shared with other clouds, whose ids are far below.
constexpr std::int64_t kIdDistance = 100'000'000'000;
constexpr int kHourlyLimit = 5000;
constexpr int kDefaultDropletLimit = 1000;

/// DigitalOcean's word for a status.
std::string id_of_status(int status) {
    switch (status) {
        case 400:
            return "bad_request";
        case 401:
            return "unauthorized";
        case 403:
            return "forbidden";
        case 404:
            return "not_found";
        case 405:
            return "method_not_allowed";
        case 409:
            return "conflict";
        case 422:
            return "unprocessable_entity";
        case 429:
            return "too_many_requests";
        case 503:
            return "service_unavailable";
        default:
            return "server_error";
    }
}

}  // namespace

namespace ocean {

void refuse(const std::string& why) { throw ApiError{422, "unprocessable_entity", why, nullptr}; }

void refuse_missing() {
    throw ApiError{404, "not_found", "The resource you requested could not be found.", nullptr};
}

}  // namespace ocean

DigitalOceanApi::DigitalOceanApi(Fleet& fleet, DigitalOceanOptions options)
    : impl_(std::make_unique<Impl>(fleet, std::move(options))) {}

DigitalOceanApi::~DigitalOceanApi() = default;

ApiAnswer DigitalOceanApi::handle(const ApiCall& call) { return impl_->handle(call); }

DigitalOceanApi::Impl::Impl(Fleet& fleet, DigitalOceanOptions options)
    : fleet_(fleet), options_(std::move(options)), next_id_(first_id() + kIdDistance) {
    gate_->api = this;
    fleet_.set_listener(
        [gate = gate_](std::int64_t id, HostEvent event, const std::string& message) {
            const std::lock_guard lock(gate->mutex);
            if (gate->api != nullptr) {
                gate->api->on_host_event(id, event, message);
            }
        });
}

DigitalOceanApi::Impl::~Impl() {
    const std::lock_guard lock(gate_->mutex);
    gate_->api = nullptr;
}

const std::vector<DigitalOceanApi::Impl::Route>& DigitalOceanApi::Impl::routes() {
    static const std::vector<Route> table = {
        {"GET", "/account", &Impl::get_account},
        {"GET", "/account/keys", &Impl::list_keys},
        {"POST", "/account/keys", &Impl::create_key},
        {"GET", "/account/keys/{ssh_key_identifier}", &Impl::get_key},
        {"DELETE", "/account/keys/{ssh_key_identifier}", &Impl::delete_key},
        {"GET", "/actions/{action_id}", &Impl::get_action},
        {"GET", "/droplets", &Impl::list_droplets},
        {"POST", "/droplets", &Impl::create_droplet},
        {"DELETE", "/droplets", &Impl::delete_droplets_by_tag},
        {"GET", "/droplets/{droplet_id}", &Impl::get_droplet},
        {"DELETE", "/droplets/{droplet_id}", &Impl::delete_droplet},
        {"GET", "/droplets/{droplet_id}/actions", &Impl::list_droplet_actions},
        {"POST", "/droplets/{droplet_id}/actions", &Impl::act_on_droplet},
        {"GET", "/droplets/{droplet_id}/actions/{action_id}", &Impl::get_droplet_action},
        {"GET", "/firewalls", &Impl::list_firewalls},
        {"POST", "/firewalls", &Impl::create_firewall},
        {"GET", "/firewalls/{firewall_id}", &Impl::get_firewall},
        {"PUT", "/firewalls/{firewall_id}", &Impl::update_firewall},
        {"DELETE", "/firewalls/{firewall_id}", &Impl::delete_firewall},
        {"GET", "/images", &Impl::list_images},
        {"GET", "/regions", &Impl::list_regions},
        {"GET", "/reserved_ips", &Impl::list_reserved_ips},
        {"POST", "/reserved_ips", &Impl::create_reserved_ip},
        {"GET", "/reserved_ips/{reserved_ip}", &Impl::get_reserved_ip},
        {"DELETE", "/reserved_ips/{reserved_ip}", &Impl::delete_reserved_ip},
        {"GET", "/sizes", &Impl::list_sizes},
        {"GET", "/snapshots", &Impl::list_snapshots},
        {"DELETE", "/snapshots/{snapshot_id}", &Impl::delete_snapshot},
        {"GET", "/tags", &Impl::list_tags},
        {"POST", "/tags", &Impl::create_tag},
        {"GET", "/tags/{tag_id}", &Impl::get_tag},
        {"DELETE", "/tags/{tag_id}", &Impl::delete_tag},
    };
    return table;
}

const DigitalOceanApi::Impl::Route* DigitalOceanApi::Impl::match(const ApiCall& call,
                                                                 std::vector<std::string>& words,
                                                                 bool& path_known,
                                                                 std::string& path_template) {
    path_known = false;
    path_template = "(unknown)";
    if (!call.path.starts_with(kPrefix)) {
        return nullptr;
    }
    const auto segments = split_path(std::string_view(call.path).substr(kPrefix.size()));
    for (const Route& route : routes()) {
        if (!fits(route.path, segments, words)) {
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

ApiAnswer DigitalOceanApi::Impl::error_answer(const ApiError& error) {
    // What reads bodies for all clouds names errors as Hetzner does.
    const bool is_foreign = error.code == "invalid_input" || error.code == "json_error";
    return {.status = error.status,
            .body = {{"id", is_foreign ? id_of_status(error.status) : error.code},
                     {"message", error.message},
                     {"request_id", next_uuid()}}};
}

std::string DigitalOceanApi::Impl::next_uuid() {
    char text[40];
    std::snprintf(text, sizeof text, "0d0c0000-0000-4000-8000-%012llx",
                  static_cast<unsigned long long>(next_id() & 0xffffffffffffLL));
    return text;
}

ApiAnswer DigitalOceanApi::Impl::handle(const ApiCall& call) {
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

/// Counts a request; throws when one limit is used up.
void DigitalOceanApi::Impl::take_request(const std::string& token, ApiAnswer& answer) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::system_clock::now();
    ocean::RateWindow& rate = account_of(token).rate;
    const auto verdict = rate.take(now);
    answer.headers.emplace_back("ratelimit-limit", std::to_string(rate.limit()));
    answer.headers.emplace_back("ratelimit-remaining", std::to_string(rate.remaining()));
    answer.headers.emplace_back("ratelimit-reset", std::to_string(rate.reset(now)));
    if (verdict == ocean::RateWindow::Verdict::allowed) {
        return;
    }
    if (verdict == ocean::RateWindow::Verdict::minute_used_up) {
        answer.headers.emplace_back("retry-after", std::to_string(rate.minute_frees_in(now)));
    }
    throw ApiError{429, "too_many_requests", "API Rate limit exceeded.", nullptr};
}

ApiAnswer DigitalOceanApi::Impl::limited(const ApiCall& call) {
    std::vector<std::string> words;
    bool path_known = false;
    std::string path_template;
    const Route* route = match(call, words, path_known, path_template);
    requests_.count_call(call.method, path_template);
    const FaultSet faults = faults_.get();
    if (faults.latency_ms > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(faults.latency_ms));
    }
    const std::string token = token_of(call.authorization);
    ApiAnswer headers;
    ApiAnswer answer;
    try {
        if (token.empty()) {
            throw ApiError{401, "unauthorized", "Unable to authenticate you", nullptr};
        }
        take_request(token, headers);
        if (route == nullptr) {
            throw path_known
                ? ApiError{405, "method_not_allowed", "method not allowed", nullptr}
                : ApiError{404, "not_found", "The resource you were accessing could not be found.",
                           nullptr};
        }
        answer = handle_in_account(call, token, *route, std::move(words));
    } catch (const ApiError& error) {
        answer = error_answer(error);
    }
    requests_.count_answer(answer.status);
    answer.headers.insert(answer.headers.end(), headers.headers.begin(), headers.headers.end());
    return answer;
}

ApiAnswer DigitalOceanApi::Impl::handle_in_account(const ApiCall& call, const std::string& token,
                                                   const Route& route,
                                                   std::vector<std::string> words) {
    const auto fault = faults_.use_error(call.method, std::string(route.path));
    const auto fault_answer = [&] {
        // Hetzner's word for "it broke" is the default of the fault's document.
        const std::string id =
            fault->code == "server_error" ? id_of_status(fault->status) : fault->code;
        return error_answer({fault->status, id, "made to order by a fault", nullptr});
    };
    if (fault && !fault->after_effect) {
        return fault_answer();
    }
    std::unique_lock lock(mutex_);
    Context context{call, account_of(token), std::move(words), lock};
    ApiAnswer answer = (this->*route.handler)(context);
    const bool created = call.method == "POST" && route.path == "/droplets";
    if (created && faults_.use(&FaultSet::create_answer_lost)) {
        answer.lost = true;
    }
    return fault ? fault_answer() : answer;
}

ocean::RateWindow DigitalOceanApi::Impl::fresh_rate() const {
    const auto fault = faults_.get().rate_limit;
    if (!fault) {
        return {};
    }
    return {static_cast<int>(fault->limit), static_cast<int>(fault->remaining),
            static_cast<int>(fault->per_minute), std::chrono::system_clock::now()};
}

ocean::Account& DigitalOceanApi::Impl::account_of(const std::string& token) {
    const auto [found, made] = accounts_.try_emplace(token);
    if (made) {
        found->second.rate = fresh_rate();
    }
    return found->second;
}

int DigitalOceanApi::Impl::droplet_limit() const {
    return faults_.get().quota_servers.value_or(kDefaultDropletLimit);
}

bool DigitalOceanApi::Impl::is_out_of_stock(const std::string& size,
                                            const std::string& region) const {
    return faults_.is_out_of_stock(size, region);
}

ApiAnswer DigitalOceanApi::Impl::handle_sandbox(const ApiCall& call) {
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
    if (what.starts_with("droplets/")) {
        return answer_droplet_call(call, "/" + what);
    }
    return answer_test_call(call, what, fleet_, requests_);
}

void DigitalOceanApi::Impl::set_faults(const std::string& document) {
    FaultSet faults = parse_faults(document);
    if (faults.rate_limit && faults.rate_limit->limit <= 0) {
        faults.rate_limit->limit = kHourlyLimit;
    }
    faults_.set(faults);
    fleet_.reuse_addresses(faults.reuse_addresses);
    fleet_.cut_ssh(faults.ssh_cut.count, faults.ssh_cut.after_bytes);
    const std::lock_guard lock(mutex_);
    for (auto& [token, account] : accounts_) {
        account.rate = fresh_rate();
    }
}

}  // namespace hatchery::sandbox
