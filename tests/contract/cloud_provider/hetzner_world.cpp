#include "base/json_value.hpp"
#include "contract/cloud_provider/sandbox_world.hpp"
#include "providers/hetzner/hetzner_provider.hpp"

namespace hatchery::contract {

namespace {

SandboxCloud hetzner() {
    return {.name = "hetzner",
            .document = "hetzner-cloud",
            .prefix_in_document = "",
            .path_of_servers = "/servers",
            .make = [](const std::string& url, ports::HttpTransport& transport,
                       const base::Clock& clock) {
                return providers::make_hetzner_provider(
                    {.base_url = url, .token = base::Secret("contract-token")}, transport, clock);
            }};
}

class HetznerWorld final : public SandboxWorld {
public:
    explicit HetznerWorld(Route route) : SandboxWorld(hetzner(), route) {}

    providers::CreateServer plain_request(const std::string& name) override {
        return {.name = name,
                .region = "fsn1",
                .type = "cx23",
                .image = "debian-12",
                .labels = {{"installation", "one"}, {"bot", "some-bot"}},
                .user_data = base::Secret("#cloud-config\n")};
    }
    std::string other_region() override { return "nbg1"; }
    std::string currency() override { return "EUR"; }
    int page_size() override { return 50; }
    std::vector<Refusal> refusals() override { return hetzner_refusals(); }
    std::optional<Refusal> fail_next_create_action() override {
        put_faults(R"({"createActionFails":1,"createActionCode":"resource_unavailable"})");
        return Refusal{0, "resource_unavailable", base::ErrorKind::out_of_stock,
                       base::Effect::none};
    }
    std::string add_address(providers::ResourceKind kind,
                            const std::map<std::string, std::string>& labels) override {
        const bool floating = kind == providers::ResourceKind::floating_ip;
        const auto made = post(floating ? "/floating_ips" : "/primary_ips",
                               {{"name", "somebodys-" + std::to_string(++addresses_)},
                                {"type", "ipv4"},
                                {"labels", labels},
                                {floating ? "home_location" : "location", "fsn1"}});
        const auto& address = base::json_member(made, floating ? "floating_ip" : "primary_ip");
        return std::to_string(base::json_int(address, "id"));
    }

private:
    int addresses_ = 0;
};

}  // namespace

std::vector<Refusal> hetzner_refusals() {
    using base::Effect;
    using base::ErrorKind;
    return {{401, "unauthorized", ErrorKind::unauthorized, Effect::none},
            {401, "token_readonly", ErrorKind::unauthorized, Effect::none},
            {403, "forbidden", ErrorKind::unauthorized, Effect::none},
            {403, "resource_limit_exceeded", ErrorKind::quota_exceeded, Effect::none},
            {409, "conflict", ErrorKind::conflict, Effect::none},
            {412, "resource_unavailable", ErrorKind::out_of_stock, Effect::none},
            {422, "placement_error", ErrorKind::out_of_stock, Effect::none},
            {422, "invalid_input", ErrorKind::invalid, Effect::none},
            {423, "locked", ErrorKind::conflict, Effect::none},
            {429, "rate_limit_exceeded", ErrorKind::rate_limited, Effect::none},
            {500, "server_error", ErrorKind::unavailable, Effect::unknown},
            {502, "bad_gateway", ErrorKind::unavailable, Effect::unknown},
            {503, "unavailable", ErrorKind::unavailable, Effect::unknown},
            {504, "timeout", ErrorKind::timeout, Effect::unknown}};
}

std::unique_ptr<CloudWorld> make_hetzner_world(Route route) {
    return std::make_unique<HetznerWorld>(route);
}

}  // namespace hatchery::contract
