#pragma once

#include "cli/command.hpp"

namespace hatchery::app {

/// `hatchery migrate`
[[nodiscard]] cli::Command migrate_command();
/// `hatchery token create`
[[nodiscard]] cli::Command token_create_command();
/// `hatchery token list`
[[nodiscard]] cli::Command token_list_command();
/// `hatchery token revoke`
[[nodiscard]] cli::Command token_revoke_command();
/// `hatchery user release`
[[nodiscard]] cli::Command user_release_command();
/// `hatchery user role`
[[nodiscard]] cli::Command user_role_command();
/// `hatchery config check`
[[nodiscard]] cli::Command config_check_command();
/// `hatchery doctor`
[[nodiscard]] cli::Command doctor_command();
/// `hatchery support-bundle`
[[nodiscard]] cli::Command support_bundle_command();
/// `hatchery bundle build`
[[nodiscard]] cli::Command bundle_build_command();
/// `hatchery bundle list`
[[nodiscard]] cli::Command bundle_list_command();

/// `hatchery keys status`
[[nodiscard]] cli::Command keys_status_command();
/// `hatchery keys rotate`
[[nodiscard]] cli::Command keys_rotate_command();

}  // namespace hatchery::app
