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
                "them, then deploy their bots again.",
            .subject = provider};
}

Alarm project_looks_foreign(const std::string& provider, std::size_t missing, std::size_t alive) {
    return {.kind = AlarmKind::project_foreign,
            .cause = fmt::format("{} of {} servers are missing at {}, and the project does not "
                                 "prove to be the one that had them, so nothing was done.",
                                 missing, alive, provider),
            .next_action =
                "See that the provider's token is that of the project which has the servers. If it "
                "is, and they were deleted there, delete their bots.",
            .subject = provider};
}

Alarm project_unproven(const std::string& provider) {
    return {.kind = AlarmKind::project_foreign,
            .cause = fmt::format("{} says that a server of ours is gone, and the project does not "
                                 "prove to be the one that had it, so its row stays.",
                                 provider),
            .next_action =
                "See that the provider's token is that of the project which has the servers. If it "
                "is a new one, what is deployed there next proves it.",
            .subject = provider};
}

Alarm servers_stay_off(const std::string& provider, std::size_t servers) {
    return {
        .kind = AlarmKind::server_stays_off,
        .cause =
            fmt::format("{} in use at {} {} off, and switching on three times did not "
                        "help.",
                        some(servers, "server", "servers"), provider, servers == 1 ? "is" : "are"),
        .next_action =
            "`hatchery cloud sweep` names them; see in the provider's console what ails them, or "
            "destroy their bots.",
        .subject = provider};
}

Alarm strays_kept(const std::string& provider, std::size_t strays) {
    return {.kind = AlarmKind::strays_kept,
            .cause = fmt::format("{} at {} bear this installation's label, belong to nothing here "
                                 "and cost money.",
                                 some(strays, "thing", "things"), provider),
            .next_action =
                "`hatchery cloud servers` and `hatchery cloud sweep` show them; delete them at the "
                "provider, or set HATCHERY_STRAY_SERVERS=destroy.",
            .subject = provider};
}

Alarm too_many_strays_kept(const std::string& provider, std::size_t strays, std::size_t listed) {
    return {.kind = AlarmKind::strays_kept,
            .cause = fmt::format("{} of {} servers at {} bear this installation's label and are "
                                 "unknown here: too many to be destroyed unasked.",
                                 strays, listed, provider),
            .next_action =
                "If the database was restored or copied, look for the right one first; otherwise "
                "delete the servers at the provider. `hatchery cloud servers` shows them.",
            .subject = provider};
}

Alarm cloud_quota(const std::string& provider, const std::string& words) {
    return {.kind = AlarmKind::cloud_quota,
            .cause = fmt::format("{} allows no more servers: {}", provider, words),
            .next_action = "Ask the provider for a higher limit, or delete servers.",
            .subject = provider};
}

Alarm provider_missing(const std::string& provider, std::int64_t servers) {
    return {.kind = AlarmKind::provider_missing,
            .cause =
                fmt::format("{} at {} may be billed, and this Hatchery has no access to it: "
                            "nothing there is watched or deleted.",
                            some(static_cast<std::size_t>(servers), "server", "servers"), provider),
            .next_action =
                "Set the provider's API token again until its bots are deleted; `hatchery cloud "
                "servers` shows them.",
            .subject = provider};
}

Alarm machine_not_wiped(const std::string& machine, const std::string& server,
                        const std::string& trouble, std::size_t others) {
    const std::string more =
        others == 0 ? "" : fmt::format(" (and {} more)", some(others, "machine", "machines"));
    return {.kind = AlarmKind::machine_not_wiped,
            .cause = fmt::format(
                "{}{} was given back and is not wiped, so nobody has it: {}", machine, more,
                trouble.empty() ? "no process has it in its list of machines." : trouble),
            .next_action = fmt::format(
                "Make it answer by SSH, and it is wiped by itself; if it never will again, run "
                "`hatchery cloud destroy {} --forget`, then take it out of "
                "HATCHERY_STATIC_SERVERS.",
                server),
            .subject = own_machines};
}

Alarm cost_ceiling(const std::string& provider, const std::string& ceiling,
                   const std::string& would_be) {
    return {.kind = AlarmKind::cost_ceiling,
            .cause = fmt::format("Nothing is created at {}: with one more server it would cost {} "
                                 "a month, and the ceiling is {}.",
                                 provider, would_be, ceiling),
            .next_action =
                "Delete servers, or raise HATCHERY_COST_CEILINGS; `hatchery costs` says what costs "
                "how much.",
            .subject = provider};
}

}  // namespace hatchery::core
