#pragma once

#include <span>
#include <string_view>

namespace hatchery::base {

/// A file of the source tree that the binary carries (a migration, a provisioning script).
struct EmbeddedFile {
    std::string_view name;
    std::string_view content;
};

}  // namespace hatchery::base

namespace hatchery::embedded {

/// migrations/*.sql in the order of their numbers.
[[nodiscard]] std::span<const base::EmbeddedFile> migrations();
/// provisioning-scripts/*.sh.
[[nodiscard]] std::span<const base::EmbeddedFile> provisioning_scripts();
/// provisioning-scripts/locks/*.json, named with their folder: what build_bundle.sh needs beside
/// it.
[[nodiscard]] std::span<const base::EmbeddedFile> bundle_locks();

}  // namespace hatchery::embedded
