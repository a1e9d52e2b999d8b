#include <fmt/format.h>

#include <filesystem>

#include "crash_points/crashing_adapters.hpp"

namespace hatchery::crash_points {

namespace {

/// The last word of a command: `true`, or the phase of `bash -s PHASE`.
std::string last_word(const std::string& command) {
    return command.substr(command.find_last_of(" \n") + 1);
}

/// A run's id without the job that it begins with and the number that it ends with; of a chat's,
/// which has the chat's id in between, `chat`.
std::string script_of(const std::string& run_id) {
    if (run_id.starts_with("chat-")) return "chat";
    constexpr std::size_t job_length = 37;
    if (run_id.size() <= job_length) return "run";
    const std::string rest = run_id.substr(job_length);
    return rest.substr(0, rest.rfind('-'));
}

class CrashingRemoteHost final : public ports::RemoteHost {
public:
    CrashingRemoteHost(ports::RemoteHost& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    base::Result<ports::ExecResult> exec(const ports::SshTarget& target,
                                         const ports::ExecRequest& request,
                                         const base::Call& call) override {
        return around(points_, fmt::format("hosts.exec({})", last_word(request.command)),
                      [&] { return inner_.exec(target, request, call); });
    }
    base::Result<void> put_file(const ports::SshTarget& target, const base::Secret& content,
                                const std::string& remote_path, int mode,
                                const base::Call& call) override {
        const auto file = std::filesystem::path(remote_path).filename().string();
        return around(points_, fmt::format("hosts.put_file({})", file),
                      [&] { return inner_.put_file(target, content, remote_path, mode, call); });
    }
    base::Result<void> upload(const ports::SshTarget& target, const ports::FileUpload& file,
                              const base::Call& call) override {
        ports::FileUpload watched = file;
        watched.progress = [&](std::uint64_t done, std::uint64_t total) {
            if (done > 0 && done < total) points_.pass("hosts.upload", "half");
            if (file.progress) file.progress(done, total);
        };
        return around(points_, "hosts.upload",
                      [&] { return inner_.upload(target, watched, call); });
    }
    base::Result<ports::RunState> start_run(const ports::SshTarget& target,
                                            const ports::ScriptRun& run,
                                            const base::Call& call) override {
        return around(points_, fmt::format("hosts.start_run({})", script_of(run.run_id)),
                      [&] { return inner_.start_run(target, run, call); });
    }
    base::Result<ports::RunOutput> read_run(const ports::SshTarget& target,
                                            const std::string& run_id, std::uint64_t offset,
                                            base::Milliseconds patience,
                                            const base::Call& call) override {
        points_.pass(fmt::format("hosts.read_run({})", script_of(run_id)), "before");
        return inner_.read_run(target, run_id, offset, patience, call);
    }
    base::Result<void> stop_run(const ports::SshTarget& target, const std::string& run_id,
                                const base::Call& call) override {
        return around(points_, fmt::format("hosts.stop_run({})", script_of(run_id)),
                      [&] { return inner_.stop_run(target, run_id, call); });
    }
    base::Result<std::unique_ptr<ports::Tunnel>> open_tunnel(const ports::SshTarget& target,
                                                             std::uint16_t remote_port,
                                                             const base::Call& call) override {
        return around(points_, fmt::format("hosts.open_tunnel({})", remote_port),
                      [&] { return inner_.open_tunnel(target, remote_port, call); });
    }
    void forget(const ports::SshTarget& target) override { inner_.forget(target); }

private:
    ports::RemoteHost& inner_;
    CrashPoints& points_;
};

}  // namespace

std::unique_ptr<ports::RemoteHost> make_crashing_remote_host(ports::RemoteHost& inner,
                                                             CrashPoints& points) {
    return std::make_unique<CrashingRemoteHost>(inner, points);
}

}  // namespace hatchery::crash_points
