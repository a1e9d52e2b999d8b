#include "app/note_command.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <ostream>
#include <utility>
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

void say_no_line(cli::Context& context, const std::string& cause) {
    context.err << "The audit log has no line of this: " << cause << "\n";
}

/// By a connection of its own: the command may have failed before it had any.
void note_at_end(cli::Context& context, const NotedCommand& command, cli::ExitCode outcome) {
    const auto loaded = context.load_config(config::Need::nothing);
    if (loaded.config.database_url.empty()) {
        return say_no_line(context, "DATABASE_URL names no database.");
    }
    const auto database = store::make_database({.url = loaded.config.database_url, .pool_size = 1});
    if (!database) return say_no_line(context, database.error().message);
    const auto exists = store::audit_log_exists(**database);
    if (!exists) return say_no_line(context, exists.error().message);
    if (!*exists) {
        return say_no_line(context, "The database is not migrated yet: run `hatchery migrate`.");
    }
    note_command(context, **database, command, outcome);
}

}  // namespace

void note_command(cli::Context& context, store::Database& database, const NotedCommand& command,
                  cli::ExitCode outcome) {
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
                                     .outcome = static_cast<int>(outcome),
                                     .request_id = {}});
    if (!noted) say_no_line(context, noted.error().message);
}

cli::Command operator_command(cli::Command command, OperatorRun run) {
    command.audit = cli::AuditRule::line;
    command.run = [name = command.name, run = std::move(run)](const cli::Options& options,
                                                              cli::Context& context) {
        NotedCommand noted{.action = name, .target = {}, .user_id = {}};
        try {
            const auto code = run(options, context, noted);
            note_at_end(context, noted, code);
            return code;
        } catch (const std::exception&) {
            note_at_end(context, noted, cli::ExitCode::failed);
            throw;
        }
    };
    return command;
}

}  // namespace hatchery::app
