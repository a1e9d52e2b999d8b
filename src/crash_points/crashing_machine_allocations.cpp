#include "crash_points/crashing_adapters.hpp"

namespace hatchery::crash_points {

namespace {

using base::Result;
using ports::Allocation;

class CrashingMachineAllocations final : public ports::MachineAllocations {
public:
    CrashingMachineAllocations(ports::MachineAllocations& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    Result<std::optional<Allocation>> allocate(const ports::AllocationRequest& request,
                                               std::span<const ports::MachineFacts> candidates,
                                               base::Milliseconds hold) override {
        return around(points_, "allocations.allocate",
                      [&] { return inner_.allocate(request, candidates, hold); });
    }
    Result<bool> prepared(std::int64_t number, std::int64_t tries) override {
        return around(points_, "allocations.prepared",
                      [&] { return inner_.prepared(number, tries); });
    }
    Result<void> failed(std::int64_t number, std::int64_t tries, const std::string& trouble,
                        base::Milliseconds pause) override {
        return around(points_, "allocations.failed",
                      [&] { return inner_.failed(number, tries, trouble, pause); });
    }
    Result<void> give_up(std::int64_t number, std::int64_t tries,
                         const std::string& trouble) override {
        return around(points_, "allocations.give_up",
                      [&] { return inner_.give_up(number, tries, trouble); });
    }
    Result<void> give_back(std::int64_t number) override {
        return around(points_, "allocations.give_back", [&] { return inner_.give_back(number); });
    }
    Result<bool> wiped(std::int64_t number, std::int64_t tries) override {
        return around(points_, "allocations.wiped", [&] { return inner_.wiped(number, tries); });
    }
    Result<bool> forget(std::int64_t number) override {
        return around(points_, "allocations.forget", [&] { return inner_.forget(number); });
    }
    Result<std::optional<Allocation>> begin_try(std::span<const std::string> machines,
                                                base::Milliseconds hold) override {
        auto begun = inner_.begin_try(machines, hold);
        // Asked twice a second in every process; only a try that was begun makes a difference.
        if (begun && *begun) points_.pass("allocations.begin_try", "after");
        return begun;
    }
    Result<std::optional<Allocation>> find(const std::string& name) override {
        points_.pass("allocations.find", "before");
        return inner_.find(name);
    }
    Result<std::optional<Allocation>> get(std::int64_t number) override {
        points_.pass("allocations.get", "before");
        return inner_.get(number);
    }
    Result<std::vector<Allocation>> list() override {
        points_.pass("allocations.list", "before");
        return inner_.list();
    }

private:
    ports::MachineAllocations& inner_;
    CrashPoints& points_;
};

}  // namespace

std::unique_ptr<ports::MachineAllocations> make_crashing_machine_allocations(
    ports::MachineAllocations& inner, CrashPoints& points) {
    return std::make_unique<CrashingMachineAllocations>(inner, points);
}

}  // namespace hatchery::crash_points
