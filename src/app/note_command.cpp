#include "app/note_command.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <ostream>
#include <vector>

#include "store/audit_log.hpp"

namespace hatchery::app {

namespace {

std::string login_name() {
    std::vector<char> buffer(4096);
    passwd entry{};
    passwd* found = nullptr;
    const int failed = getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found);
    if (failed != 0 || found == nullptr) return "uid " + std::to_string(getuid());
    return found->pw_name;
}

std::string machine_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

}  // namespace

void note_command(cli::Context& context, store::Database& database, const NotedCommand& command) {
    const auto noted = store::make_audit_log(database, context.clock)
                           ->append({.actor = store::AuditActor::operator_,
                                     .user_id = command.user_id,
                                     .actor_name = login_name(),
                                     .token_id = {},
                                     .session_id = {},
                                     .service_user_id = {},
                                     .action = command.action,
                                     .target = command.target,
                                     .address = machine_name(),
                                     .outcome = static_cast<int>(command.outcome),
                                     .request_id = {}});
    if (!noted)
        context.err << "The audit log has no line of this: " << noted.error().message << "\n";
}

cli::ExitCode fail_command(cli::Context& context, store::Database& database, NotedCommand command,
                           const base::Error& error) {
    command.outcome = cli::report(context, error);
    note_command(context, database, command);
    return command.outcome;
}

}  // namespace hatchery::app
