#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/result.hpp"

namespace hatchery::ports {

/// A machine that is lent out. One that nobody has, has no allocation.
enum class AllocationState : std::uint8_t {
    preparing,  ///< it is being given the key of its server; left when it has it, or by a wipe
    in_use,     ///< it is a server; left when it is given back
    wiping,     ///< given back; the allocation ends when the machine is proven clean
};

/// What lends a machine out.
struct AllocationRequest {
    /// Unique among allocations: the idempotency handle.
    std::string name;
    std::map<std::string, std::string> labels;
    /// The public key of the server, `ssh-ed25519 AAAA…`.
    std::string authorized_key;
};

/// What an allocation keeps of its machine, so that it can be shown by a process whose list of
/// machines is another one.
struct MachineFacts {
    std::string machine;
    std::string host;
    std::uint16_t port = 22;
    std::string host_key;
    std::string region;
    std::string type;
    std::string price_monthly;
    std::string price_hourly;
    std::string price_currency;
};

struct Allocation {
    /// Larger than that of every earlier allocation of the machine, and never used again.
    std::int64_t number = 0;
    AllocationState state = AllocationState::preparing;
    AllocationRequest request;
    MachineFacts facts;
    base::TimePoint created_at;
    /// How often its preparation or wipe was begun: whoever did so last may say how it went.
    std::int64_t tries = 0;
    /// Why the last try failed; empty when none did.
    std::string trouble;
    /// Since when it is to be wiped, in state `wiping`.
    std::optional<base::TimePoint> wiping_since;
};

/// Who has which of the operator's machines: shared by all processes. Thread-safe.
class MachineAllocations {
public:
    virtual ~MachineAllocations() = default;

    /// Lends the first of `candidates` that nobody has, in state `preparing`, with its first try
    /// begun: nobody else begins one before `hold` is over. Nothing when all are lent out;
    /// `conflict` with code `uniqueness_error` when the name is in use.
    [[nodiscard]] virtual base::Result<std::optional<Allocation>> allocate(
        const AllocationRequest& request, std::span<const MachineFacts> candidates,
        base::Milliseconds hold) = 0;
    /// The preparation succeeded. False when this try is not the last one, or the machine was
    /// given back meanwhile.
    [[nodiscard]] virtual base::Result<bool> prepared(std::int64_t number, std::int64_t tries) = 0;
    /// This try failed; another may begin after `pause`. Nothing happens unless it is the last one.
    [[nodiscard]] virtual base::Result<void> failed(std::int64_t number, std::int64_t tries,
                                                    const std::string& trouble,
                                                    base::Milliseconds pause) = 0;
    /// The preparation is given up after this try: the machine is to be wiped, and the name is free
    /// again. Nothing happens unless it is the last try.
    [[nodiscard]] virtual base::Result<void> give_up(std::int64_t number, std::int64_t tries,
                                                     const std::string& trouble) = 0;
    /// The machine is to be wiped, at once. Nothing happens when it is already, or is not lent out.
    [[nodiscard]] virtual base::Result<void> give_back(std::int64_t number) = 0;
    /// The machine is proven clean: the allocation ends. False when this try is not the last one.
    [[nodiscard]] virtual base::Result<bool> wiped(std::int64_t number, std::int64_t tries) = 0;

    /// The wipe is given up: the allocation ends though nobody knows whether the machine is clean.
    /// Whoever prepares it next wipes it first. False when it is not to be wiped.
    [[nodiscard]] virtual base::Result<bool> forget(std::int64_t number) = 0;

    /// Begins a try on an allocation of one of these machines that is to be prepared or wiped, if
    /// there is one whose time has come: nobody else begins one before `hold` is over.
    [[nodiscard]] virtual base::Result<std::optional<Allocation>> begin_try(
        std::span<const std::string> machines, base::Milliseconds hold) = 0;

    [[nodiscard]] virtual base::Result<std::optional<Allocation>> find(const std::string& name) = 0;
    [[nodiscard]] virtual base::Result<std::optional<Allocation>> get(std::int64_t number) = 0;
    /// All of them, oldest first.
    [[nodiscard]] virtual base::Result<std::vector<Allocation>> list() = 0;
};

}  // namespace hatchery::ports

template <>
struct hatchery::base::EnumNames<hatchery::ports::AllocationState> {
    using E = hatchery::ports::AllocationState;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::preparing, "preparing"}, {E::in_use, "in_use"}, {E::wiping, "wiping"}});
};
