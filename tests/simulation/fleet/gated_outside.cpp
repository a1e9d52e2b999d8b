#include "simulation/fleet/gated_ports.hpp"
#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

using base::Result;

Result<ports::ExecResult> GatedHosts::exec(const ports::SshTarget& target,
                                           const ports::ExecRequest& request,
                                           const base::Call& call) {
    world.checks().no_secret(request.command, "a command line");
    return gate.pass(Site::host_exec, [&]() -> Result<ports::ExecResult> {
        if (auto way = world.machines().reach(target); !way) return base::fail(way.error());
        return world.hosts.exec(target, request, call);
    });
}

Result<void> GatedHosts::put_file(const ports::SshTarget& target, const base::Secret& content,
                                  const std::string& remote_path, int mode,
                                  const base::Call& call) {
    return gate.pass(Site::host_put_file, [&]() -> Result<void> {
        if (auto way = world.machines().reach(target); !way) return way;
        auto& turns = world.machines().turns;
        if (auto way = turns.may_put(target, remote_path); !way) return way;
        auto put = world.hosts.put_file(target, content, remote_path, mode, call);
        if (put) turns.put(target, remote_path);
        return put;
    });
}

Result<void> GatedHosts::upload(const ports::SshTarget& target, const ports::FileUpload& file,
                                const base::Call& call) {
    return gate.pass(Site::host_upload, [&]() -> Result<void> {
        if (auto way = world.machines().reach(target); !way) return way;
        return world.hosts.upload(target, file, call);
    });
}

Result<ports::RunState> GatedHosts::start_run(const ports::SshTarget& target,
                                              const ports::ScriptRun& run, const base::Call& call) {
    return gate.pass(Site::host_start_run,
                     [&] { return world.machines().start(target, run, call); });
}

Result<ports::RunOutput> GatedHosts::read_run(const ports::SshTarget& target,
                                              const std::string& run_id, std::uint64_t offset,
                                              base::Milliseconds patience, const base::Call& call) {
    return gate.pass(Site::host_read_run, [&]() -> Result<ports::RunOutput> {
        if (auto way = world.machines().reach(target); !way) return base::fail(way.error());
        return world.hosts.read_run(target, run_id, offset, patience, call);
    });
}

Result<void> GatedHosts::stop_run(const ports::SshTarget& target, const std::string& run_id,
                                  const base::Call& call) {
    return gate.pass(Site::host_stop_run, [&]() -> Result<void> {
        if (auto way = world.machines().reach(target); !way) return way;
        return world.hosts.stop_run(target, run_id, call);
    });
}

Result<std::unique_ptr<ports::Tunnel>> GatedHosts::open_tunnel(const ports::SshTarget& target,
                                                               std::uint16_t remote_port,
                                                               const base::Call& call) {
    return gate.pass(Site::host_open_tunnel, [&]() -> Result<std::unique_ptr<ports::Tunnel>> {
        if (auto way = world.machines().reach(target); !way) return base::fail(way.error());
        return world.hosts.open_tunnel(target, remote_port, call);
    });
}

void GatedHosts::forget(const ports::SshTarget& target) { world.hosts.forget(target); }

Result<ports::TelegramBot> GatedBotApi::get_me(const base::Secret& token, const base::Call& call) {
    return gate.pass(Site::telegram_get_me, [&] { return world.telegram.get_me(token, call); });
}

Result<void> GatedBotApi::set_webhook(const base::Secret& token,
                                      const ports::WebhookSettings& settings,
                                      const base::Call& call) {
    return gate.pass(Site::telegram_set_webhook,
                     [&] { return world.telegram.set_webhook(token, settings, call); });
}

Result<void> GatedBotApi::delete_webhook(const base::Secret& token, const base::Call& call) {
    return gate.pass(Site::telegram_delete_webhook,
                     [&] { return world.telegram.delete_webhook(token, call); });
}

Result<ports::WebhookInfo> GatedBotApi::get_webhook_info(const base::Secret& token,
                                                         const base::Call& call) {
    return gate.pass(Site::telegram_webhook_info,
                     [&] { return world.telegram.get_webhook_info(token, call); });
}

Result<ports::HttpResponse> GatedHttp::send(const ports::HttpRequest& request,
                                            const base::Call& call) {
    world.checks().no_secret(request.url, "a URL");
    return gate.pass(Site::http_send, [&] { return world.http.send(request, call); });
}

Result<ports::ReleaseBundle> GatedBundles::current() {
    return gate.pass(Site::bundles_current, [&] { return world.bundles.current(); });
}

}  // namespace hatchery::simulation
