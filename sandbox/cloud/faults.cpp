#include "sandbox/cloud/faults.hpp"

#include <algorithm>

#include "sandbox/cloud/validation.hpp"

namespace hatchery::sandbox {
namespace {

constexpr double kMaxSeconds = 86'400;
constexpr int kMaxCount = 1'000'000'000;

std::vector<ApiErrorFault> parse_errors(BodyReader& reader) {
    std::vector<ApiErrorFault> errors;
    for (const auto& entry : reader.array("error")) {
        BodyReader one(entry);
        ApiErrorFault fault;
        fault.method = one.text("method").value_or(fault.method);
        fault.route = one.text("route").value_or(fault.route);
        fault.status = one.count("status", fault.status, kMaxCount);
        fault.code = one.text("code").value_or(fault.code);
        fault.count = one.count("count", fault.count, kMaxCount);
        fault.after_effect = one.flag("afterEffect", false);
        if (fault.status < 400 || fault.status > 599) {
            one.reject("status", "Not an error status.");
        }
        one.finish();
        errors.push_back(std::move(fault));
    }
    return errors;
}

std::vector<OutOfStockFault> parse_out_of_stock(BodyReader& reader) {
    std::vector<OutOfStockFault> result;
    for (const auto& entry : reader.array("outOfStock")) {
        BodyReader one(entry);
        OutOfStockFault fault;
        fault.type = one.text("type").value_or("");
        fault.location = one.text("location").value_or("");
        one.finish();
        result.push_back(std::move(fault));
    }
    return result;
}

}  // namespace

FaultSet parse_faults(const std::string& document) {
    BodyReader reader(document);
    FaultSet faults;
    faults.create_answer_lost = reader.count("createAnswerLost", 0, kMaxCount);
    faults.stuck_initializing = reader.count("stuckInitializing", 0, kMaxCount);
    faults.create_action_fails = reader.count("createActionFails", 0, kMaxCount);
    faults.create_action_code = reader.text("createActionCode").value_or(faults.create_action_code);
    faults.delete_locked = reader.count("deleteLocked", 0, kMaxCount);
    faults.wrong_host_key = reader.count("wrongHostKey", 0, kMaxCount);
    faults.latency_ms = reader.count("latencyMs", 0, kMaxCount);
    faults.reuse_addresses = reader.flag("reuseAddresses", false);
    faults.errors = parse_errors(reader);
    faults.out_of_stock = parse_out_of_stock(reader);
    if (const auto quota = reader.number("quotaServers", kMaxCount)) {
        faults.quota_servers = static_cast<int>(*quota);
    }
    faults.late_visibility_seconds =
        reader.number("lateVisibilitySeconds", kMaxSeconds).value_or(0);
    faults.boot_delay_seconds = reader.number("bootDelaySeconds", kMaxSeconds);
    if (const auto limit = reader.nullable_object("rateLimit")) {
        BodyReader one(*limit);
        RateLimitFault fault;
        fault.limit = one.number("limit", kMaxCount).value_or(3600);
        fault.remaining = one.number("remaining", kMaxCount).value_or(fault.limit);
        fault.per_minute = one.number("perMinute", kMaxCount).value_or(0);
        one.finish();
        faults.rate_limit = fault;
    }
    if (const auto cut = reader.nullable_object("sshCut")) {
        BodyReader one(*cut);
        faults.ssh_cut.count = one.count("count", 1, kMaxCount);
        faults.ssh_cut.after_bytes =
            static_cast<std::uint64_t>(one.number("afterBytes", 1e12).value_or(0));
        one.finish();
    }
    reader.finish();
    return faults;
}

nlohmann::json to_json(const FaultSet& faults) {
    nlohmann::json errors = nlohmann::json::array();
    for (const ApiErrorFault& fault : faults.errors) {
        errors.push_back({{"method", fault.method},
                          {"route", fault.route},
                          {"status", fault.status},
                          {"code", fault.code},
                          {"count", fault.count},
                          {"afterEffect", fault.after_effect}});
    }
    nlohmann::json out_of_stock = nlohmann::json::array();
    for (const OutOfStockFault& fault : faults.out_of_stock) {
        out_of_stock.push_back({{"type", fault.type}, {"location", fault.location}});
    }
    nlohmann::json document{
        {"createAnswerLost", faults.create_answer_lost},
        {"stuckInitializing", faults.stuck_initializing},
        {"createActionFails", faults.create_action_fails},
        {"createActionCode", faults.create_action_code},
        {"deleteLocked", faults.delete_locked},
        {"wrongHostKey", faults.wrong_host_key},
        {"error", errors},
        {"outOfStock", out_of_stock},
        {"quotaServers", nullptr},
        {"rateLimit", nullptr},
        {"lateVisibilitySeconds", faults.late_visibility_seconds},
        {"bootDelaySeconds", nullptr},
        {"latencyMs", faults.latency_ms},
        {"reuseAddresses", faults.reuse_addresses},
        {"sshCut", {{"count", faults.ssh_cut.count}, {"afterBytes", faults.ssh_cut.after_bytes}}}};
    if (faults.quota_servers) {
        document["quotaServers"] = *faults.quota_servers;
    }
    if (faults.rate_limit) {
        document["rateLimit"] = {{"limit", faults.rate_limit->limit},
                                 {"remaining", faults.rate_limit->remaining},
                                 {"perMinute", faults.rate_limit->per_minute}};
    }
    if (faults.boot_delay_seconds) {
        document["bootDelaySeconds"] = *faults.boot_delay_seconds;
    }
    return document;
}

void Faults::set(FaultSet faults) {
    const std::lock_guard lock(mutex_);
    set_ = std::move(faults);
}

FaultSet Faults::get() const {
    const std::lock_guard lock(mutex_);
    return set_;
}

bool Faults::use(int FaultSet::* counter) {
    const std::lock_guard lock(mutex_);
    if (set_.*counter <= 0) {
        return false;
    }
    --(set_.*counter);
    return true;
}

std::optional<ApiErrorFault> Faults::use_error(const std::string& method,
                                               const std::string& route) {
    const std::lock_guard lock(mutex_);
    for (ApiErrorFault& fault : set_.errors) {
        const bool matches = (fault.method == "*" || fault.method == method) &&
                             (fault.route == "*" || fault.route == route);
        if (matches && fault.count > 0) {
            --fault.count;
            return fault;
        }
    }
    return std::nullopt;
}

bool Faults::is_out_of_stock(const std::string& type, const std::string& location) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(set_.out_of_stock.begin(), set_.out_of_stock.end(),
                       [&](const OutOfStockFault& fault) {
                           return (fault.type.empty() || fault.type == type) &&
                                  (fault.location.empty() || fault.location == location);
                       });
}

}  // namespace hatchery::sandbox
