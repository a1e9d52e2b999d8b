#pragma once

#include <optional>

#include "core/server.hpp"
#include "engine/step_context.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::engine {

/// Writes down that this server is about to be created, under the lease: from then on whoever comes
/// looks for it. Where there is a cost ceiling, a first intent carries what the server will cost,
/// and is written only if all servers of the provider then stay within the ceiling; otherwise the
/// alarm is raised, and the error, of kind `quota_exceeded`, says that nothing was asked for. While
/// the price is not known, nothing is created below a ceiling either.
[[nodiscard]] std::optional<base::Error> intend_create(StepContext& context,
                                                       providers::CloudProvider& cloud,
                                                       const core::Server& server);

/// Why no create may be sent any more: the operation's deadline would cut it short.
[[nodiscard]] std::optional<base::Error> too_late_to_create(const StepContext& context);

}  // namespace hatchery::engine
