#pragma once

#include <map>
#include <string>

#include "base/ids.hpp"

namespace hatchery::core {

/// Label keys that we put on everything at a provider.
inline constexpr const char* label_installation = "hatchery-installation";
inline constexpr const char* label_server = "hatchery-server";
inline constexpr const char* label_bot = "hatchery-bot";

/// The provider-side name of a server row: deterministic, RFC 1123, at most 63 characters.
[[nodiscard]] std::string server_name(const base::ServerId& server);

/// The labels that prove that a server is this installation's and which row it belongs to; without
/// a bot for a server by hand.
[[nodiscard]] std::map<std::string, std::string> owner_labels(
    const base::InstallationId& installation, const base::ServerId& server, const base::BotId& bot);

/// Whether a server with these labels is ours and belongs to this row: checked before adopting
/// and again right before deleting.
[[nodiscard]] bool owned_by(const std::map<std::string, std::string>& labels,
                            const base::InstallationId& installation, const base::ServerId& server);

}  // namespace hatchery::core
