#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "core/operation.hpp"
#include "e2e/support/world.hpp"
#include "ports/fleet_store.hpp"
#include "ports/job_store.hpp"
#include "ports/secret_box.hpp"
#include "store/notifications.hpp"

namespace hatchery::e2e {

/// Whether there is time for what `make test` leaves to `make test-long`.
[[nodiscard]] bool take_all();

/// A world whose Hatchery dies at named points and is started again. Operations are asked for
/// straight in the database, so that the process which takes them up is already one that dies.
class CrashMatrix {
public:
    explicit CrashMatrix(const std::string& name,
                         const std::map<std::string, std::string>& settings = {},
                         support::PgCluster* cluster = nullptr);

    [[nodiscard]] World& world() { return *world_; }
    [[nodiscard]] ports::JobStore& jobs() { return *jobs_; }

    struct Bot {
        std::string id;
        std::string telegram_token;
    };
    /// Through the API of a process that lives only as long as that takes.
    Bot make_bot(const std::string& name);
    std::string begin(const Bot& bot, core::OperationKind kind);
    std::string begin_chat(const Bot& bot, const std::string& message);
    void request_cancel(const std::string& operation);

    struct Walk {
        int deaths = 0;
        std::vector<std::string> points;
        std::chrono::milliseconds time{0};
    };
    /// Runs the operation to its end by processes each of which dies at the first point that none
    /// died at before. `limit`, here and below: for how long nothing may be told. Points of the
    /// engine's own threads are walked once per matrix.
    Walk walk(const std::string& operation, std::chrono::seconds limit);
    /// Runs it by one process that dies at this point; false when the operation ended instead.
    [[nodiscard]] bool die_at(const std::string& operation, const std::string& point,
                              std::chrono::seconds limit);
    /// Runs it to its end by a process that nothing happens to.
    void run_to_end(const std::string& operation, std::chrono::seconds limit,
                    const std::map<std::string, std::string>& settings = {});
    /// The same; the points that it passed, each once, in their order.
    [[nodiscard]] std::vector<std::string> run_and_log(const std::string& operation,
                                                       std::chrono::seconds limit);
    /// A process that freezes at this point, once it is frozen; the test fails if it never is.
    [[nodiscard]] std::unique_ptr<support::ChildProcess> frozen_at(const std::string& role,
                                                                   const std::string& log,
                                                                   const std::string& point,
                                                                   std::chrono::seconds limit);
    /// Waits until the query answers a number that is not zero.
    void wait_for(const std::string& query, std::chrono::milliseconds limit);
    /// Waits until the operation has ended, by whatever process.
    void wait_end(const std::string& operation, std::chrono::milliseconds limit);
    /// How many lines of this log in the world's folder hold the text.
    [[nodiscard]] int count_said(const std::string& log, const std::string& text);
    /// Waits until it is at least `times`.
    void wait_said(const std::string& log, const std::string& text, int times);
    /// Stops or wakes all processes of the bot's server (`freeze`, `thaw`).
    void on_host(const Bot& bot, const std::string& what);
    /// What a wait for the dead process's leases would do, without the wait. The count of deaths
    /// per step starts anew, since a step that kills its workers for ever is given up.
    void expire_leases();

    [[nodiscard]] bool ended(const std::string& operation);
    [[nodiscard]] std::string state_of(const std::string& operation);

    /// Remembers the bot's secrets as they are now, for check_secrets at the end.
    void note_secrets(const Bot& bot);
    /// What must hold whatever died: see end_state.cpp.
    void check(const Bot& bot);
    /// The bot is active on one server and answers.
    void check_active(const Bot& bot);
    /// No server is left but the foreign ones.
    void check_no_server();
    /// Waits until there is a server beside the foreign ones.
    void wait_stray();

    /// The one number that the query answers.
    [[nodiscard]] long long number(const std::string& query);
    [[nodiscard]] std::string text(const std::string& query);

private:
    std::string begin(const Bot& bot, core::OperationKind kind, const std::string& payload);
    [[nodiscard]] std::unique_ptr<support::ChildProcess> worker(
        const std::map<std::string, std::string>& settings) const;
    void add_foreign_servers();
    void check_servers();
    /// Servers beside the foreign ones that every matrix begins with.
    [[nodiscard]] std::size_t strays();
    void check_story(const Bot& bot);
    void check_lines(const Bot& bot);
    void check_secrets();

    std::unique_ptr<World> world_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    store::NoHints hints_;
    std::unique_ptr<ports::SecretBox> box_;
    std::unique_ptr<ports::JobStore> jobs_;
    std::unique_ptr<ports::FleetStore> fleet_;
    /// Points of the engine's own threads that a walk has been through.
    std::set<std::string> engine_points_;
    std::set<std::string> secrets_;
    std::set<long long> foreign_;
    int walks_ = 0;
};

}  // namespace hatchery::e2e
