#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ports/remote_host.hpp"

namespace hatchery::support {

/// Servers in memory, which run scripted scripts by the clock and misbehave on command. Nothing
/// here waits or starts a thread: a read's patience is ignored, and time is the clock's alone.
/// Thread-safe. Whoever compiles it links hatchery_crypto.
class FakeRemoteHost final : public ports::RemoteHost {
public:
    enum class Method { exec, put_file, upload, start_run, read_run, stop_run, open_tunnel };

    struct Options {
        /// An address that nobody named becomes a server on the first call, with the first host
        /// key that the caller pinned; otherwise it refuses connections.
        bool servers_appear = true;
        /// Whether uploads read the local file and check its sum; otherwise both are believed.
        bool check_uploads = false;
        std::size_t max_lines_per_read = 1'000;
    };
    struct PlannedLine {
        base::Milliseconds after{0};
        std::string text;
        ports::LineStream stream = ports::LineStream::out;
    };
    struct Plan {
        std::vector<PlannedLine> lines;
        int exit_code = 0;
        /// From the start to the end; lines planned for later are not written.
        base::Milliseconds duration{0};
    };
    struct File {
        std::string content;
        int mode = 0;
    };
    struct RecordedCall {
        Method method = Method::exec;
        std::string host;
        /// The command, path, or run id.
        std::string about;
    };
    using ExecHandler = std::function<std::optional<base::Result<ports::ExecResult>>(
        const ports::SshTarget&, const ports::ExecRequest&)>;

    explicit FakeRemoteHost(const base::Clock& clock) : FakeRemoteHost(clock, Options{}) {}
    FakeRemoteHost(const base::Clock& clock, Options options);

    /// A server at this address with this host key.
    void add_server(const std::string& host, const std::string& host_key);
    /// From now on it shows this key instead.
    void replace_host_key(const std::string& host, const std::string& host_key);
    /// It takes this client key only; the others are `unauthorized`.
    void authorize_only(const std::string& host, const base::Secret& private_key);
    /// Connections are refused, tunnels break; runs go on.
    void take_down(const std::string& host);
    void bring_up(const std::string& host);
    /// The machine starts anew: what runs is lost, tunnels break, files and records stay.
    void restart(const std::string& host);
    /// Another machine has the address now: nothing of the former is there. It appears again as
    /// options say.
    void replace_server(const std::string& host);
    void break_tunnels(const std::string& host);

    /// What a script does from its next start on, anywhere. One without a plan ends at once with 0.
    void plan(const std::string& script, Plan plan);
    /// Only for the next start; several are used in their order.
    void plan_next(const std::string& script, Plan plan);
    /// The next `times` calls of this method fail so and have no effect.
    void fail_next(Method method, int times, base::Error error);
    /// The same with a plausible error of this kind.
    void fail_next(Method method, int times, base::ErrorKind kind);
    /// The next `times` calls take effect, and then the connection breaks.
    void lose_next_answers(Method method, int times);
    /// Answers commands; nothing, or no handler: exit code 0 and no output.
    void on_exec(ExecHandler handler);
    /// Runs at the start of every call, without the lock held: what happens in the meantime.
    void before_each_call(std::function<void(Method)> hook);

    [[nodiscard]] std::vector<RecordedCall> calls() const;
    [[nodiscard]] int calls_of(Method method) const;
    /// How often scripts of this name really began; adopting a run does not count.
    [[nodiscard]] int starts_of(const std::string& script) const;
    [[nodiscard]] std::optional<File> file(const std::string& host, const std::string& path) const;
    /// The environment that a run was started with.
    [[nodiscard]] std::map<std::string, std::string> environment(const std::string& host,
                                                                 const std::string& run_id) const;

    base::Result<ports::ExecResult> exec(const ports::SshTarget& target,
                                         const ports::ExecRequest& request,
                                         const base::Call& call) override;
    base::Result<void> put_file(const ports::SshTarget& target, const base::Secret& content,
                                const std::string& remote_path, int mode,
                                const base::Call& call) override;
    base::Result<void> upload(const ports::SshTarget& target, const ports::FileUpload& file,
                              const base::Call& call) override;
    base::Result<ports::RunState> start_run(const ports::SshTarget& target,
                                            const ports::ScriptRun& run,
                                            const base::Call& call) override;
    base::Result<ports::RunOutput> read_run(const ports::SshTarget& target,
                                            const std::string& run_id, std::uint64_t offset,
                                            base::Milliseconds patience,
                                            const base::Call& call) override;
    base::Result<void> stop_run(const ports::SshTarget& target, const std::string& run_id,
                                const base::Call& call) override;
    base::Result<std::unique_ptr<ports::Tunnel>> open_tunnel(const ports::SshTarget& target,
                                                             std::uint16_t remote_port,
                                                             const base::Call& call) override;
    void forget(const ports::SshTarget& target) override;

private:
    struct Run {
        std::map<std::string, std::string> environment;
        base::TimePoint started;
        Plan plan;
        /// When it was stopped or lost, if it was before its planned end.
        std::optional<base::TimePoint> cut_at;
        bool lost = false;
    };
    struct Server {
        std::string host_key;
        std::optional<base::Secret> only_key;
        bool up = true;
        std::map<std::string, File> files;
        std::map<std::string, Run> runs;
        /// Replaced by a fresh one when tunnels break; each tunnel watches the one it was made
        /// with.
        std::shared_ptr<bool> tunnels_stand = std::make_shared<bool>(true);
    };
    struct Failure {
        Method method;
        int times;
        base::Error error;
    };
    class FakeTunnel;

    base::Result<Server*> enter(Method method, const ports::SshTarget& target,
                                const std::string& about, const base::Call& call,
                                std::unique_lock<std::mutex>& lock);
    base::Result<Server*> log_in(const ports::SshTarget& target);
    base::Result<void> leave(Method method);
    Plan take_plan(const std::string& script);
    [[nodiscard]] base::TimePoint end_of(const Run& run) const;
    [[nodiscard]] ports::RunState state_of(const Run& run) const;

    const base::Clock& clock_;
    const Options options_;
    mutable std::mutex mutex_;
    std::map<std::string, Server> servers_;
    std::map<std::string, Plan> plans_;
    std::map<std::string, std::vector<Plan>> next_plans_;
    std::vector<Failure> failures_;
    std::map<Method, int> lost_answers_;
    std::map<std::string, int> starts_;
    ExecHandler exec_handler_;
    std::function<void(Method)> hook_;
    std::vector<RecordedCall> calls_;
    int tunnels_made_ = 0;
};

}  // namespace hatchery::support
