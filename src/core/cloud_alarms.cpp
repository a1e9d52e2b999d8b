#include "core/cloud_alarms.hpp"

#include <fmt/format.h>

namespace hatchery::core {

namespace {

std::string some(std::size_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

Alarm servers_vanished(const std::string& provider, std::size_t servers) {
    return {.kind = AlarmKind::server_vanished,
            .cause = fmt::format("{} in use {} gone at {}, and nobody here deleted {}.",
                                 some(servers, "server", "servers"), servers == 1 ? "is" : "are",
                                 provider, servers == 1 ? "it" : "them"),
            .next_action =
                "`hatchery cloud sweep` names them; find out in the provider's console who deleted "
                "them, then deploy their bots again."};
}

Alarm project_looks_foreign(const std::string& provider, std::size_t missing, std::size_t alive) {
    return {.kind = AlarmKind::server_vanished,
            .cause = fmt::format("{} of {} servers are missing at {}: too many to be believed, so "
                                 "nothing was done about them.",
                                 missing, alive, provider),
            .next_action =
                "See that the provider's token is that of the project which has the servers."};
}

Alarm strays_kept(const std::string& provider, std::size_t strays) {
    return {.kind = AlarmKind::strays_kept,
            .cause = fmt::format("{} at {} bear this installation's label, belong to nothing here "
                                 "and cost money.",
                                 some(strays, "thing", "things"), provider),
            .next_action =
                "`hatchery cloud servers` and `hatchery cloud sweep` show them; delete them at the "
                "provider, or set HATCHERY_STRAY_SERVERS=destroy."};
}

Alarm cloud_quota(const std::string& provider, const std::string& words) {
    return {.kind = AlarmKind::cloud_quota,
            .cause = fmt::format("{} allows no more servers: {}", provider, words),
            .next_action = "Ask the provider for a higher limit, or delete servers."};
}

Alarm cost_ceiling(const std::string& provider, const std::string& ceiling,
                   const std::string& would_be) {
    return {.kind = AlarmKind::cost_ceiling,
            .cause = fmt::format("Nothing is created at {}: with one more server it would cost {} "
                                 "a month, and the ceiling is {}.",
                                 provider, would_be, ceiling),
            .next_action =
                "Delete servers, or raise HATCHERY_COST_CEILINGS; `hatchery costs` says what costs "
                "how much."};
}

}  // namespace hatchery::core
