#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/machine_allocations.hpp"

namespace hatchery::support {

/// Allocations in a map, by a clock of the test's, which fail on command. Thread-safe.
class FakeMachineAllocations final : public ports::MachineAllocations {
public:
    enum class Method { allocate, find, get, list, give_back };

    explicit FakeMachineAllocations(const base::Clock& clock) : clock_(clock) {}

    /// The next call of this method fails so and has no effect.
    void fail_next(Method method, base::Error error) {
        const std::scoped_lock lock(mutex_);
        failures_[method].push_back(std::move(error));
    }
    /// The next allocation is made, and its answer is lost.
    void lose_next_answer() {
        const std::scoped_lock lock(mutex_);
        lose_next_ = true;
    }

    base::Result<std::optional<ports::Allocation>> allocate(
        const ports::AllocationRequest& request, std::span<const ports::MachineFacts> candidates,
        base::Milliseconds hold) override {
        const std::scoped_lock lock(mutex_);
        if (auto error = take_failure(Method::allocate)) return base::fail(*std::move(error));
        if (by_name(request.name) != rows_.end()) {
            return base::fail({.kind = base::ErrorKind::conflict,
                               .effect = base::Effect::none,
                               .message = "The name is in use.",
                               .code = "uniqueness_error"});
        }
        for (const auto& candidate : candidates) {
            if (is_taken(candidate)) continue;
            Row row{.allocation = {.number = next_++,
                                   .state = ports::AllocationState::preparing,
                                   .request = request,
                                   .facts = candidate,
                                   .created_at = clock_.now(),
                                   .tries = 1},
                    .next_try_at = clock_.now() + hold};
            const auto number = row.allocation.number;
            const auto& kept = rows_.emplace(number, std::move(row)).first->second;
            if (std::exchange(lose_next_, false)) {
                return base::fail({.kind = base::ErrorKind::unavailable,
                                   .effect = base::Effect::unknown,
                                   .message = "The connection was lost."});
            }
            return kept.allocation;
        }
        return std::nullopt;
    }

    base::Result<bool> prepared(std::int64_t number, std::int64_t tries) override {
        const std::scoped_lock lock(mutex_);
        Row* row = of_try(number, tries, ports::AllocationState::preparing);
        if (row == nullptr) return false;
        row->allocation.state = ports::AllocationState::in_use;
        row->allocation.trouble.clear();
        return true;
    }

    base::Result<void> failed(std::int64_t number, std::int64_t tries, const std::string& trouble,
                              base::Milliseconds pause) override {
        const std::scoped_lock lock(mutex_);
        const auto found = rows_.find(number);
        if (found == rows_.end() || found->second.allocation.tries != tries) return {};
        if (found->second.allocation.state == ports::AllocationState::in_use) return {};
        found->second.allocation.trouble = trouble;
        found->second.next_try_at = clock_.now() + pause;
        return {};
    }

    base::Result<void> give_up(std::int64_t number, std::int64_t tries,
                               const std::string& trouble) override {
        const std::scoped_lock lock(mutex_);
        Row* row = of_try(number, tries, ports::AllocationState::preparing);
        if (row == nullptr) return {};
        row->allocation.state = ports::AllocationState::wiping;
        row->allocation.request.name.clear();
        row->allocation.wiping_since = clock_.now();
        row->allocation.trouble = trouble;
        row->next_try_at = clock_.now();
        return {};
    }

    base::Result<void> give_back(std::int64_t number) override {
        const std::scoped_lock lock(mutex_);
        if (auto error = take_failure(Method::give_back)) return base::fail(*std::move(error));
        const auto found = rows_.find(number);
        if (found == rows_.end()) return {};
        auto& allocation = found->second.allocation;
        if (allocation.state == ports::AllocationState::wiping) return {};
        allocation.state = ports::AllocationState::wiping;
        allocation.trouble.clear();
        allocation.wiping_since = clock_.now();
        found->second.next_try_at = clock_.now();
        return {};
    }

    base::Result<bool> wiped(std::int64_t number, std::int64_t tries) override {
        const std::scoped_lock lock(mutex_);
        if (of_try(number, tries, ports::AllocationState::wiping) == nullptr) return false;
        rows_.erase(number);
        return true;
    }

    base::Result<bool> forget(std::int64_t number) override {
        const std::scoped_lock lock(mutex_);
        const auto found = rows_.find(number);
        if (found == rows_.end()) return false;
        if (found->second.allocation.state != ports::AllocationState::wiping) return false;
        rows_.erase(found);
        return true;
    }

    base::Result<std::optional<ports::Allocation>> begin_try(std::span<const std::string> machines,
                                                             base::Milliseconds hold) override {
        const std::scoped_lock lock(mutex_);
        Row* due = nullptr;
        for (auto& [number, row] : rows_) {
            const bool known =
                std::ranges::find(machines, row.allocation.facts.machine) != machines.end();
            const bool open = row.allocation.state != ports::AllocationState::in_use;
            if (!known || !open || row.next_try_at > clock_.now()) continue;
            if (due == nullptr || row.next_try_at < due->next_try_at) due = &row;
        }
        if (due == nullptr) return std::nullopt;
        ++due->allocation.tries;
        due->next_try_at = clock_.now() + hold;
        return due->allocation;
    }

    base::Result<std::optional<ports::Allocation>> find(const std::string& name) override {
        const std::scoped_lock lock(mutex_);
        if (auto error = take_failure(Method::find)) return base::fail(*std::move(error));
        const auto found = by_name(name);
        if (found == rows_.end()) return std::nullopt;
        return found->second.allocation;
    }
    base::Result<std::optional<ports::Allocation>> get(std::int64_t number) override {
        const std::scoped_lock lock(mutex_);
        if (auto error = take_failure(Method::get)) return base::fail(*std::move(error));
        const auto found = rows_.find(number);
        if (found == rows_.end()) return std::nullopt;
        return found->second.allocation;
    }
    base::Result<std::vector<ports::Allocation>> list() override {
        const std::scoped_lock lock(mutex_);
        if (auto error = take_failure(Method::list)) return base::fail(*std::move(error));
        std::vector<ports::Allocation> all;
        for (const auto& [number, row] : rows_) all.push_back(row.allocation);
        return all;
    }

private:
    struct Row {
        ports::Allocation allocation;
        base::TimePoint next_try_at;
    };
    using Rows = std::map<std::int64_t, Row>;

    Rows::iterator by_name(const std::string& name) {
        return std::ranges::find_if(rows_, [&](const auto& entry) {
            return !name.empty() && entry.second.allocation.request.name == name;
        });
    }
    bool is_taken(const ports::MachineFacts& facts) const {
        return std::ranges::any_of(rows_, [&](const auto& entry) {
            const auto& held = entry.second.allocation.facts;
            return held.machine == facts.machine ||
                   (held.host == facts.host && held.port == facts.port);
        });
    }
    Row* of_try(std::int64_t number, std::int64_t tries, ports::AllocationState state) {
        const auto found = rows_.find(number);
        if (found == rows_.end()) return nullptr;
        const auto& allocation = found->second.allocation;
        return allocation.tries == tries && allocation.state == state ? &found->second : nullptr;
    }
    std::optional<base::Error> take_failure(Method method) {
        auto& planned = failures_[method];
        if (planned.empty()) return std::nullopt;
        base::Error error = std::move(planned.front());
        planned.pop_front();
        return error;
    }

    const base::Clock& clock_;
    std::mutex mutex_;
    Rows rows_;
    std::map<Method, std::deque<base::Error>> failures_;
    bool lose_next_ = false;
    std::int64_t next_ = 1;
};

}  // namespace hatchery::support
