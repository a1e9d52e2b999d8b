#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "e2e/support/known_host.hpp"
#include "e2e/support/world.hpp"

namespace hatchery::e2e {

/// A machine of the operator's own, as the operator reaches it: a host of the sandbox that somebody
/// else had made.
class OwnMachine {
public:
    /// Waits until it answers.
    OwnMachine(const World& world, const std::string& name);

    /// Its entry in the operator's list.
    [[nodiscard]] base::Json entry() const;
    std::string exec(const std::string& command);
    /// The cord out (`poweroff`), or in again (`poweron`).
    void power(const char* action);
    /// Checks what a machine has that nobody has lent out: nothing of ours.
    void must_be_clean(const std::string& keys_before);
    [[nodiscard]] std::string authorized_keys() { return exec("cat /root/.ssh/authorized_keys"); }

private:
    void keep_key() const;

    std::string name_;
    std::filesystem::path folder_;
    ApiClient cloud_;
    std::unique_ptr<ports::RemoteHost> hosts_;
    KnownHost host_;
};

/// All further processes of this world have these machines, and deploy on nothing else.
void know(World& world, const std::vector<OwnMachine*>& machines);
/// The same, with Hatchery started again.
void lend(World& world, const std::vector<OwnMachine*>& machines);

}  // namespace hatchery::e2e
