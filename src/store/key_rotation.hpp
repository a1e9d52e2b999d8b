#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ports/secret_box.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// How many secrets one master key has sealed.
struct KeyUse {
    std::string key_id;
    std::int64_t secrets = 0;
    /// Whether the key is in the ring of this process, and whether it is the one that seals.
    bool present = false;
    bool seals = false;
};

/// Every key of the ring, and every other one that something is sealed by.
[[nodiscard]] base::Result<std::vector<KeyUse>> key_uses(Database& database,
                                                         const ports::SecretBox& box);

/// Whether this ring opens what is stored: one secret of each key is opened. `invalid`, with what
/// to do, when a key is missing or is not the one that it was. Meant for the start of a process.
[[nodiscard]] base::Result<void> check_keys(Database& database, ports::SecretBox& box);

struct RotationReport {
    std::int64_t resealed = 0;
    /// Secrets that could not be opened, so that they stay as they are.
    std::int64_t unopened = 0;
};

/// Seals everything anew that another key than the first has sealed, in pages, each row by itself:
/// it may be ended at any moment and begun again, several may run at once, and the engine works
/// on meanwhile; a secret that is written in between keeps its new value. `progress` is told the
/// number done so far.
[[nodiscard]] base::Result<RotationReport> rotate_keys(
    Database& database, ports::SecretBox& box, const base::Clock& clock,
    const std::function<void(std::int64_t)>& progress);

}  // namespace hatchery::store
