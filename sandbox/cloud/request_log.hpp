#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace hatchery::sandbox {

/// Counts calls by method and route template, and by answer. Thread-safe.
class RequestLog {
public:
    void count_call(const std::string& method, const std::string& route) {
        const std::lock_guard lock(mutex_);
        ++total_;
        ++by_route_[method + " " + route];
    }
    void count_answer(int status) {
        const std::lock_guard lock(mutex_);
        ++by_status_[std::to_string(status)];
    }
    void reset() {
        const std::lock_guard lock(mutex_);
        total_ = 0;
        by_route_.clear();
        by_status_.clear();
    }
    [[nodiscard]] nlohmann::json to_json() const {
        const std::lock_guard lock(mutex_);
        return {{"total", total_}, {"byRoute", by_route_}, {"byStatus", by_status_}};
    }

private:
    mutable std::mutex mutex_;
    long total_ = 0;
    std::map<std::string, long> by_route_;
    std::map<std::string, long> by_status_;
};

}  // namespace hatchery::sandbox
