#include "support/fake_cloud_provider.hpp"

#include <algorithm>

namespace hatchery::support {

using base::Effect;
using base::Error;
using base::ErrorKind;
using providers::CloudServer;
using providers::CloudServerStatus;

namespace {

Error lost_answer(const std::string& what) {
    Error error{.kind = ErrorKind::unavailable, .effect = Effect::unknown};
    error.message = "the connection broke before the answer to " + what;
    return error;
}

/// RFC 2544 keeps 198.18.0.0/15 for benchmarks, so it never answers; enough for a large fleet.
std::string address_of(long long id) {
    return "198." + std::to_string(18 + id / 65'536 % 2) + "." + std::to_string(id / 256 % 256) +
           "." + std::to_string(id % 256);
}

Error plausible(ErrorKind kind) {
    const bool unsure = kind == ErrorKind::timeout || kind == ErrorKind::unavailable ||
                        kind == ErrorKind::bad_response;
    Error error{.kind = kind, .effect = unsure ? Effect::unknown : Effect::none};
    error.message = "planned by the test: " + std::string(base::to_text(kind));
    if (kind == ErrorKind::rate_limited) {
        error.retry_after = std::chrono::seconds(1);
        error.code = "rate_limit_exceeded";
    }
    return error;
}

}  // namespace

FakeCloudProvider::FakeCloudProvider(const base::Clock& clock, Options options)
    : clock_(clock), options_(std::move(options)) {}

void FakeCloudProvider::lose_next_create_answers(int times) {
    const std::scoped_lock lock(mutex_);
    lost_creates_ += times;
}

void FakeCloudProvider::lose_next_delete_answers(int times) {
    const std::scoped_lock lock(mutex_);
    lost_deletes_ += times;
}

void FakeCloudProvider::fail_next(Method method, int times, Error error) {
    const std::scoped_lock lock(mutex_);
    failures_.push_back({.method = method, .times = times, .error = std::move(error)});
}

void FakeCloudProvider::fail_next(Method method, int times, ErrorKind kind) {
    fail_next(method, times, plausible(kind));
}

void FakeCloudProvider::also_sell(providers::Offer offer) {
    const std::scoped_lock lock(mutex_);
    also_sold_.push_back(std::move(offer));
}

void FakeCloudProvider::set_out_of_stock(const std::string& type, const std::string& region) {
    const std::scoped_lock lock(mutex_);
    out_of_stock_.emplace(type, region);
}

void FakeCloudProvider::restock() {
    const std::scoped_lock lock(mutex_);
    out_of_stock_.clear();
}

void FakeCloudProvider::set_max_servers(std::size_t max_servers) {
    const std::scoped_lock lock(mutex_);
    options_.max_servers = max_servers;
}

void FakeCloudProvider::hide_new_servers_for(std::chrono::milliseconds delay) {
    const std::scoped_lock lock(mutex_);
    options_.visible_after = delay;
}

void FakeCloudProvider::take_to_delete(std::chrono::milliseconds time) {
    const std::scoped_lock lock(mutex_);
    options_.delete_time = time;
}

void FakeCloudProvider::never_boot_next(int times) {
    const std::scoped_lock lock(mutex_);
    never_booting_ += times;
}

void FakeCloudProvider::fail_next_create_actions(int times, Error error) {
    const std::scoped_lock lock(mutex_);
    error.effect = Effect::none;
    failing_creates_.insert(failing_creates_.end(), static_cast<std::size_t>(times), error);
}

void FakeCloudProvider::fail_next_create_actions(int times, ErrorKind kind) {
    auto error = plausible(kind);
    error.code = kind == ErrorKind::out_of_stock ? "resource_unavailable" : "server_error";
    fail_next_create_actions(times, std::move(error));
}

void FakeCloudProvider::add_server(CloudServer server) {
    const std::scoped_lock lock(mutex_);
    if (server.provider_server_id.empty()) server.provider_server_id = std::to_string(next_id_++);
    machines_.push_back(
        {.server = std::move(server), .user_data = {}, .boot = Boot::done, .deleted_at = {}});
}

void FakeCloudProvider::vanish(const std::string& provider_server_id) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(machines_, [&](const Machine& machine) {
        return machine.server.provider_server_id == provider_server_id;
    });
}

void FakeCloudProvider::before_each_call(std::function<void(Method)> hook) {
    const std::scoped_lock lock(mutex_);
    hook_ = std::move(hook);
}

std::vector<CloudServer> FakeCloudProvider::servers() const {
    const std::scoped_lock lock(mutex_);
    std::vector<CloudServer> all;
    for (const Machine& machine : machines_) {
        const bool gone =
            machine.deleted_at && clock_.now() >= *machine.deleted_at + options_.delete_time;
        if (!gone) all.push_back(shown(machine));
    }
    return all;
}

std::optional<CloudServer> FakeCloudProvider::server_at(const std::string& address) const {
    const std::scoped_lock lock(mutex_);
    for (const Machine& machine : machines_) {
        if (machine.server.public_ip == address && !machine.deleted_at) return shown(machine);
    }
    return std::nullopt;
}

void FakeCloudProvider::each_server(
    const std::function<void(const CloudServer&, bool)>& look) const {
    const std::scoped_lock lock(mutex_);
    for (const Machine& machine : machines_) look(machine.server, machine.deleted_at.has_value());
}

std::string FakeCloudProvider::user_data(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    for (const Machine& machine : machines_) {
        if (machine.server.name == name) return machine.user_data;
    }
    return {};
}

std::vector<FakeCloudProvider::RecordedCall> FakeCloudProvider::calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
}

int FakeCloudProvider::calls_of(Method method) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<int>(
        std::ranges::count(calls_, method, [](const RecordedCall& call) { return call.method; }));
}

void FakeCloudProvider::forget_calls() {
    const std::scoped_lock lock(mutex_);
    calls_.clear();
}

base::Result<void> FakeCloudProvider::enter(Method method, const std::string& about,
                                            const base::Call& call) {
    std::function<void(Method)> hook;
    {
        const std::scoped_lock lock(mutex_);
        calls_.push_back({.method = method, .about = about, .at = clock_.now()});
        hook = hook_;
    }
    if (hook) hook(method);
    if (call.stop.stop_requested()) return base::fail(ErrorKind::cancelled, "a stop was requested");
    if (call.left().count() == 0) return base::fail(ErrorKind::timeout, "no time was left");
    const std::scoped_lock lock(mutex_);
    drop_deleted();
    for (Failure& failure : failures_) {
        if (failure.times > 0 && failure.method == method) {
            --failure.times;
            return base::fail(failure.error);
        }
    }
    return {};
}

void FakeCloudProvider::drop_deleted() {
    std::erase_if(machines_, [&](const Machine& machine) {
        return machine.deleted_at && clock_.now() >= *machine.deleted_at + options_.delete_time;
    });
}

CloudServer FakeCloudProvider::shown(const Machine& machine) const {
    CloudServer server = machine.server;
    if (machine.deleted_at) {
        server.status = CloudServerStatus::deleting;
    } else if (machine.boot == Boot::never) {
        server.status = CloudServerStatus::initializing;
    } else if (machine.boot == Boot::off) {
        server.status = CloudServerStatus::off;
    } else if (machine.boot == Boot::failing) {
        const bool has_failed = clock_.now() - server.created_at >= options_.boot_time / 3;
        server.status = has_failed ? CloudServerStatus::off : CloudServerStatus::initializing;
    } else if (machine.boot == Boot::by_clock) {
        const auto age = clock_.now() - server.created_at;
        server.status = age >= options_.boot_time       ? CloudServerStatus::running
                        : age >= options_.boot_time / 3 ? CloudServerStatus::starting
                                                        : CloudServerStatus::initializing;
    }
    const bool is_up = server.status != CloudServerStatus::initializing &&
                       server.status != CloudServerStatus::starting;
    if (options_.late_address && !is_up) server.public_ip.clear();
    return server;
}

bool FakeCloudProvider::visible(const Machine& machine) const {
    return machine.boot == Boot::done ||
           clock_.now() >= machine.server.created_at + options_.visible_after;
}

base::Result<void> FakeCloudProvider::check_create(const providers::CreateServer& request) const {
    Error error{.effect = Effect::none};
    for (const auto& [type, region] : out_of_stock_) {
        if ((type.empty() || type == request.type) &&
            (region.empty() || region == request.region)) {
            error.kind = ErrorKind::out_of_stock;
            error.code = "resource_unavailable";
            error.message = request.type + " is out of stock in " + request.region;
            return base::fail(std::move(error));
        }
    }
    const auto same_name = [&](const Machine& machine) {
        return machine.server.name == request.name;
    };
    if (options_.unique_names && std::ranges::any_of(machines_, same_name)) {
        error.kind = ErrorKind::conflict;
        error.code = "uniqueness_error";
        error.message = "a server named " + request.name + " exists";
        return base::fail(std::move(error));
    }
    if (machines_.size() >= options_.max_servers) {
        error.kind = ErrorKind::quota_exceeded;
        error.code = "resource_limit_exceeded";
        error.message = "the project may have no more servers";
        return base::fail(std::move(error));
    }
    if (request.name.empty() || request.type.empty() || request.image.empty()) {
        error.kind = ErrorKind::invalid;
        error.code = "invalid_input";
        error.message = "a server needs a name, a type and an image";
        return base::fail(std::move(error));
    }
    return {};
}

base::Result<CloudServer> FakeCloudProvider::create_server(const providers::CreateServer& request,
                                                           const base::Call& call) {
    if (auto entered = enter(Method::create, request.name, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    if (auto checked = check_create(request); !checked) return base::fail(checked.error());
    const long long id = next_id_++;
    const bool big = request.type == "cpx22";
    Machine machine;
    machine.server = {.provider_server_id = std::to_string(id),
                      .name = request.name,
                      .status = CloudServerStatus::initializing,
                      .public_ip = address_of(id),
                      .labels = request.labels,
                      .region = request.region,
                      .type = request.type,
                      .created_at = clock_.now(),
                      .price_hourly = big ? "0.0104" : "0.0060",
                      .price_monthly = big ? "6.4900" : "3.4900",
                      .price_currency = "EUR"};
    machine.user_data = request.user_data.reveal();
    if (never_booting_ > 0) {
        --never_booting_;
        machine.boot = Boot::never;
    } else if (!failing_creates_.empty()) {
        machine.boot = Boot::failing;
        machine.failure = failing_creates_.back();
        failing_creates_.pop_back();
    }
    const std::string action = "7" + std::to_string(id);
    actions_[action] = machine;
    machines_.push_back(machine);
    if (lost_creates_ > 0) {
        --lost_creates_;
        return base::fail(lost_answer("create"));
    }
    auto answer = shown(machine);
    answer.create_actions = {action};
    return answer;
}

base::Result<std::optional<CloudServer>> FakeCloudProvider::find_server(const std::string& name,
                                                                        const base::Call& call) {
    if (auto entered = enter(Method::find, name, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    for (const Machine& machine : machines_) {
        if (machine.server.name == name && visible(machine)) return shown(machine);
    }
    return std::nullopt;
}

base::Result<std::optional<CloudServer>> FakeCloudProvider::get_server(
    const std::string& provider_server_id, const base::Call& call) {
    if (auto entered = enter(Method::get, provider_server_id, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    for (const Machine& machine : machines_) {
        if (machine.server.provider_server_id == provider_server_id) return shown(machine);
    }
    return std::nullopt;
}

base::Result<std::vector<CloudServer>> FakeCloudProvider::list_servers(const std::string& label,
                                                                       const std::string& value,
                                                                       const base::Call& call) {
    if (auto entered = enter(Method::list, label + '=' + value, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    std::vector<CloudServer> found;
    for (const Machine& machine : machines_) {
        const auto at = machine.server.labels.find(label);
        const bool bears = at != machine.server.labels.end() && at->second == value;
        if (bears && visible(machine)) found.push_back(shown(machine));
    }
    return found;
}

base::Result<std::vector<CloudServer>> FakeCloudProvider::list_project(const base::Call& call) {
    if (auto entered = enter(Method::list, "all", call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    std::vector<CloudServer> found;
    for (const Machine& machine : machines_) {
        if (visible(machine)) found.push_back(shown(machine));
    }
    return found;
}

base::Result<std::vector<CloudServer>> FakeCloudProvider::look_at(
    const providers::WantedServers& wanted, const base::Call& call) {
    if (auto entered = enter(Method::list, wanted.label, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    std::vector<CloudServer> found;
    for (const Machine& machine : machines_) {
        const bool is_wanted = std::ranges::any_of(wanted.servers, [&](const auto& one) {
            return one.provider_server_id == machine.server.provider_server_id;
        });
        if (is_wanted && visible(machine)) found.push_back(shown(machine));
    }
    return found;
}

std::size_t FakeCloudProvider::actions_a_request() const {
    const std::scoped_lock lock(mutex_);
    return options_.unique_names ? 25 : 1;
}

base::Result<std::vector<core::CloudAction>> FakeCloudProvider::actions(
    std::span<const std::string> ids, const base::Call& call) {
    std::vector<core::CloudAction> seen;
    const auto a_request = actions_a_request();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i % a_request == 0) {
            if (auto entered = enter(Method::actions, ids[i], call); !entered) {
                if (seen.empty()) return base::fail(entered.error());
                return seen;
            }
        }
        const std::scoped_lock lock(mutex_);
        const auto found = actions_.find(ids[i]);
        if (found != actions_.end()) seen.push_back(action_of(ids[i], found->second));
    }
    return seen;
}

core::CloudAction FakeCloudProvider::action_of(const std::string& id, const Machine& made) const {
    using State = core::CloudAction::State;
    core::CloudAction action{.id = id, .state = State::running, .progress_percent = 50};
    const auto age = clock_.now() - made.server.created_at;
    if (made.boot == Boot::failing && age >= options_.boot_time / 3) {
        action.state = State::failed;
        action.error = made.failure;
    } else if (made.boot == Boot::by_clock && age >= options_.boot_time) {
        action.state = State::succeeded;
    }
    return action;
}

base::Result<void> FakeCloudProvider::delete_server(const std::string& provider_server_id,
                                                    const base::Call& call) {
    if (auto entered = enter(Method::remove, provider_server_id, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    for (Machine& machine : machines_) {
        if (machine.server.provider_server_id != provider_server_id) continue;
        if (!machine.deleted_at) machine.deleted_at = clock_.now();
    }
    drop_deleted();
    if (lost_deletes_ > 0) {
        --lost_deletes_;
        return base::fail(lost_answer("delete"));
    }
    return {};
}

base::Result<std::vector<providers::Offer>> FakeCloudProvider::offers(const base::Call& call) {
    if (auto entered = enter(Method::offers, {}, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    std::vector<providers::Offer> all;
    for (const auto* region : {"fsn1", "nbg1"}) {
        for (const auto* type : {"cx23", "cpx22"}) {
            const bool big = std::string_view(type) == "cpx22";
            const auto sold_out = [&](const auto& entry) {
                return (entry.first.empty() || entry.first == type) &&
                       (entry.second.empty() || entry.second == region);
            };
            all.push_back({.region = region,
                           .region_description = std::string("Region ") + region,
                           .country = "DE",
                           .type = type,
                           .architecture = "x86",
                           .cores = 2,
                           .memory_gb = 4,
                           .disk_gb = big ? 80 : 40,
                           .price_hourly = big ? "0.0104" : "0.0060",
                           .price_monthly = big ? "6.4900" : "3.4900",
                           .price_currency = "EUR",
                           .available = std::ranges::none_of(out_of_stock_, sold_out)});
        }
    }
    all.insert(all.end(), also_sold_.begin(), also_sold_.end());
    return all;
}

}  // namespace hatchery::support
