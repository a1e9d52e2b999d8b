#include <fmt/format.h>

#include "crash_points/crashing_adapters.hpp"
#include "providers/passing_cloud.hpp"

// The cloud, Telegram, HTTP and the bundles: short ports, each passed on as it is.
namespace hatchery::crash_points {

namespace {

class CrashingCloudProvider final : public providers::PassingCloud {
public:
    CrashingCloudProvider(providers::CloudProvider& inner, CrashPoints& points)
        : PassingCloud(inner), points_(points) {}

    base::Result<providers::CloudServer> create_server(const providers::CreateServer& request,
                                                       const base::Call& call) override {
        return around(points_, "cloud.create_server",
                      [&] { return inner_.create_server(request, call); });
    }
    base::Result<std::optional<providers::CloudServer>> find_server(
        const std::string& server_name, const base::Call& call) override {
        points_.pass("cloud.find_server", "before");
        return inner_.find_server(server_name, call);
    }
    base::Result<std::optional<providers::CloudServer>> get_server(
        const std::string& provider_server_id, const base::Call& call) override {
        points_.pass("cloud.get_server", "before");
        return inner_.get_server(provider_server_id, call);
    }
    base::Result<std::vector<providers::CloudServer>> list_servers(
        const std::string& label, const std::string& value, const base::Call& call) override {
        points_.pass("cloud.list_servers", "before");
        return inner_.list_servers(label, value, call);
    }
    base::Result<std::vector<providers::CloudServer>> list_project(
        const base::Call& call) override {
        points_.pass("cloud.list_project", "before");
        return inner_.list_project(call);
    }
    base::Result<std::vector<providers::CloudServer>> look_at(
        const providers::WantedServers& wanted, const base::Call& call) override {
        points_.pass("cloud.look_at", "before");
        return inner_.look_at(wanted, call);
    }
    base::Result<std::vector<core::CloudAction>> actions(std::span<const std::string> ids,
                                                         const base::Call& call) override {
        points_.pass("cloud.actions", "before");
        return inner_.actions(ids, call);
    }
    base::Result<void> keep_guarded(const std::string& installation,
                                    const std::vector<providers::CloudResource>& firewalls,
                                    const base::Call& call) override {
        points_.pass("cloud.keep_guarded", "before");
        return inner_.keep_guarded(installation, firewalls, call);
    }
    base::Result<void> delete_server(const std::string& provider_server_id,
                                     const base::Call& call) override {
        return around(points_, "cloud.delete_server",
                      [&] { return inner_.delete_server(provider_server_id, call); });
    }
    base::Result<void> change_power(const std::string& provider_server_id,
                                    providers::PowerAction action,
                                    const base::Call& call) override {
        return around(points_, "cloud.change_power",
                      [&] { return inner_.change_power(provider_server_id, action, call); });
    }
    base::Result<std::vector<providers::Offer>> offers(const base::Call& call) override {
        points_.pass("cloud.offers", "before");
        return inner_.offers(call);
    }
    base::Result<providers::AccountLimits> limits(const base::Call& call) override {
        points_.pass("cloud.limits", "before");
        return inner_.limits(call);
    }
    base::Result<providers::CloudResource> create_snapshot(const providers::CreateSnapshot& request,
                                                           const base::Call& call) override {
        return around(points_, "cloud.create_snapshot",
                      [&] { return inner_.create_snapshot(request, call); });
    }
    base::Result<providers::CloudResource> create_firewall(const providers::CreateFirewall& request,
                                                           const base::Call& call) override {
        return around(points_, "cloud.create_firewall",
                      [&] { return inner_.create_firewall(request, call); });
    }
    base::Result<void> update_firewall(const std::string& id,
                                       const providers::CreateFirewall& request,
                                       const base::Call& call) override {
        return around(points_, "cloud.update_firewall",
                      [&] { return inner_.update_firewall(id, request, call); });
    }
    base::Result<providers::CloudResource> create_ssh_key(const providers::CreateSshKey& request,
                                                          const base::Call& call) override {
        return around(points_, "cloud.create_ssh_key",
                      [&] { return inner_.create_ssh_key(request, call); });
    }
    base::Result<std::vector<providers::CloudResource>> list_resources(
        providers::ResourceKind kind, const std::string& label, const std::string& value,
        const base::Call& call) override {
        points_.pass("cloud.list_resources", "before");
        return inner_.list_resources(kind, label, value, call);
    }
    base::Result<void> delete_resource(providers::ResourceKind kind, const std::string& id,
                                       const base::Call& call) override {
        return around(points_, "cloud.delete_resource",
                      [&] { return inner_.delete_resource(kind, id, call); });
    }

private:
    CrashPoints& points_;
};

class CrashingBotApi final : public ports::BotApi {
public:
    CrashingBotApi(ports::BotApi& inner, CrashPoints& points) : inner_(inner), points_(points) {}

    base::Result<ports::TelegramBot> get_me(const base::Secret& token,
                                            const base::Call& call) override {
        points_.pass("telegram.get_me", "before");
        return inner_.get_me(token, call);
    }
    base::Result<void> set_webhook(const base::Secret& token,
                                   const ports::WebhookSettings& settings,
                                   const base::Call& call) override {
        return around(points_, "telegram.set_webhook",
                      [&] { return inner_.set_webhook(token, settings, call); });
    }
    base::Result<void> delete_webhook(const base::Secret& token, const base::Call& call) override {
        return around(points_, "telegram.delete_webhook",
                      [&] { return inner_.delete_webhook(token, call); });
    }
    base::Result<ports::WebhookInfo> get_webhook_info(const base::Secret& token,
                                                      const base::Call& call) override {
        points_.pass("telegram.get_webhook_info", "before");
        return inner_.get_webhook_info(token, call);
    }

private:
    ports::BotApi& inner_;
    CrashPoints& points_;
};

/// The path of a URL without secrets; a tunnel's requests have no other name.
std::string path_of(const std::string& url) {
    const auto host = url.find("://");
    const auto path = url.find('/', host == std::string::npos ? 0 : host + 3);
    return path == std::string::npos ? "/" : url.substr(path, url.find('?', path) - path);
}

class CrashingHttpTransport final : public ports::HttpTransport {
public:
    CrashingHttpTransport(ports::HttpTransport& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    base::Result<ports::HttpResponse> send(const ports::HttpRequest& request,
                                           const base::Call& call) override {
        return around(points_, fmt::format("http.send({})", path_of(request.url)),
                      [&] { return inner_.send(request, call); });
    }

private:
    ports::HttpTransport& inner_;
    CrashPoints& points_;
};

class CrashingReleaseBundles final : public ports::ReleaseBundles {
public:
    CrashingReleaseBundles(ports::ReleaseBundles& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    base::Result<ports::ReleaseBundle> current() override {
        points_.pass("bundles.current", "before");
        return inner_.current();
    }

private:
    ports::ReleaseBundles& inner_;
    CrashPoints& points_;
};

}  // namespace

std::unique_ptr<providers::CloudProvider> make_crashing_cloud_provider(
    providers::CloudProvider& inner, CrashPoints& points) {
    return std::make_unique<CrashingCloudProvider>(inner, points);
}

std::unique_ptr<ports::BotApi> make_crashing_bot_api(ports::BotApi& inner, CrashPoints& points) {
    return std::make_unique<CrashingBotApi>(inner, points);
}

std::unique_ptr<ports::HttpTransport> make_crashing_http_transport(ports::HttpTransport& inner,
                                                                   CrashPoints& points) {
    return std::make_unique<CrashingHttpTransport>(inner, points);
}

std::unique_ptr<ports::ReleaseBundles> make_crashing_release_bundles(ports::ReleaseBundles& inner,
                                                                     CrashPoints& points) {
    return std::make_unique<CrashingReleaseBundles>(inner, points);
}

}  // namespace hatchery::crash_points
