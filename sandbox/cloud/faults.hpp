#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hatchery::sandbox {

/// An error answer made to order.
struct ApiErrorFault {
    /// "*" or a method, "*" or a route template such as "/servers/{id}".
    std::string method = "*";
    std::string route = "*";
    int status = 500;
    std::string code = "server_error";
    /// How many more calls get it.
    int count = 1;
    /// The call takes effect and only its answer is replaced.
    bool after_effect = false;
};

/// Which orders find nothing on stock; an empty field means any.
struct OutOfStockFault {
    std::string type;
    std::string location;
};

struct SshCutFault {
    int count = 0;
    std::uint64_t after_bytes = 0;
};

struct RateLimitFault {
    double limit = 0;
    double remaining = 0;
    /// Of a cloud that counts bursts, too; 0 leaves its own limit.
    double per_minute = 0;
};

/// What goes wrong on purpose. Counters count down as they are used up. The meaning of every field
/// is in sandbox/README.md.
struct FaultSet {
    int create_answer_lost = 0;
    int stuck_initializing = 0;
    int create_action_fails = 0;
    /// What such an action says, where it says anything.
    std::string create_action_code = "server_error";
    int delete_locked = 0;
    int wrong_host_key = 0;
    std::vector<ApiErrorFault> errors;
    std::vector<OutOfStockFault> out_of_stock;
    std::optional<int> quota_servers;
    std::optional<RateLimitFault> rate_limit;
    double late_visibility_seconds = 0;
    std::optional<double> boot_delay_seconds;
    int latency_ms = 0;
    bool reuse_addresses = false;
    SshCutFault ssh_cut;
};

/// Reads the document that PUT /v1/sandbox/faults takes: a missing field means that nothing goes
/// wrong there. Throws ApiError 422 naming every field that is wrong.
FaultSet parse_faults(const std::string& document);

/// The document back.
nlohmann::json to_json(const FaultSet& faults);

/// The faults in force, shared by all requests. Thread-safe.
class Faults {
public:
    void set(FaultSet faults);
    [[nodiscard]] FaultSet get() const;

    /// Uses up one of a counter; false when it is at zero.
    bool use(int FaultSet::* counter);
    /// Uses up one matching error fault.
    std::optional<ApiErrorFault> use_error(const std::string& method, const std::string& route);
    [[nodiscard]] bool is_out_of_stock(const std::string& type, const std::string& location) const;

private:
    mutable std::mutex mutex_;
    FaultSet set_;
};

}  // namespace hatchery::sandbox
