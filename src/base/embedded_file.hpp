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

}  // namespace hatchery::embedded
